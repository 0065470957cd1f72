"""Write TIFFs with the tags, the segments and the compression of those that they were read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.file_repair.writers.tiff_template import TiffTemplate, read_template
from iou_doctor.safety.atomic_files import sync
from iou_doctor.sources.files.extras import import_extra

_MOST_CLASSIC_BYTES = 1 << 31
"""The pixels from which on a file gets offsets of 64 bits."""
_PALETTE, _RGB, _GREY = 3, 2, 1
_SHAPE_OF = '{{"shape": [{}]}}'
"""The description by which tifffile knows the shape of an array of pages."""


def write(path: Path, arrays: Sequence[OutputArray]) -> list[str]:
    """Write an array of pages to a new file, page by page.

    Raises:
        OSError: the file cannot be written.
    """
    (array,) = arrays
    shape = tuple(length or 0 for length in array.shape)
    template = read_template(array.templates[0])
    return write_pages(path, array.convert_batches(), shape, template, array.keeps_values)


def save_tiff(path: Path, sample: StoredArray, template: str, *, keeps_values: bool) -> list[str]:
    """Write one image, or one stack of them, to a new file.

    Raises:
        OSError: the file cannot be written.
    """
    return write_pages(path, [sample], sample.shape, read_template(template), keeps_values)


def write_pages(
    path: Path,
    parts: Iterable[StoredArray],
    shape: tuple[int, ...],
    template: TiffTemplate,
    keeps_values: bool,
) -> list[str]:
    """Write the pages of an array, which comes in parts along its first axis.

    Returns:
        What the copy lacks, in words.
    """
    library = import_extra(str(path), "tifffile", extra="tiff", what="a TIFF", instead="save .npy")
    letters = template.find_page_axes(shape)
    pages = _iterate_pages(parts, shape[len(shape) - len(letters) :])
    first = next(pages)
    palette = keeps_values and template.colormap is not None and first.dtype.kind == "u"
    how = _describe_page(template, letters, first, palette=palette)
    extra = _describe_first_page(template, shape, first, pages=len(shape) > len(letters))
    is_big = template.is_bigtiff or first.dtype.itemsize * np.prod(shape) > _MOST_CLASSIC_BYTES
    order = ">" if template.is_big_endian else "<"
    with (
        path.open("xb") as stream,
        library.TiffWriter(stream, bigtiff=bool(is_big), byteorder=order) as writer,
    ):
        writer.write(first, **how, **extra)
        for page in pages:
            writer.write(page, **how)
    sync(path)
    return list(template.list_unkept(shape, first.dtype.name, palette=palette))


def _iterate_pages(parts: Iterable[StoredArray], shape: tuple[int, ...]) -> Iterator[StoredArray]:
    for part in parts:
        values = part.astype(np.uint8) if part.dtype == np.bool_ else part
        yield from values.reshape(-1, *shape)


def _describe_page(
    template: TiffTemplate, letters: str, page: StoredArray, *, palette: bool
) -> dict[str, Any]:
    """Return how each page is stored."""
    is_rgb = template.photometric == _RGB and letters != "YX" and page.dtype == np.uint8
    bands = page.shape[letters.index("S")] if "S" in letters else 1
    photometric = _PALETTE if palette else _RGB if is_rgb and bands in (3, 4) else _GREY
    how: dict[str, Any] = {
        "photometric": photometric,
        "compression": template.choose_compression(),
        "metadata": None,
        "software": False,
        **template.options,
        **template.resolution,
    }
    if "S" in letters:
        how["planarconfig"] = "separate" if letters == "SYX" else "contig"
    if palette:
        how["colormap"] = template.colormap
    if page.dtype.kind == "f" and page.dtype.itemsize == 2:
        how.pop("predictor", None)
    return how


def _describe_first_page(
    template: TiffTemplate, shape: tuple[int, ...], page: StoredArray, *, pages: bool
) -> dict[str, Any]:
    """Return what is written once: the tags, and a description that is true of the copy."""
    is_true = (shape, page.dtype.name) == (template.shape, template.dtype)
    description = template.description if is_true or not template.is_structured else ""
    if pages and not (template.is_structured and is_true):
        description = _SHAPE_OF.format(", ".join(map(str, shape)))
    return {
        "extratags": template.choose_tags(shape),
        "description": description.encode() if description else None,
    }

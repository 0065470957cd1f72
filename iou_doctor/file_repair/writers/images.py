"""Write label maps as images: TIFFs as TIFFs, and others as PNGs, grey or in colours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.file_repair.writers.samples import write_samples
from iou_doctor.file_repair.writers.suffixes import TIFF_SUFFIXES, is_written_as_tiff
from iou_doctor.safety.atomic_files import sync
from iou_doctor.sources.files.file_types import get_suffix

MOST_PNG_CHANNELS = 4
"""Channels that a PNG can hold: red, green, blue and opacity."""


def write(path: Path, arrays: Sequence[OutputArray]) -> list[str]:
    """Write a new folder with one image for each sample, or one image if there are no stems.

    Raises:
        OutputError: a PNG cannot hold the values.
        OSError: a file cannot be written.
    """
    (array,) = arrays
    save = partial(_save, keeps_values=array.keeps_values)
    return write_samples(path, array, save, format_name="images")


def _save(path: Path, image: StoredArray, template: str, *, keeps_values: bool) -> Sequence[str]:
    if is_written_as_tiff(template):
        from iou_doctor.file_repair.writers.tiff import save_tiff

        return save_tiff(path, image, template, keeps_values=keeps_values)
    _check_type(image)
    pixels = _convert_image(image)
    with path.open("xb") as stream:
        Image.fromarray(pixels).save(stream, format="PNG")
    sync(path)
    if get_suffix(template).lower() in TIFF_SUFFIXES:
        return ('a TIFF becomes a PNG; `pip install "iou-doctor[tiff]"` keeps its tags',)
    return ()


def _check_type(image: StoredArray) -> None:
    channels = image.shape[2] if image.ndim > 2 else 1
    if image.dtype.kind == "f":
        raise OutputError(
            f"a PNG holds integers, but the repaired array is {image.dtype}; save the input as"
            " .npy first"
        )
    if channels > MOST_PNG_CHANNELS:
        raise OutputError(
            f"a PNG cannot hold {channels} channels for each pixel; save the input as .npy first"
        )


def _convert_image(image: StoredArray) -> NDArray[np.unsignedinteger]:
    """Return an image with as many bits as its dtype needs, the same for a whole folder."""
    bits = 8 if image.dtype.itemsize == 1 or image.ndim > 2 else 16
    low, high = int(image.min()), int(image.max())
    if low < 0 or high >= 2**bits:
        raise OutputError(
            f"a PNG with {bits} bits cannot hold values from {low} to {high}; save the input as"
            " .npy first"
        )
    return image.astype(np.uint8 if bits == 8 else np.uint16)

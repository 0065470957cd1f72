"""The suffixes of the copies of files that hold one sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec

from iou_doctor.sources.files.file_types import get_suffix

TIFF_SUFFIXES = (".tif", ".tiff")


def _choose_image_suffix(template: str) -> str:
    return get_suffix(template) if is_written_as_tiff(template) else ".png"


_CHOICES: Mapping[str, Callable[[str], str]] = {
    "images": _choose_image_suffix,
    "tiff": get_suffix,
    "nifti": get_suffix,
    "nrrd": lambda _: ".nrrd",
    "mha": lambda _: ".mha",
    "npy": lambda _: ".npy",
}


def choose_suffix(format_name: str, template: str) -> str | None:
    """Return the suffix of the copy of a file; `None` for a format that keeps the name.

    Args:
        format_name: `Source.format` of the copy.
        template: the file that is copied.
    """
    choose = _CHOICES.get(format_name)
    return None if choose is None else choose(template)


def is_written_as_tiff(template: str) -> bool:
    """Return whether the copy of an image is a TIFF, for which tifffile is needed."""
    is_tiff = get_suffix(template).lower() in TIFF_SUFFIXES
    return is_tiff and find_spec("tifffile") is not None

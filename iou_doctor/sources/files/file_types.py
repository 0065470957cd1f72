"""The suffixes and first bytes by which files are recognised."""

from __future__ import annotations

import os
from types import MappingProxyType

IMAGE_SUFFIXES = (
    *(".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg"),
    *(".gif", ".webp", ".jp2", ".pgm", ".ppm", ".pbm", ".pnm"),
)
ZARR_FILES = ("zarr.json", ".zarray", ".zgroup")
"""The files by which a Zarr folder is recognised: of version 3, and of version 2."""
NPY_MAGIC = b"\x93NUMPY"
ZIP_MAGIC = b"PK\x03\x04"
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_WORDS = MappingProxyType(
    {
        NPY_MAGIC: "a .npy file",
        ZIP_MAGIC: "a zip (.npz) file",
        HDF5_MAGIC: "an HDF5 file",
        b"\x89PNG": "a PNG image",
        b"\xff\xd8\xff": "a JPEG image",
        b"GIF8": "a GIF image",
        b"\x1f\x8b": "a gzip file",
        b"\x80": "a pickle",
    }
)
"""What a file with these first bytes is, for messages about a file of another format."""


def describe_head(head: bytes) -> str:
    """Return what a file that begins with `head` looks like, in words."""
    for magic, words in _WORDS.items():
        if head.startswith(magic):
            return f"it begins like {words}"
    return f"it begins with {head[:6]!r}"


def get_suffix(path: str) -> str:
    """Return the suffix of a path as it is written, with both parts of `.nii.gz`."""
    stem, suffix = os.path.splitext(path)  # noqa: PTH122 - a Path is too slow for 100,000 names
    if suffix.lower() == ".gz":
        return os.path.splitext(stem)[1] + suffix  # noqa: PTH122
    return suffix

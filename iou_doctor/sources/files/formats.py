"""Which formats there are, and how a file of each begins."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg")

SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        ".npy": "npy",
        ".npz": "npz",
        ".h5": "hdf5",
        ".hdf5": "hdf5",
        **dict.fromkeys(IMAGE_SUFFIXES, "images"),
    }
)

MAGICS: Mapping[bytes, str] = MappingProxyType(
    {b"\x93NUMPY": "npy", b"PK\x03\x04": "npz", b"\x89HDF\r\n\x1a\n": "hdf5"}
)

SUPPORTED = (
    ".npy, .npz, .h5 and .hdf5 files, .png, .tif, .bmp and .jpg images, and folders of images work"
)

_NOT_ARRAYS = MappingProxyType(
    {
        b"\x89PNG": "a PNG image",
        b"\xff\xd8\xff": "a JPEG image",
        b"\x1f\x8b": "a gzip file",
        b"\x80": "a pickle",
    }
)
_NAMES = MappingProxyType(
    {"npy": "a .npy file", "npz": "a zip (.npz) file", "hdf5": "an HDF5 file"}
)


def sniffed(head: bytes) -> str | None:
    """Return the format that begins like `head`, or `None`."""
    return next((name for magic, name in MAGICS.items() if head.startswith(magic)), None)


def likeness(head: bytes) -> str:
    """Return what a file that begins like `head` looks like, in words."""
    known = sniffed(head)
    if known:
        return f"it begins like {_NAMES[known]}"
    for magic, words in _NOT_ARRAYS.items():
        if head.startswith(magic):
            return f"it begins like {words}"
    return f"it begins with {head[:6]!r}"

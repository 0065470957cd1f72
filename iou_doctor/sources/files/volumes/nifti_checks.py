"""Finds damage in the header of a NIfTI file that nibabel would refuse when it loads the file."""

from __future__ import annotations

import logging
from typing import Any

_REFUSED_LEVEL = 40
"""The gravity from which on nibabel refuses what it finds."""
_SILENT = logging.Logger("iou_doctor.nifti", logging.CRITICAL + 1)
"""nibabel prints what it only mends."""
_SMALLEST_EXTENSION, _FEWEST_BYTES = 8, 16
"""The bytes of an empty extension, and those in front of the voxels that may be one."""


def check_header(header: Any, start: bytes) -> None:
    """Raise an error for a header that nibabel does not load, and mend the rest as nibabel does.

    Args:
        header: the header of nibabel, unchecked.
        start: its bytes.

    Raises:
        ValueError: it is damaged; or a `HeaderDataError` of nibabel.
    """
    if not header.may_contain_header(start):
        raise ValueError("it has no magic word of NIfTI")
    header.check_fix(_SILENT, _REFUSED_LEVEL)
    if header.get_data_offset() <= header.sizeof_hdr:
        raise ValueError("the voxels begin in the header")


def check_extensions(content: bytes, order: str) -> None:
    """Raise an error if what lies between the header and the voxels is no list of extensions.

    Args:
        content: the bytes from the four on that say whether there are extensions.
        order: `<` or `>`, the byte order of the file.

    Raises:
        ValueError: an extension is longer than its place.
    """
    if content[:1] in {b"", b"\0"}:
        return
    place = 4
    while len(content) - place >= _FEWEST_BYTES:
        word = content[place : place + 4]
        size = int.from_bytes(word, "little" if order == "<" else "big", signed=True)
        if not _SMALLEST_EXTENSION <= size <= len(content) - place:
            raise ValueError("an extension of the header is cut off")
        place += size

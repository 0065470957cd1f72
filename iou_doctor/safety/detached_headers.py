"""The file with the voxels that a header of a volume names, which is read like the header."""

from __future__ import annotations

import re
from pathlib import Path

HEADER_SUFFIXES = (".nhdr", ".mhd", ".nrrd", ".mha")
"""The suffixes of files that may be nothing but a header, in lower case."""
_MOST_HEADER_BYTES = 1 << 20
_DATA_FILE = rb"(?m)^(?:data ?file: *|ElementDataFile *= *)(\S[^\r\n]*)"


def find_data_file_of(header: Path) -> Path | None:
    """Return the file that a header names for its voxels; `None` if it names none.

    Raises:
        OSError: the header cannot be read.
    """
    if header.suffix.lower() not in HEADER_SUFFIXES or not header.is_file():
        return None
    with header.open("rb") as stream:
        found = re.search(_DATA_FILE, stream.read(_MOST_HEADER_BYTES))
    name = found[1].decode("utf-8", "surrogateescape").strip() if found else "LOCAL"
    return None if name == "LOCAL" else header.parent / name

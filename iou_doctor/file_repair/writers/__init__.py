"""Arrays -> files: one file a format, named like it, with `write(path, outputs)`.

A format's library is imported when a file of it is written.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers._destinations import Destination, destinations
from iou_doctor.file_repair.writers._output import Output

__all__ = ["Destination", "Output", "destinations", "write"]


def write(path: Path, outputs: Sequence[Output], *, format: str, shown: str) -> None:  # noqa: A002
    """Write arrays to a new file or folder, batch by batch.

    Args:
        path: where; nothing is there yet.
        outputs: what; several only where a file can hold several arrays.
        format: as in `Source.format`.
        shown: the place to name in errors.

    Raises:
        OutputError: the disk is full, the place may not be written, or the values do not fit.
    """
    module = importlib.import_module(f"{__name__}.{format}")
    try:
        module.write(path, outputs)
    except OSError as error:
        raise OutputError(f"cannot write `{shown}`: {error.strerror or error}") from error

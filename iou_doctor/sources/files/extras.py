"""Imports a library of an extra, or says how to install it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from iou_doctor.sources.source_errors import source_error


def import_extra(path: str, library: str, *, extra: str, what: str, instead: str) -> ModuleType:
    """Return a library that only some installations have.

    Args:
        path: the file that needs it.
        library: the module.
        extra: the extra of iou-doctor that installs it.
        what: what the file is.
        instead: what works without the library.

    Raises:
        SourceError: it is not installed.
    """
    try:
        return import_module(library)
    except ImportError as error:
        raise source_error(
            path, f'it is {what}; `pip install "iou-doctor[{extra}]"` reads it, or {instead}'
        ) from error

"""Text files that list arrays: a prediction and its mask on each line, or one file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.safety.listed_files import LARGEST_LIST, LIST_SUFFIXES, read_rows
from iou_doctor.sources.files.file_status import get_file_status
from iou_doctor.sources.files.file_types import get_suffix
from iou_doctor.sources.files.folders.file_list import FileList, ListedFile
from iou_doctor.sources.files.formats import find_format_by_suffix
from iou_doctor.sources.source_errors import source_error, translate_errors

_PREDICTION_WORDS = ("pred", "output", "result")
_MASK_WORDS = ("mask", "label", "truth", "gt", "target", "annotation")
"""What the columns of masks are called in a header."""


@record
class _Table:
    """The paths of a list."""

    rows: tuple[tuple[str, ...], ...]
    header: tuple[str, ...]
    """What the columns are called, in lower case; empty without a header."""

    def choose_column(self, path: str, *, masks: bool) -> int:
        """Return the column of predictions or of masks.

        Raises:
            SourceError: it is not clear which column is meant.
        """
        count = len(self.rows[0])
        if count == 1:
            return 0
        words = _MASK_WORDS if masks else _PREDICTION_WORDS
        named = [i for i, name in enumerate(self.header) if any(word in name for word in words)]
        if len(named) == 1:
            return named[0]
        if count == 2 and not self.header:
            return int(masks)
        raise source_error(
            path,
            f"it has {count} columns; list a prediction and its mask on each line, or name the"
            " columns `prediction` and `mask` in the first line",
        )


def is_list(path: str) -> bool:
    """Return whether a text file lists arrays, of which the first exists.

    Raises:
        SourceError: it cannot be read.
    """
    if get_suffix(path).lower() not in LIST_SUFFIXES:
        return False
    table = _read_table(path, most_lines=3)
    return bool(table.rows) and all(map(_is_array, table.rows[0]))


def list_files(path: str, *, masks: bool) -> FileList:
    """Return the files of a list in its order.

    Args:
        path: the list; its entries are relative to its folder.
        masks: whether to return the masks of a list of pairs, and not the predictions.

    Raises:
        SourceError: a line is not like the first one, or names no array.
    """
    table = _read_table(path)
    column = table.choose_column(path, masks=masks)
    entries = [row[column] for row in table.rows]
    chosen = find_format_by_suffix(entries[0])
    for entry in entries:
        if find_format_by_suffix(entry) is not chosen or chosen is None:
            raise source_error(path, f"`{entry}` is not a file like `{entries[0]}`; list one kind")
    folder = os.path.dirname(path)  # noqa: PTH120 - a Path is slow for many files
    with translate_errors(path, OSError, ValueError, why="check the names that it lists"):
        files = [_locate(folder, entry) for entry in entries]
    names = _name_files(files)
    return FileList(chosen, tuple(map(ListedFile, files, names)))  # type: ignore[arg-type]


def _read_table(path: str, most_lines: int | None = None) -> _Table:
    rows: list[tuple[str, ...]] = []
    header: tuple[str, ...] = ()
    with (
        translate_errors(path, OSError, why="check that you may read the file"),
        translate_errors(path, UnicodeDecodeError, why="a list of files is UTF-8 text"),
    ):
        if Path(path).stat().st_size > LARGEST_LIST:
            raise source_error(path, "it is too large for a list of files; give a folder")
        for number, row in enumerate(read_rows(Path(path))):
            if not row:
                continue
            if not rows and not header and not any(map(_is_array, row)):
                header = tuple(word.lower() for word in row)
                continue
            if rows and len(row) != len(rows[0]):
                raise _row_error(path, number + 1, len(row), len(rows[0]))
            rows.append(row)
            if len(rows) == most_lines:
                break
    return _Table(tuple(rows), header if len(header) == len(rows[0] if rows else ()) else ())


def _row_error(path: str, number: int, found: int, wanted: int) -> SourceError:
    return source_error(
        path, f"line {number:,} has {found} entries and the first one {wanted}; list alike lines"
    )


def _is_array(entry: str) -> bool:
    return find_format_by_suffix(entry) is not None


def _locate(folder: str, entry: str) -> str:
    """Return the path of an entry, which is relative to the folder of the list.

    Raises:
        SourceError: there is no such file.
    """
    inside = os.path.join(folder, entry)  # noqa: PTH118
    if os.path.exists(inside):  # noqa: PTH110
        return inside
    if not os.path.exists(entry):  # noqa: PTH110
        get_file_status(inside)  # which says what is missing
    return entry


def _name_files(files: Sequence[str]) -> list[str]:
    """Return the paths below the folder that all files share, without suffixes, each once."""
    paths = [os.path.abspath(file) for file in files]  # noqa: PTH100
    root = os.path.commonpath({os.path.dirname(path) for path in paths})  # noqa: PTH120
    start = len(os.path.join(root, ""))  # noqa: PTH118
    stems = [path[start:].removesuffix(get_suffix(path)).replace(os.sep, "/") for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    return [f"{number}_{stem}" for number, stem in enumerate(stems)]

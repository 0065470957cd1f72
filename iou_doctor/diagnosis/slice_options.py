"""Parse what `--slice` and `slices=` say, and read the table of a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path

from iou_doctor.diagnosis.slicing import SliceRequest
from iou_doctor.errors import UsageError
from iou_doctor.safety.safe_text import escape_name
from iou_doctor.safety.text_files import read_text

DELIMITERS = ",;\t"


def parse_slices(words: Sequence[str], *, option: str) -> tuple[SliceRequest, ...]:
    """Return what `folder`, `size` and `COLUMN@FILE.csv` ask for.

    Args:
        words: what the user wrote.
        option: the name of the option as the user writes it.

    Raises:
        UsageError: a word has another form, or its file or column cannot be read.
    """
    return tuple(_parse(word, f"{option} {escape_name(word)}") for word in words)


def _parse(word: str, option: str) -> SliceRequest:
    if word == "folder":
        return SliceRequest("folder", "folder", option)
    if word == "size":
        return SliceRequest("size", "size", option)
    column, at, file = word.partition("@")
    if not (at and column and file):
        raise UsageError(
            f"{option}: give folder, size, or COLUMN@FILE.csv, weather@meta.csv for instance"
        )
    return SliceRequest(column, "names", option, named=_read_column(column, file, option))


def build_request(
    by: str, values: Mapping[str, object] | Sequence[object], *, option: str
) -> SliceRequest:
    """Return a request for values that a Python user gives, by name or in the order of samples."""
    if isinstance(values, Mapping):
        named = {str(name): str(value) for name, value in values.items()}
        return SliceRequest(by, "names", option, named=named)
    return SliceRequest(by, "order", option, ordered=tuple(map(str, values)))


def _read_column(column: str, file: str, option: str) -> dict[str, str]:
    """Return the values of a column by those of the first one."""
    try:
        text = read_text(Path(file))
    except OSError as error:
        raise UsageError(f"{option}: the file cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{option}: the file is no text in UTF-8") from error
    text = text.removeprefix("\ufeff")
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    rows = filter(None, csv.reader(StringIO(text, newline=""), delimiter=delimiter))
    try:
        names = [name.strip() for name in next(rows, [])]
        if column not in names[1:]:
            known = ", ".join(escape_name(name) for name in names[1:]) or "none"
            raise UsageError(
                f"{option}: there is no such column; after the names of the samples, the file has"
                f" {known}"
            )
        return _collect(rows, names.index(column, 1), option)
    except csv.Error as error:
        raise UsageError(f"{option}: the file is no CSV: {error}") from error


def _collect(rows: Iterable[Sequence[str]], place: int, option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows:
        name, value = row[0].strip(), row[place].strip() if place < len(row) else ""
        if found.setdefault(name, value) != value:
            raise UsageError(
                f"{option}: `{escape_name(name)}` has two values; keep one row for each sample"
            )
    return {name: value for name, value in found.items() if value}

"""What is known of each check of `check --all`, in a form that one process can tell another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from iou_doctor.errors import IouDoctorError
from iou_doctor.safety.safe_text import escape_line

CHECKED = "checked"
"""The file with the checks that an earlier process has done, or died of."""


class SummaryRow(NamedTuple):
    """A line of the table that stands below several checks."""

    name: str
    scores: tuple[str, ...] | None
    """As the table shows them; `None` if there is no report."""
    cause: str
    """Why the check failed, or what its finding is."""
    failed: bool


class Checked(NamedTuple):
    """The result of one check."""

    name: str
    code: int
    """The exit code that it would have alone."""
    error: str | None = None
    """Why there is no report."""
    row: SummaryRow | None = None
    """Its line, if a table is printed."""
    report: object = None
    """The report as `json.loads` returns it, if one document of all reports is printed."""


def build_checked(parts: Sequence[object]) -> Checked:
    """Return a result that was sent as JSON."""
    result = Checked(*parts)  # type: ignore[arg-type]  # both sides are this class
    return result if result.row is None else result._replace(row=SummaryRow(*result.row))


def write_checked(folder: Path, results: Sequence[Checked]) -> None:
    """Leave results in a folder for the next process."""
    (folder / CHECKED).write_text(json.dumps(results), encoding="ascii")


def read_checked(folder: Path) -> list[Checked]:
    """Return the results in a folder; none if nobody has left any."""
    try:
        text = (folder / CHECKED).read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    return [build_checked(parts) for parts in json.loads(text)]


def describe_error(name: str, error: IouDoctorError) -> str:
    """Return the line about one of several checks that has no report."""
    return escape_line(f"iou-doctor: error: {name}: {error}")

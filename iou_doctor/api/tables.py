"""The tables of a report as arrays, and its files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import OutputError, UsageError
from iou_doctor.report.report import Report
from iou_doctor.safety.atomic_files import stage


def build_confusion(report: Report) -> NDArray[np.int64] | None:
    """Return the confusion matrix of a report, shape (classes, classes); `None` without pairs."""
    pairs, reading = report.label_pairs, report.reading
    if pairs is None or report.score is None or reading.is_multilabel:
        return None
    if reading.ignore_index is not None:
        pairs = pairs.drop_truth(reading.ignore_index)
    classes = reading.num_classes
    inside = [(labels >= 0) & (labels < classes) for labels in (pairs.truth, pairs.prediction)]
    pairs = pairs.keep_rows(inside[0] & inside[1])
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (pairs.truth, pairs.prediction), pairs.count)
    return matrix


def build_class_table(report: Report) -> NDArray[np.void] | None:
    """Return a structured array with a row for each class; `None` without a score."""
    if report.score is None:
        return None
    names = report.reading.class_names
    rows = [
        (
            entry.id,
            names[entry.id] if entry.id < len(names) else str(entry.id),
            np.nan if entry.iou is None else entry.iou,
            np.nan if entry.dice is None else entry.dice,
            entry.truth_pixels,
            entry.predicted_pixels,
            entry.intersection,
            *_get_bounds(report, entry.id),
        )
        for entry in report.score.per_class
    ]
    longest = max((len(row[1]) for row in rows), default=1)
    return np.array(
        rows,
        dtype=[
            ("id", np.int64),
            ("name", f"U{longest}"),
            ("iou", np.float64),
            ("dice", np.float64),
            ("truth_pixels", np.int64),
            ("predicted_pixels", np.int64),
            ("intersection", np.int64),
            ("low", np.float64),
            ("high", np.float64),
        ],
    )


def _get_bounds(report: Report, class_id: int) -> tuple[float, float]:
    """Return the bounds of the interval of a class in the arrays as they are, or NaN."""
    interval = report.class_intervals.get(class_id) if report.ledger_as_stored else None
    return (np.nan, np.nan) if interval is None else (interval.low, interval.high)


def write_text(
    path: str | os.PathLike[str], formats: Mapping[str, str], render: Callable[[str], str]
) -> None:
    """Write a text to a file, or leave the file as it was.

    Args:
        path: the file.
        formats: the name of a format by the suffix of the file.
        render: returns the text in a format.

    Raises:
        UsageError: the suffix is none of them.
        OutputError: the file cannot be written.
    """
    target = Path(path)
    name = formats.get(target.suffix.lower())
    if name is None:
        *most, last = formats
        raise UsageError(f"save({target.name!r}): the name ends in {', '.join(most)} or {last}")
    text = render(name)
    try:
        with stage([target], overwrite=True) as parts:
            parts[target].write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error

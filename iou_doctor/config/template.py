"""The configuration that `init` writes: a few keys, each with its reason."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from iou_doctor.arrays.expected import summarize_interpretation
from iou_doctor.arrays.interpretation import Options
from iou_doctor.report.report import Report

HEAD = """\
# How `iou-doctor check` reads these arrays; a flag stands before a line of this file.
"""
EXPECT = """
# What the arrays were read as. Nothing is forced: a run that reads them otherwise reports IOU109.
[expect]
"""
PROJECT_FILE = "pyproject.toml"


def folder_of(output: Path) -> Path:
    """Return the folder that paths in the file are relative to; the current one for stdout."""
    return Path() if str(output) == "-" else output.parent


def configuration_text(
    report: Report, options: Options, *, metric: str | None, folder: Path
) -> str:
    """Return the TOML text that freezes the reading of a report.

    Args:
        report: the first check of the arrays.
        options: what the user said for it.
        metric: the metric's call, if the user gave one.
        folder: the file's folder.
    """
    lines = [
        _line("predictions", _relative(report.predictions.path, folder)),
        _line("masks", _relative(report.masks.path, folder)),
        *_reading(report),
        *(_line(key, value) for key, value in _said(options, metric) if value is not None),
    ]
    values = summarize_interpretation(report.reading)
    expected = [
        _line(field.replace(".", "-").replace("_", "-"), value)
        for field, value in values.items()
        if "." in field and value is not None
    ]
    return HEAD + "".join(lines) + EXPECT + "".join(expected)


def _reading(report: Report) -> Iterator[str]:
    why = {guess.field: guess.why for guess in report.reading.assumed}
    yield _line("num-classes", report.reading.num_classes, why.get("num_classes"))
    if report.reading.ignore_index is not None:
        yield _line("ignore-index", report.reading.ignore_index)
    elif (void := _void_label(report)) is not None:
        yield _line("ignore-index", void, "the masks hold it, and it usually means void (IOU406)")


def _void_label(report: Report) -> int | None:
    """Return the ignore label that a finding proposes."""
    labels = (f.repair.ignore_index for f in report.findings if f.repair)
    return next((label for label in labels if label is not None), None)


def _said(options: Options, metric: str | None) -> list[tuple[str, str | float | None]]:
    return [("metric", metric), ("layout", options.layout), ("threshold", options.threshold)]


def _relative(path: str, folder: Path) -> str:
    """Return a path as seen from the file; an absolute one stays."""
    return path if Path(path).is_absolute() else Path(os.path.relpath(path, folder)).as_posix()


def _line(key: str, value: str | float, why: str | None = None) -> str:
    # TOML's basic strings and numbers are those of JSON, but for DEL
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{key} = {text}{f'  # {why}' if why else ''}\n"

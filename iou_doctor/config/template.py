"""Render the configuration file that `iou-doctor init` writes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from iou_doctor.arrays.expected import summarize_interpretation
from iou_doctor.arrays.interpretation import Options
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import escape_json
from iou_doctor.sources.files.remote.address import is_remote

HEAD = """\
# Options of `iou-doctor check`; those on the command line take precedence.
"""
EXPECT = """
# How the arrays are expected to be interpreted. Nothing is forced; a difference is IOU109.
[expect]
"""


def choose_folder(output: Path) -> Path:
    """Return the folder that paths in the file are relative to.

    Args:
        output: the file to write; `-` is stdout, whose paths are relative to the working directory.
    """
    return Path() if str(output) == "-" else output.parent


def render_configuration(
    report: Report, options: Options, *, metric: str | None, folder: Path
) -> str:
    """Return a configuration as TOML that expects the interpretation of a report.

    Args:
        report: the first check of the arrays.
        options: the options of that check.
        metric: the call of the metric, if the user named one.
        folder: the folder of the configuration file.
    """
    stated = {"metric": metric, "layout": options.layout, "threshold": options.threshold}
    lines = [
        _format_line("predictions", _rebase(report.predictions.path, folder)),
        _format_line("masks", _rebase(report.masks.path, folder)),
        *_list_label_lines(report),
        *(_format_line(key, value) for key, value in stated.items() if value is not None),
    ]
    values = summarize_interpretation(report.reading)
    expected = [
        _format_line(field.replace(".", "-").replace("_", "-"), value)
        for field, value in values.items()
        if "." in field and value is not None
    ]
    return HEAD + "".join(lines) + EXPECT + "".join(expected)


def _list_label_lines(report: Report) -> Iterator[str]:
    """Yield the lines for the number of classes and the ignore label."""
    why = {guess.field: guess.why for guess in report.reading.assumed}
    yield _format_line("num-classes", report.reading.num_classes, why.get("num_classes"))
    if report.reading.ignore_index is not None:
        yield _format_line("ignore-index", report.reading.ignore_index)
    elif (void := _find_void_label(report)) is not None:
        yield _format_line(
            "ignore-index", void, "the masks hold it, and it usually means void (IOU406)"
        )


def _find_void_label(report: Report) -> int | None:
    """Return the ignore label that a finding proposes, or `None`."""
    labels = (f.repair.ignore_index for f in report.findings if f.repair)
    return next((label for label in labels if label is not None), None)


def _rebase(path: str, folder: Path) -> str:
    """Return a path relative to the folder of the file; an absolute one and an address stay."""
    if is_remote(path):
        return path
    return path if Path(path).is_absolute() else Path(os.path.relpath(path, folder)).as_posix()


def _format_line(key: str, value: str | float, why: str | None = None) -> str:
    # strings and numbers of JSON are valid TOML, if DEL is escaped as well
    text = json.dumps(value, ensure_ascii=False)
    return escape_json(f"{key} = {text}{f'  # {why}' if why else ''}") + "\n"

"""The baseline: what an earlier report said, to compare this one with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iou_doctor.errors import UsageError

SCHEMA_VERSION = 1
MAX_DROP = 0.01
"""The drop that is allowed by default: a point, which two trainings of one model differ by."""


@dataclass(frozen=True)
class BaselineInput:
    """How one of the two arrays was read."""

    encoding: str
    class_axis: int | None
    """Counted from the end, -1 for the last one: a missing sample axis does not move it."""


@dataclass(frozen=True)
class Baseline:
    """The numbers and the reading of an earlier report."""

    path: str
    num_classes: int
    ignore_index: int | None
    predictions: BaselineInput
    masks: BaselineInput
    mean_iou: float | None
    class_iou: Mapping[int, float | None]
    """Class id to IoU; `None` for a class that was absent."""
    max_drop: float = MAX_DROP
    """By how much a score may fall below it."""


def load_baseline(path: str, *, max_drop: float = MAX_DROP) -> Baseline:
    """Return the baseline in a JSON report that iou-doctor wrote.

    Args:
        path: the report.
        max_drop: by how much a score may fall.

    Raises:
        UsageError: there is no such report, or the drop is no share of one.
    """
    if not 0 <= max_drop <= 1:
        raise UsageError(f"--max-drop {max_drop:g}: a drop of the IoU lies between 0 and 1")
    document = _document(path)
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise _unfit(path, f"has schema_version {version!r}, not {SCHEMA_VERSION}")
    try:
        return _baseline(path, document, max_drop)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unfit(path, "is no report of iou-doctor") from error


def _document(path: str) -> dict[str, Any]:
    import json

    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise _unfit(path, f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise _unfit(path, "is no JSON") from error
    if not isinstance(document, dict):
        raise _unfit(path, "is no report of iou-doctor")
    return document


def _baseline(path: str, document: dict[str, Any], max_drop: float) -> Baseline:
    if document["tool"]["name"] != "iou-doctor":
        raise ValueError("a report of another tool")
    reading, scores = document["reading"], document["scores"]
    ignore_index = reading["ignore_index"]
    return Baseline(
        path=path,
        num_classes=int(reading["num_classes"]),
        ignore_index=None if ignore_index is None else int(ignore_index),
        predictions=_input(document["inputs"]["predictions"]),
        masks=_input(document["inputs"]["masks"]),
        mean_iou=_score(scores["mean_iou"]),
        class_iou={int(entry["id"]): _score(entry["iou"]) for entry in scores["per_class"]},
        max_drop=max_drop,
    )


def _input(array: dict[str, Any]) -> BaselineInput:
    axis = array["class_axis"]
    return BaselineInput(
        encoding=str(array["encoding"]),
        class_axis=None if axis is None else int(axis) - len(array["shape"]),
    )


def _score(value: Any) -> float | None:
    return None if value is None else float(value)


def _unfit(path: str, why: str) -> UsageError:
    return UsageError(
        f"--baseline {path} {why}; write one with `iou-doctor check PREDICTIONS MASKS"
        " --output-format json --output BASELINE.json`"
    )

"""The baseline: what an earlier report said, to compare this one with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iou_doctor.arrays.expected import ExpectedInterpretation
from iou_doctor.errors import UsageError
from iou_doctor.record import record

SCHEMA_VERSION = 1
MAX_DROP = 0.01
"""The drop that is allowed by default: a point, which two trainings of one model differ by."""


@record
class BaselineInput:
    """How one of the two arrays was read."""

    encoding: str
    class_axis: int | None
    """Counted from the end, -1 for the last one: a missing sample axis does not move it."""


@record
class DataSet:
    """The masks, which make the data set: predictions change from run to run."""

    path: str
    shape: tuple[int | None, ...]
    """Without the class axis; `None` where images differ in size."""
    truth_pixels: Mapping[int, int]
    """Class id to pixels; empty before they were counted."""

    @property
    def _pixels(self) -> int:
        return math.prod(size or 0 for size in self.shape)

    def difference(self, other: DataSet) -> str | None:
        """Return how the other masks differ for certain, in words; `None` where they may not.

        As many pixels in another order (height and width swapped, flattened) are no difference.
        """
        if None in self.shape or None in other.shape:
            same = len(self.shape) != len(other.shape) or self.shape[:1] == other.shape[:1]
        else:
            same = self._pixels == other._pixels
        if not same:
            return f"{self.path} of shape {_shape(self)}, not {other.path} of {_shape(other)}"
        if self.path == other.path or not (self.truth_pixels and other.truth_pixels):
            return None  # the same masks, changed: the checks say how
        if self.truth_pixels != other.truth_pixels:
            return f"{self.path}, which hold other pixels than {other.path}"
        return None


def _shape(data: DataSet) -> str:
    return " × ".join("?" if size is None else str(size) for size in data.shape)


@record
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
    data: DataSet | None = None
    """Its masks."""
    findings: frozenset[str] | None = None
    """Names of the rules that fired then; `None`: unknown."""

    @property
    def interpretation(self) -> ExpectedInterpretation:
        """How the arrays were read."""
        values = {
            "num_classes": self.num_classes,
            "ignore_index": self.ignore_index,
            "predictions.encoding": self.predictions.encoding,
            "predictions.class_axis": self.predictions.class_axis,
            "masks.encoding": self.masks.encoding,
            "masks.class_axis": self.masks.class_axis,
        }
        return ExpectedInterpretation("baseline", "the baseline", values)

    def check_data(self, data: DataSet) -> None:
        """Refuse to compare with another data set.

        Raises:
            UsageError: the masks are certainly others.
        """
        if self.data is not None and (difference := self.data.difference(data)):
            raise UsageError(
                f"--baseline {self.path} is of other masks: {difference}; give the baseline of"
                " this data set, or write it anew with --write-baseline"
            )


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
    interpretation, scores = document["reading"], document["scores"]
    ignore_index = interpretation["ignore_index"]
    return Baseline(
        path=path,
        num_classes=int(interpretation["num_classes"]),
        ignore_index=None if ignore_index is None else int(ignore_index),
        predictions=_input(document["inputs"]["predictions"]),
        masks=_input(document["inputs"]["masks"]),
        mean_iou=_score(scores["mean_iou"]),
        class_iou={int(entry["id"]): _score(entry["iou"]) for entry in scores["per_class"]},
        max_drop=max_drop,
        data=_data(document["inputs"]["masks"], scores["per_class"]),
        findings=frozenset(str(finding["name"]) for finding in document["findings"]),
    )


def _data(masks: dict[str, Any], per_class: list[dict[str, Any]]) -> DataSet:
    sizes = enumerate(masks["shape"])
    return DataSet(
        path=str(masks["path"]),
        shape=tuple(
            None if size is None else int(size)
            for axis, size in sizes
            if axis != masks["class_axis"]
        ),
        truth_pixels={int(entry["id"]): int(entry["truth_pixels"]) for entry in per_class},
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
        f" --baseline {path} --write-baseline`"
    )

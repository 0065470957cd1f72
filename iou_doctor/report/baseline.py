"""A baseline: the numbers of an earlier report, to compare this one with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from iou_doctor.arrays.expected import ExpectedInterpretation
from iou_doctor.errors import UsageError
from iou_doctor.record import record
from iou_doctor.safety.text_files import read_text

if TYPE_CHECKING:
    from iou_doctor.ledger.stored_areas import StoredAreas
    from iou_doctor.report.baseline_document import (
        ClassDocument,
        InputDocument,
        LedgerDocument,
        ReportDocument,
    )

SCHEMA_VERSION = 1
"""The version of the JSON report that is written and that can be a baseline."""
MAX_DROP = 0.01
"""The drop in IoU that is allowed by default: two trainings of one model differ by as much."""


@record
class BaselineInput:
    """How one of the two arrays was interpreted."""

    encoding: str
    class_axis: int | None
    """Counted from the end, so that a sample axis more or less does not change it; -1: last."""


@record
class MasksFingerprint:
    """What distinguishes two data sets: their masks. Predictions change from run to run."""

    path: str
    shape: tuple[int | None, ...]
    """The shape without the class axis; `None` on an axis whose length differs between images."""
    truth_pixels: Mapping[int, int]
    """The number of pixels of each class id; empty as long as they have not been counted."""

    @property
    def _pixels(self) -> int:
        return math.prod(size or 0 for size in self.shape)

    def describe_difference(self, other: MasksFingerprint) -> str | None:
        """Return in words why the other masks cannot be these; `None` if they may be the same.

        Shapes with the same number of pixels may be: the masks may have been transposed or
        flattened. So may other counts under the same path: the checks explain changed masks.
        """
        if None in self.shape or None in other.shape:
            same_size = len(self.shape) != len(other.shape) or self.shape[:1] == other.shape[:1]
        else:
            same_size = self._pixels == other._pixels
        if not same_size:
            shapes = _describe_shape(self.shape), _describe_shape(other.shape)
            return f"{self.path} of shape {shapes[0]}, not {other.path} of shape {shapes[1]}"
        if self.path == other.path or not (self.truth_pixels and other.truth_pixels):
            return None
        if self.truth_pixels != other.truth_pixels:
            return f"{self.path}, whose classes have other pixel counts than those of {other.path}"
        return None


def _describe_shape(shape: tuple[int | None, ...]) -> str:
    return " × ".join("?" if size is None else str(size) for size in shape)


@record
class Baseline:
    """The scores and the interpretation of an earlier report."""

    path: str
    num_classes: int
    ignore_index: int | None
    predictions: BaselineInput
    masks: BaselineInput
    mean_iou: float | None
    class_iou: Mapping[int, float | None]
    """The IoU of each class id; `None` for a class that was absent."""
    max_drop: float = MAX_DROP
    """By how much a score may be lower than in the baseline."""
    fingerprint: MasksFingerprint | None = None
    """What identifies its masks."""
    areas: StoredAreas | None = field(default=None, compare=False, repr=False)
    """The areas of its images; `None` if the report does not hold them."""
    findings: frozenset[str] | None = None
    """The names of the rules that fired in the earlier report; `None` if unknown."""

    @property
    def interpretation(self) -> ExpectedInterpretation:
        """How the arrays were interpreted."""
        values = {
            "num_classes": self.num_classes,
            "ignore_index": self.ignore_index,
            "predictions.encoding": self.predictions.encoding,
            "predictions.class_axis": self.predictions.class_axis,
            "masks.encoding": self.masks.encoding,
            "masks.class_axis": self.masks.class_axis,
        }
        return ExpectedInterpretation("baseline", "the baseline", values)

    def require_same_masks(self, fingerprint: MasksFingerprint) -> None:
        """Refuse to compare with another data set.

        Raises:
            UsageError: the masks are certainly others.
        """
        if self.fingerprint is None:
            return
        if difference := self.fingerprint.describe_difference(fingerprint):
            raise UsageError(
                f"--baseline {self.path} was written for other masks: {difference}; give the"
                " baseline of this data set, or write a new one with --write-baseline"
            )


def load_baseline(path: str, *, max_drop: float = MAX_DROP) -> Baseline:
    """Return the baseline in a JSON report that iou-doctor wrote.

    Args:
        path: the path of the report.
        max_drop: by how much a score may drop, from 0 to 1.

    Raises:
        UsageError: there is no such report, or `max_drop` is out of range.
    """
    if not 0 <= max_drop <= 1:
        raise UsageError(f"--max-drop {max_drop:g}: give a drop of the IoU between 0 and 1")
    document = _load_document(path)
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise _unusable(path, f"has schema_version {version!r}, not {SCHEMA_VERSION}")
    try:
        return _build_baseline(path, document, max_drop)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _unusable(path, "is not a report of iou-doctor") from error


def _load_document(path: str) -> ReportDocument:
    """Return the JSON object in a file, whose entries may still be missing or of other types."""
    import json

    try:
        document: ReportDocument = json.loads(read_text(Path(path)))
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise _unusable(path, "is not JSON") from error
    if not isinstance(document, dict):
        raise _unusable(path, "is not a report of iou-doctor")
    return document


def _build_baseline(path: str, document: ReportDocument, max_drop: float) -> Baseline:
    """Return the baseline in a document, whose values are converted to show if they are wrong."""
    if document["tool"]["name"] != "iou-doctor":
        raise ValueError("a report of another tool")
    interpretation, scores = document["reading"], document["scores"]
    ignore_index = interpretation["ignore_index"]
    return Baseline(
        path=path,
        num_classes=int(interpretation["num_classes"]),
        ignore_index=None if ignore_index is None else int(ignore_index),
        predictions=_build_input(document["inputs"]["predictions"]),
        masks=_build_input(document["inputs"]["masks"]),
        mean_iou=_convert_score(scores["mean_iou"]),
        class_iou={int(entry["id"]): _convert_score(entry["iou"]) for entry in scores["per_class"]},
        max_drop=max_drop,
        fingerprint=_build_fingerprint(document["inputs"]["masks"], scores["per_class"]),
        areas=_decode_areas(document.get("ledger")),
        findings=frozenset(str(finding["name"]) for finding in document["findings"]),
    )


def _decode_areas(ledger: LedgerDocument | None) -> StoredAreas | None:
    """Return the areas of the arrays as they are; `None` if there are none."""
    if ledger is None or ledger["of"] != "as-stored":
        return None
    from iou_doctor.ledger.stored_areas import decode  # only a run with a baseline needs it

    return decode(ledger.get("areas"))


def _build_fingerprint(masks: InputDocument, per_class: list[ClassDocument]) -> MasksFingerprint:
    return MasksFingerprint(
        path=str(masks["path"]),
        shape=tuple(
            None if size is None else int(size)
            for axis, size in enumerate(masks["shape"])
            if axis != masks["class_axis"]
        ),
        truth_pixels={int(entry["id"]): int(entry["truth_pixels"]) for entry in per_class},
    )


def _build_input(array: InputDocument) -> BaselineInput:
    axis = array["class_axis"]
    return BaselineInput(
        encoding=str(array["encoding"]),
        class_axis=None if axis is None else int(axis) - len(array["shape"]),
    )


def _convert_score(value: float | None) -> float | None:
    if value is None:
        return None
    if not math.isfinite(float(value)):
        raise ValueError("no score of a report")
    return float(value)


def _unusable(path: str, why: str) -> UsageError:
    return UsageError(
        f"--baseline {path} {why}; write one with `iou-doctor check PREDICTIONS MASKS"
        f" --baseline {path} --write-baseline`"
    )

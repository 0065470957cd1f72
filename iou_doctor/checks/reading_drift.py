"""The arrays are no longer read as they were for the baseline.

A score is comparable with an earlier one only if both mean the same: as many classes, the same
ignore label, and arrays of the same encoding with the class axis in the same place. When an export
changes from labels to probabilities, or from NHWC to NCHW, the doctor reads both, but your metric
may not.

    baseline   8 classes, ignore label 255, predictions probabilities
    now        9 classes, no ignore label, predictions labels

Give the options of the baseline (--num-classes, --ignore-index, --layout, --predictions-as,
--masks-as), or write it anew if the change is meant.
"""

from __future__ import annotations

from iou_doctor.baseline import BaselineInput
from iou_doctor.checks import Result
from iou_doctor.checks._words import listed
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Rule, Severity, Skipped, Suspicion
from iou_doctor.layout import Axes
from iou_doctor.reading import Encoding

RULE = Rule(
    code="IOU109",
    name="reading-drift",
    severity=Severity.ERROR,
    suspicion=Suspicion.DEFINITIONS,  # a concrete fault of the arrays says more than "changed"
    claim="the arrays are no longer read as for the baseline",
    explains=frozenset({"score-regression"}),
)


def find(evidence: Evidence) -> Result:
    """Compare the reading with that of the baseline."""
    baseline, reading = evidence.baseline, evidence.reading
    if baseline is None:
        return Skipped("no --baseline given")
    predictions = _input(reading.y_pred, reading.layout.y_pred)
    masks = _input(reading.y_true, reading.layout.y_true)
    compared = {
        "num_classes": (baseline.num_classes, reading.num_classes),
        "ignore_index": (baseline.ignore_index, reading.ignore_index),
        "predictions.encoding": (baseline.predictions.encoding, predictions.encoding),
        "predictions.class_axis": (baseline.predictions.class_axis, predictions.class_axis),
        "masks.encoding": (baseline.masks.encoding, masks.encoding),
        "masks.class_axis": (baseline.masks.class_axis, masks.class_axis),
    }
    drift = {field: pair for field, pair in compared.items() if pair[0] != pair[1]}
    if not drift:
        return []
    changes = (f"{field} {_word(now)}, was {_word(was)}" for field, (was, now) in drift.items())
    return [
        Finding(
            RULE,
            message=f"another reading than in the baseline: {listed(changes)}",
            help="give the baseline's options, or write it anew with --output-format json --output",
            facts={field: {"baseline": was, "now": now} for field, (was, now) in drift.items()},
        )
    ]


def _input(encoding: Encoding, axes: Axes) -> BaselineInput:
    last = len(axes.shape)
    axis = axes.channel if axes.dense else None
    return BaselineInput(encoding.value, None if axis is None else axis - last)


def _word(value: object) -> str:
    return "none" if value is None else str(value)

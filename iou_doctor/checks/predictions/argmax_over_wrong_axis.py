"""The argmax ran over rows, columns or samples instead of over the classes.

Typical cases are `argmax(axis=1)` on (N, H, W, C) and `argmax(-1)` on (N, C, H, W). The result
still has the class axis, lacks the height or width, and its "labels" are row or column numbers.

    scores.shape              # (8, 64, 96, 3)
    scores.argmax(axis=1)     # (8, 96, 3), row numbers from 0 to 63
    scores.argmax(axis=-1)    # (8, 64, 96), class ids from 0 to 2

The scores cannot be recovered from these arrays: take the argmax over the class axis and save the
predictions again.
"""

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_shape
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU208",
    name="argmax-over-wrong-axis",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="the argmax ran over an axis other than the class axis",
    explains=Symptom.METRIC | Symptom.BASELINE,
    also_explains=(
        "prediction-out-of-range",
        "reading-drift",
        "sample-count-mismatch",
        "shape-mismatch",
        "unlabelled-class-predicted",
    ),
)

LARGEST_CLASS_ID = 254
"""Largest mask id from which the number of classes is inferred. 255 usually means void, and larger
ids are instances or codes."""
REACHED_SHARE = 0.5
"""Share of an axis that its largest position must reach if the number of classes is not declared.
An argmax over rows or columns usually yields positions almost up to the end of the axis."""

Shape = tuple[int | None, ...]


def find(evidence: Evidence) -> Result:
    """Look for the shape that an argmax over an axis other than the class axis leaves."""
    layout, values = evidence.interpretation.layout, evidence.stats.y_pred
    if layout.y_pred.is_dense or None in layout.y_pred.shape or not _are_whole_numbers(values):
        return []
    masks, stored = _drop_ones(layout.y_true.label_shape), _drop_ones(layout.y_pred.shape)
    if len(masks) != len(stored) or _is_explained_otherwise(evidence, masks, stored):
        return []
    classes = _infer_num_classes(evidence)
    if classes is None:
        return []
    for scores, class_axis, axis in _list_origins(masks, stored, classes):
        if _are_positions(evidence, values, scores[axis] or 0, classes):
            return [_build_finding(evidence, scores, class_axis, axis)]
    return []


def _is_explained_otherwise(evidence: Evidence, masks: Shape, stored: Shape) -> bool:
    """Return whether the shapes are equal, swapped, or differ only in the number of samples."""
    layout = evidence.interpretation.layout
    fewer = layout.y_true.has_sample_axis and masks[1:] == stored[1:]
    return masks == stored or fewer or layout.relation is Relation.SWAPPED


def _are_whole_numbers(values: ValueCounts) -> bool:
    return values.values > 0 and values.fractional == 0 and (values.minimum or 0) >= 0


def _drop_ones(sizes: Shape) -> Shape:
    return tuple(size for size in sizes if size != 1)


def _infer_num_classes(evidence: Evidence) -> int | None:
    """Return the declared number of classes, or else the one that the masks show."""
    interpretation = evidence.interpretation
    if interpretation.num_classes_declared:
        return interpretation.num_classes
    if interpretation.layout.y_true.is_per_class:
        return interpretation.layout.y_true.channels
    highest = int(evidence.stats.y_true.maximum or 0)
    return highest + 1 if 1 <= highest <= LARGEST_CLASS_ID else None


def _list_origins(masks: Shape, stored: Shape, classes: int) -> list[tuple[Shape, int, int]]:
    """Return score shapes, their class axis, and another axis whose argmax leaves `stored`."""
    last, first = (*masks, classes), (*masks[:-2], classes, *masks[-2:])
    return [
        (scores, class_axis, axis)
        for scores, class_axis in ((last, len(masks)), (first, len(masks) - 2))
        for axis in range(len(scores))
        if axis != class_axis and (*scores[:axis], *scores[axis + 1 :]) == stored
    ]


def _are_positions(evidence: Evidence, values: ValueCounts, length: int, classes: int) -> bool:
    """Return whether the ids can be positions along an axis of this length."""
    highest = values.maximum or 0
    if highest >= length:
        return False
    declared = evidence.interpretation.num_classes_declared
    return declared or highest >= max(classes, REACHED_SHARE * length)


def _build_finding(evidence: Evidence, scores: Shape, class_axis: int, axis: int) -> Finding:
    highest = int(evidence.stats.y_pred.maximum or 0)
    stored = evidence.interpretation.layout.y_pred.shape
    return Finding(
        RULE,
        message=f"predictions of shape {format_shape(stored)} hold ids up to {highest}, as left by"
        f" an argmax over axis {axis} (of length {scores[axis]}) of scores of shape"
        f" {format_shape(scores)}",
        help=f"take the argmax over the class axis, scores.argmax(axis={class_axis}), and save the"
        " predictions again",
        facts={
            "predictions": list(stored),
            "masks": list(evidence.interpretation.layout.y_true.shape),
            "argmaxed_axis": axis,
            "argmaxed_length": scores[axis],
            "classes": scores[class_axis],
            "highest_id": highest,
        },
    )

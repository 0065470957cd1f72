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
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU208",
    name="argmax-over-wrong-axis",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="the argmax ran over another axis than that of the classes",
    explains=frozenset(
        {
            "shape-mismatch",
            "sample-count-mismatch",
            "prediction-out-of-range",
            "dropped-pixels",
            "metric-misreads-arrays",
            "score-regression",
            "reading-drift",
            "unlabelled-class-predicted",
        }
    ),
)

MOST_CLASSES = 256
"""Masks with higher ids do not tell the number of classes."""
FAR = 0.5
"""Ids of an axis of rows run to its end, nearly; without a known number of classes they must at
least pass the middle."""

Shape = tuple[int | None, ...]


def find(evidence: Evidence) -> Result:
    """Look whether the shape is that of the masks with the class axis for another one."""
    layout, values = evidence.interpretation.layout, evidence.stats.y_pred
    if layout.y_pred.is_dense or not _whole(evidence) or None in layout.y_pred.shape:
        return []
    masks, stored = _trimmed(layout.y_true.label_shape), _trimmed(layout.y_pred.shape)
    if len(masks) != len(stored) or _otherwise_explained(evidence, masks, stored):
        return []
    for classes in _numbers_of_classes(evidence):
        for scores, place, axis in _left_by(masks, stored, classes):
            if _fits(evidence, values, scores[axis] or 0, classes):
                return [_finding(evidence, scores, place, axis)]
    return []


def _otherwise_explained(evidence: Evidence, masks: Shape, stored: Shape) -> bool:
    """Return whether the shapes are equal, swapped, or differ in the number of samples only."""
    layout = evidence.interpretation.layout
    fewer = layout.y_true.has_sample_axis and masks[1:] == stored[1:]
    return masks == stored or fewer or layout.relation is Relation.SWAPPED


def _whole(evidence: Evidence) -> bool:
    values = evidence.stats.y_pred
    return values.values > 0 and values.fractional == 0 and (values.minimum or 0) >= 0


def _trimmed(sizes: Shape) -> Shape:
    return tuple(size for size in sizes if size != 1)


def _numbers_of_classes(evidence: Evidence) -> list[int]:
    """Return the number of classes: as declared, else from the class axis or ids of the masks."""
    interpretation = evidence.interpretation
    if interpretation.num_classes_declared:
        return [interpretation.num_classes]
    if interpretation.layout.y_true.is_per_class:
        return [interpretation.layout.y_true.channels]
    highest = int(evidence.stats.y_true.maximum or 0)
    return [highest + 1] if 1 <= highest < MOST_CLASSES - 1 else []


def _left_by(masks: Shape, stored: Shape, classes: int) -> list[tuple[Shape, int, int]]:
    """Return score shapes, their class axis, and another axis whose argmax leaves `stored`."""
    last, first = (*masks, classes), (*masks[:-2], classes, *masks[-2:])
    places = ((last, len(masks)), (first, len(masks) - 2))
    return [
        (scores, place, axis)
        for scores, place in places
        for axis in range(len(scores))
        if axis != place and (*scores[:axis], *scores[axis + 1 :]) == stored
    ]


def _fits(evidence: Evidence, values: ValueCounts, length: int, classes: int) -> bool:
    """Return whether the ids are places along an axis of this length."""
    highest = values.maximum or 0
    if highest >= length:
        return False
    return evidence.interpretation.num_classes_declared or highest >= max(classes, FAR * length)


def _finding(evidence: Evidence, scores: Shape, place: int, axis: int) -> Finding:
    highest = int(evidence.stats.y_pred.maximum or 0)
    stored = evidence.interpretation.layout.y_pred.shape
    return Finding(
        RULE,
        message=f"predictions are {format_shape(stored)} with ids up to {highest}, which is what"
        f" argmax over axis {axis} (of length {scores[axis]}) leaves of scores of"
        f" {format_shape(scores)}",
        help=f"scores.argmax(axis={place}), the class axis, and save the predictions again",
        facts={
            "predictions": list(stored),
            "masks": list(evidence.interpretation.layout.y_true.shape),
            "argmaxed_axis": axis,
            "argmaxed_length": scores[axis],
            "classes": scores[place],
            "highest_id": highest,
        },
    )

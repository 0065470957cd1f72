"""Read the arrays once more for the boundary IoU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor import interpret
from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import LabelDecoding, is_no_class
from iou_doctor.diagnosis.passes import Ask
from iou_doctor.diagnosis.questions import OpenArrays, Unanswered
from iou_doctor.interpret.interpretation import are_bins_above
from iou_doctor.record import record
from iou_doctor.scan.boundaries import measure_boundaries


@record
class MeasureBoundaries:
    """What are the areas of the bands along the contours of each class?"""

    interpretation: Interpretation
    threshold: float
    """The threshold with which the arrays were counted."""

    def answer(self, arrays: OpenArrays) -> NDArray[np.int64]:
        """Return the union and the intersection of some samples, shape (2, classes)."""
        return measure_boundaries(
            arrays.pair,
            self.interpretation.layout,
            interpret.choose_doctor_pairing(self.interpretation),
            self._decode,
            num_classes=self.interpretation.num_classes,
            threshold=self.threshold,
            jobs=arrays.settings.jobs,
            samples=arrays.samples,
        )

    def merge(self, answers: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        """Return the areas of all samples."""
        total: NDArray[np.int64] = np.sum(answers, axis=0)
        return total

    def _decode(
        self, y_true: NDArray[Any], y_pred: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return classes, and the number of classes where none counts."""
        classes, ignored = self.interpretation.num_classes, self.interpretation.ignore_index
        pairing = interpret.choose_doctor_pairing(self.interpretation)
        true, pred = self._read(y_true, pairing.y_true), self._read(y_pred, pairing.y_pred)
        void = (true < 0) | (true >= classes)
        if ignored is not None:
            void |= true == ignored
        nothing = void | (pred < 0) | (pred >= classes)
        dtype = np.uint8 if classes < 256 else np.int32
        return (
            np.where(void, classes, true).astype(dtype),
            np.where(nothing, classes, pred).astype(dtype),
        )

    def _read(self, labels: NDArray[Any], decoding: LabelDecoding) -> NDArray[Any]:
        if decoding is not LabelDecoding.BINS:
            return labels
        above = are_bins_above(labels, self.interpretation.threshold)
        return np.where(is_no_class(labels), -1, above)


def pair_up_as_images(layout: Layout) -> bool:
    """Return whether the arrays are images whose pixels pair up as they are stored."""
    return len(layout.y_true.spatial) == 2 and layout.relation is Relation.EQUAL


def compute_boundary_iou(ask: Ask, evidence: Evidence, threshold: float) -> float | None:
    """Return the mean boundary IoU of arrays as they are; `None` if it is not defined for them.

    It is that of images, whose pixels pair up as they are stored.

    Args:
        ask: asks the arrays.
        evidence: the facts.
        threshold: the threshold with which they were counted.
    """
    interpretation, score = evidence.interpretation, evidence.score
    if not pair_up_as_images(interpretation.layout) or score is None:
        return None
    if evidence.pair.model is not None:
        return None
    try:
        union, intersection = ask(MeasureBoundaries(interpretation, threshold)).tolist()
    except Unanswered:
        return None
    ious = [
        intersection[one.id] / union[one.id]
        for one in score.per_class
        if one.iou is not None and union[one.id]
    ]
    return sum(ious) / len(ious) if ious else None

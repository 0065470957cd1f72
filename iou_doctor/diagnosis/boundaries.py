"""Read the arrays once more for the boundary IoU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.diagnosis.count_plan import CountPlan
from iou_doctor.diagnosis.error_kinds import Size
from iou_doctor.diagnosis.map_changes import MapChanges
from iou_doctor.diagnosis.questions import OpenArrays
from iou_doctor.diagnosis.repaired_maps import find_map_changes
from iou_doctor.diagnosis.what_if import Recount
from iou_doctor.ledger.counted import Counted
from iou_doctor.metrics.fine_grained import FineGrained
from iou_doctor.record import record
from iou_doctor.repairs.repair import Repair
from iou_doctor.scan.boundaries import count_bands, has_room_for_bands
from iou_doctor.scan.label_maps import Labels


@record
class MeasureBoundaries:
    """What are the areas of the bands along the contours of each class after repairs?"""

    plan: CountPlan
    """How the arrays were counted before."""
    changes: MapChanges
    num_classes: int
    ignore_index: int | None

    def answer(self, arrays: OpenArrays) -> NDArray[np.int64]:
        """Return areas of some samples, shape (5, classes).

        These are the union and the intersection of the bands, and the pixels of truth, prediction
        and both, which tell whether the maps are those that were counted.
        """
        total = np.zeros((5, self.num_classes), dtype=np.int64)
        for areas in self.changes.open(arrays, self.plan).map(
            lambda _, y_true, y_pred: self._measure(y_true, y_pred),
            jobs=arrays.settings.jobs,
            samples=arrays.samples,
        ):
            total += areas
        return total

    def merge(self, answers: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        """Return the areas of all samples."""
        total: NDArray[np.int64] = np.sum(answers, axis=0)
        return total

    def _measure(self, y_true: Labels, y_pred: Labels) -> NDArray[np.int64]:
        """Return the areas of some samples."""
        shape = max(y_true.shape, y_pred.shape, key=len)  # one of the two may be flat
        areas = np.zeros((5, self.num_classes), dtype=np.int64)
        for maps in zip(y_true.reshape(shape), y_pred.reshape(shape), strict=True):
            own = maps if self.changes.labels is None else self.changes.labels.apply(*maps)
            true, pred = self._mark_nothing(*own)
            pixels = [
                np.bincount(one.ravel(), minlength=self.num_classes + 1)[:-1]
                for one in (true, pred, true[true == pred])
            ]
            areas += np.stack([*count_bands(true, pred, self.num_classes), *pixels])
        return areas

    def _mark_nothing(self, y_true: Labels, y_pred: Labels) -> tuple[Labels, Labels]:
        """Return classes, and the number of classes where none counts."""
        void = self._is_no_class(y_true)
        if self.ignore_index is not None:
            void |= y_true == self.ignore_index
        dtype = np.uint8 if self.num_classes < 2**8 else np.int32
        return (
            np.where(void, self.num_classes, y_true).astype(dtype),
            np.where(void | self._is_no_class(y_pred), self.num_classes, y_pred).astype(dtype),
        )

    def _is_no_class(self, labels: Labels) -> NDArray[np.bool_]:
        return np.asarray((labels < 0) | (labels >= self.num_classes))


def add_boundary(
    found: FineGrained,
    chosen: Sequence[Repair],
    counted: Counted,
    evidence: Evidence,
    recount: Recount,
    *,
    may_predict: bool,
) -> FineGrained:
    """Return the means with the boundary IoU after some repairs, or why there is none.

    Args:
        found: the other means.
        chosen: the repairs.
        counted: the label pairs and the score after them.
        evidence: the facts about the arrays.
        recount: counts the arrays again.
        may_predict: whether a model may predict once more.
    """
    size = Size.of(evidence.pair, evidence.interpretation.layout)
    if not size.has_kinds:
        return replace(found, lacks_boundary="shape")
    if len(size.shape) > 2 and not has_room_for_bands(size.shape):
        return replace(found, lacks_boundary="thin")
    if evidence.pair.model is not None and not may_predict:
        return replace(found, lacks_boundary="model")
    changes = find_map_changes(chosen, evidence)
    if changes is None:
        return replace(found, lacks_boundary="labels")
    classes = len(counted.score.per_class)
    areas = recount.measure_boundaries(changes, classes, counted.ignore_index)
    if areas is None:
        return replace(found, lacks_boundary="parts")
    if not _match(areas[2:], counted):
        return replace(found, lacks_boundary="labels")
    return replace(found, boundary=_average(areas[:2], counted))


def _match(pixels: NDArray[np.int64], counted: Counted) -> bool:
    """Return whether the pixels of truth, prediction and both are those that were counted."""
    return all(
        pixels[:, one.id].tolist() == [one.truth_pixels, one.predicted_pixels, one.intersection]
        for one in counted.score.per_class
        if one.iou is not None
    )


def _average(areas: NDArray[np.int64], counted: Counted) -> float | None:
    """Return the mean over the classes in the mean; `None` if no class has a band.

    Args:
        areas: union and intersection of the bands, shape (2, classes).
        counted: the label pairs and the score of the same arrays.
    """
    union, intersection = areas.tolist()
    ious = [
        intersection[one.id] / union[one.id]
        for one in counted.score.per_class
        if one.iou is not None and union[one.id]
    ]
    return sum(ious) / len(ious) if ious else None

"""Scores: the doctor's own, in full, and the single numbers that other implementations report."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.class_areas import count_class_areas, iterate_class_areas
from iou_doctor.counts.integer_storage import as_int64
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.sorted_rows import Counts
from iou_doctor.metrics.definition import Choices
from iou_doctor.record import record

REASON_SEPARATOR = "; "
"""Separates the reasons in a note; no reason contains it."""


@record
class Pixels:
    """How many pixels the score counts, and how many it leaves out."""

    total: int
    counted: int
    ignored: int
    """Pixels whose truth is the ignore label."""
    out_of_range: int
    """Pixels whose truth is neither a class nor the ignore label."""


@record
class ClassScore:
    """The areas and the score of one class over the whole data set."""

    id: int
    iou: float | None
    """`None` for a class with zero union, and for a class that is the ignore label."""
    truth_pixels: int
    predicted_pixels: int
    intersection: int

    @property
    def dice(self) -> float | None:
        """Twice the intersection over the sum of both areas."""
        return None if self.iou is None else 2 * self.iou / (1 + self.iou)


@record
class Score:
    """The doctor's score, from int64 counts of the whole data set; `None` if it is undefined."""

    mean_iou: float | None
    pixel_accuracy: float | None
    frequency_weighted_iou: float | None
    mean_dice: float | None
    per_image_mean_iou: float | None
    per_class: tuple[ClassScore, ...]
    pixels: Pixels

    def average_over(self, class_ids: tuple[int, ...] | None) -> float | None:
        """Return the mean IoU over some classes; a class without an IoU is left out.

        Args:
            class_ids: the classes; `None` for all.
        """
        if class_ids is None:
            return self.mean_iou
        return _average([entry.iou for entry in self.per_class if entry.id in class_ids])


@record
class Counter:
    """The counter of an implementation that cannot count arbitrarily many pixels."""

    dtype: str
    """`float32`, which stops at its limit, or `int32`, which wraps."""
    largest: int
    """The largest count in these arrays."""
    limit: int
    """The largest count that the dtype can reach."""
    value: float
    """The value that the implementation reports with this counter."""
    condition: str
    """When it counts in this way, as a phrase."""


@record
class ContractScore:
    """What one implementation reports for the arrays as given: a value or an error."""

    name: str
    library: str
    versions: str
    value: float | None
    error: str | None = None
    """`ExceptionType: message`; `None` if the implementation does not raise."""
    note: str | None = None
    """Why the value differs from the doctor's, or why there is none."""
    dropped: int = 0
    """Pixels that it leaves out silently, those of the ignore label not included."""
    counter: Counter | None = None
    """`None` if it counts exactly."""
    call: str = ""
    """The call as a user would write it for these arrays; empty if there is none."""
    short: str = ""
    """The name that people use for it."""
    per_class: tuple[float | None, ...] | None = None
    """The ratio of each class over the data set, `None` for NaN; `None` if it forms none."""
    choices: Choices | None = None
    """What the implementation decides; `None` if it was not evaluated."""


def compute_score(*, pairs: PairCounts, num_classes: int, ignore_index: int | None) -> Score:
    """Return the doctor's score of a table of (truth, prediction) label pairs.

    Pixels whose truth is the ignore label or outside the classes are left out. A prediction
    outside the classes is a miss for the true class. A class with zero union, and a class that is
    the ignore label, has no IoU and is not in the mean.

    Args:
        pairs: the counts of label pairs of each image.
        num_classes: the number of classes; they are 0 to `num_classes` - 1.
        ignore_index: the ignore label, if any.
    """
    kept = pairs if ignore_index is None else pairs.drop_truth(ignore_index)
    counted = kept.drop_out_of_range(num_classes)
    total, counted_pixels = pairs.total, counted.total
    ignored_pixels = total - kept.total
    per_class = _score_classes(counted, num_classes=num_classes, ignore_index=ignore_index)
    intersection = sum(entry.intersection for entry in per_class)
    return Score(
        mean_iou=_average([entry.iou for entry in per_class]),
        pixel_accuracy=intersection / counted_pixels if counted_pixels else None,
        frequency_weighted_iou=_weight_by_frequency(per_class, counted_pixels),
        mean_dice=_average([entry.dice for entry in per_class]),
        per_image_mean_iou=_average_over_images(
            counted, num_classes=num_classes, ignore_index=ignore_index
        ),
        per_class=per_class,
        pixels=Pixels(
            total=total,
            counted=counted_pixels,
            ignored=ignored_pixels,
            out_of_range=total - counted_pixels - ignored_pixels,
        ),
    )


def _score_classes(
    counted: PairCounts, *, num_classes: int, ignore_index: int | None
) -> tuple[ClassScore, ...]:
    pooled = counted.pool()
    areas = count_class_areas(pooled, images=1, classes=num_classes)
    truth, predicted, intersection = map(as_int64, areas)
    iou = compute_iou(truth, predicted, intersection, ignore_index=ignore_index)[0]
    return tuple(
        ClassScore(
            id=class_id,
            iou=None if np.isnan(iou[class_id]) else float(iou[class_id]),
            truth_pixels=int(truth[0, class_id]),
            predicted_pixels=int(predicted[0, class_id]),
            intersection=int(intersection[0, class_id]),
        )
        for class_id in range(num_classes)
    )


def score_images(
    pairs: PairCounts, *, num_classes: int, ignore_index: int | None
) -> NDArray[np.float64]:
    """Return the mean IoU of each image that has one; arguments as for `compute_score`."""
    counted = pairs.keep_counted(num_classes, ignore_index)
    images = counted.image_span[1] + 1
    means = [
        _compute_image_means(*some, ignore_index=ignore_index)
        for some in iterate_class_areas(counted, images=images, classes=num_classes)
    ]
    return np.concatenate(means) if means else np.zeros(0)


def _average_over_images(
    counted: PairCounts, *, num_classes: int, ignore_index: int | None
) -> float | None:
    found = score_images(counted, num_classes=num_classes, ignore_index=ignore_index)
    return float(np.mean(found)) if len(found) else None


def _compute_image_means(
    truth: Counts, predicted: Counts, intersection: Counts, *, ignore_index: int | None
) -> NDArray[np.float64]:
    """Return the mean IoU of each image that has one."""
    iou = compute_iou(truth, predicted, intersection, ignore_index=ignore_index)
    defined = ~np.isnan(iou)
    has_any = defined.any(axis=1)
    sums = np.where(defined, iou, 0.0).sum(axis=1)[has_any]
    means: NDArray[np.float64] = sums / defined.sum(axis=1)[has_any]
    return means


def compute_iou(
    truth: Counts, predicted: Counts, intersection: Counts, *, ignore_index: int | None
) -> NDArray[np.float64]:
    """Return the IoU, shape (groups, classes); NaN where a class is absent or ignored."""
    union = truth + predicted - intersection
    iou = np.full(union.shape, np.nan)
    np.divide(intersection, union, out=iou, where=union > 0)
    if ignore_index is not None and 0 <= ignore_index < union.shape[1]:
        iou[:, ignore_index] = np.nan
    return iou


def _weight_by_frequency(per_class: tuple[ClassScore, ...], counted: int) -> float | None:
    if not counted:
        return None
    return sum(entry.truth_pixels * (entry.iou or 0.0) for entry in per_class) / counted


def _average(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None

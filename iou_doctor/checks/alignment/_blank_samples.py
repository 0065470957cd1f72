"""Samples in which one of the arrays holds nothing but background."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.class_areas import iterate_class_areas
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Group
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.record import record

BACKGROUND = 0
USUAL_SIZE = 0.5
"""An object is of usual size if it has at least this share of the median area."""
LEAST_SHARE = 0.01
"""Minimum share of a sample that its objects cover. Tiny objects are missed by honest models."""
LEAST_RECALL = 0.3
"""Share of the objects of a sample from which they count as found."""
LEAST_FOUND = 0.8
"""Minimum share of the comparable samples whose objects are found."""
FEWEST_COMPARABLE = 4
"""Minimum number of comparable samples."""
MOST_BLANK = 0.25
"""Maximum share of blank samples. A model that misses more of them is a weak model."""
MOST_BLANK_MASKS, LEAST_AGREEMENT = 0.5, 0.7
"""Maximum share of samples whose mask is empty, if the objects of all others agree: their hits are
at least this part of the true and of the predicted areas. A model that good hardly sees objects of
usual size in every image without any, unless it has learned from none."""
SMALL_SIZE = 0.5
"""Minimum size of each of these objects, as a part of a usual one."""
LEAST_EFFECT = 0.02
"""Minimum change of the metric without the empty samples, by which papers compare methods."""


@record
class Objects:
    """The areas of everything but background in each sample, in pixels, shape (samples,) each."""

    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    hits: NDArray[np.int64]
    """Pixels whose class is right."""
    classes: NDArray[np.int64]
    """The number of true classes."""
    predicted_classes: NDArray[np.int64]
    total: NDArray[np.int64]
    """All pixels that count."""


def measure_objects(evidence: Evidence) -> Objects | None:
    """Return the areas of the objects in each sample; `None` if class 0 is not the background."""
    interpretation = evidence.interpretation
    ignored, classes = interpretation.ignore_index, interpretation.num_classes
    if ignored == BACKGROUND or not len(evidence.pairs):
        return None
    pairs = evidence.pairs.keep_counted(classes, ignored)
    images, parts = interpretation.layout.samples, []
    for true, predicted, both in iterate_class_areas(pairs, images=images, classes=classes):
        own, found, hits = true[:, 1:], predicted[:, 1:], both[:, 1:]
        numbers = (own > 0).sum(axis=1), (found > 0).sum(axis=1)
        sums = own.sum(axis=1), found.sum(axis=1), hits.sum(axis=1)
        parts.append(np.stack([*sums, *numbers, true.sum(axis=1)]))
    return Objects(*np.concatenate(parts, axis=1))


def find_blank_predictions(objects: Objects) -> list[int]:
    """Return the samples in which nothing is predicted, though the others' objects are found."""
    blank, areas = (objects.predicted == 0) & (objects.true > 0), objects.true
    classes, hits, total = objects.classes, objects.hits, objects.total
    return _list_unusual(blank, areas, classes, hits, total)


def find_blank_masks(objects: Objects) -> list[int]:
    """Return the samples whose mask alone is empty, though large objects are predicted there."""
    blank, areas = (objects.true == 0) & (objects.predicted > 0), objects.predicted
    classes, hits, total = objects.predicted_classes, objects.hits, objects.total
    empty = (objects.true == 0) & (total > 0)
    named = _list_unusual(blank, areas, classes, hits, total)
    if len(named) == int(empty.sum()):
        return named
    return np.flatnonzero(empty).tolist() if _are_many_unlabelled(objects, empty) else []


def _are_many_unlabelled(objects: Objects, empty: NDArray[np.bool_]) -> bool:
    """Return whether many masks are empty where objects as large as in all others are predicted."""
    others = (objects.true > 0) & (objects.total > 0)
    share = empty.sum() / len(empty)
    if others.sum() < FEWEST_COMPARABLE or not MOST_BLANK < share <= MOST_BLANK_MASKS:
        return False
    areas = np.maximum(objects.true, objects.predicted)[others]
    agree = objects.hits[others] >= LEAST_AGREEMENT * areas
    seen, usual = objects.predicted[empty], USUAL_SIZE * float(np.median(areas))
    least = max(SMALL_SIZE * usual, LEAST_SHARE * float(objects.total.max()))
    return bool(agree.all() and np.median(seen) >= usual and seen.min() >= least)


def _list_unusual(
    blank: NDArray[np.bool_],
    areas: NDArray[np.int64],
    classes: NDArray[np.int64],
    hits: NDArray[np.int64],
    total: NDArray[np.int64],
) -> list[int]:
    """Return the blank samples that are unlike the others.

    Args:
        blank: the samples in which one side lacks all objects.
        areas: the areas of the objects of the other side.
        classes: the numbers of classes of the other side.
        hits: the areas that both sides agree on.
        total: the areas of the samples.
    """
    if not blank.any() or not hits.any():
        return []
    median = np.median(areas[areas > 0])
    large = areas >= np.maximum(USUAL_SIZE * median, LEAST_SHARE * total)
    comparable = large & ~blank
    found = hits[comparable] >= LEAST_RECALL * areas[comparable]
    if comparable.sum() < FEWEST_COMPARABLE or found.mean() < LEAST_FOUND:
        return []
    # one class may be missed as a whole by an honest model, but hardly a large one
    certain = (classes > 1) | (found.all() & (areas >= median))
    named: list[int] = np.flatnonzero(blank & large & certain).tolist()
    return named if blank.sum() <= max(1, MOST_BLANK * len(blank)) else []


def keep_gaps(blank: list[int], areas: NDArray[np.int64]) -> list[int]:
    """Return the blank slices of a volume whose neighbours both hold objects of usual size.

    At the end of an organ, a model may honestly draw a slice too many or too few.

    Args:
        blank: the numbers of blank slices.
        areas: the areas of the objects of the side that is blank, shape (slices,).
    """
    if not blank:
        return []
    usual = USUAL_SIZE * np.median(areas[areas > 0])
    padded = np.pad(areas, 1)
    return [one for one in blank if min(padded[one], padded[one + 2]) >= usual]


@record
class EmptySamples:
    """Samples without truth in which something is predicted, in a mean over samples."""

    samples: tuple[int, ...]
    own: float
    """What the metric reports for these samples alone."""
    value: float
    """What it reports for all samples."""
    others: float
    """What it reports without them."""


def find_empty_samples(evidence: Evidence, objects: Objects) -> EmptySamples | None:
    """Return the samples without truth that lower the user's mean over samples."""
    contract, inputs = evidence.metric.contract, evidence.inputs
    empty = (objects.true == 0) & (objects.predicted > 0)
    if contract is None or inputs is None or contract.choices.group is not Group.IMAGE:
        return None
    if inputs.form is not PredictionForm.LABELS or not empty.any() or empty.all():
        return None
    value = evidence.metric_score.value
    own, others = (_evaluate(evidence, inputs, keep) for keep in (empty, ~empty))
    if value is None or own is None or others is None or others < value + LEAST_EFFECT:
        return None
    return EmptySamples(tuple(np.flatnonzero(empty).tolist()), own, value, others)


def _evaluate(evidence: Evidence, inputs: MetricInputs, keep: NDArray[np.bool_]) -> float | None:
    """Return what the user's metric reports for some of the samples."""
    metric, contract = evidence.metric, evidence.metric.contract
    if contract is None:
        return None
    some = replace(
        inputs,
        samples=int(keep.sum()),
        labels=_take_samples(inputs.labels, keep),
        interpreted=None,
        num_classes=metric.num_classes or inputs.num_classes,
        ignore_index=metric.ignore_class,
    )
    from iou_doctor.metrics import registry  # loads all libraries' definitions

    return registry.evaluate(contract, some).value


def _take_samples(pairs: PairCounts, keep: NDArray[np.bool_]) -> PairCounts:
    """Return the pairs of some samples, which are numbered from 0 again."""
    kept = pairs.keep_rows(keep[pairs.image])
    places = np.cumsum(keep) - 1
    return kept.replace(image=places[kept.image])

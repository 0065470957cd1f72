"""Stack the label maps of some samples, and compute their mean IoU in other alignments.

The mean is over the classes of the truth only, so it is over the same classes however the
predictions are moved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.map_samples import LabelMaps, find_centres
from iou_doctor.record import record
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Skipped

Ids = NDArray[np.unsignedinteger]
"""Numbers of classes, in the narrowest dtype that holds them all."""
Maps = list[NDArray[np.int32]]
"""Label maps of the same shape."""
Scores = NDArray[np.float64]
Relabelling = Relabel | RelabelSome
Scale = Literal["many", "fine", "crops", "whole"]

MOST_IMPROVABLE_IOU = 0.9
"""Mean IoU above which no other alignment can gain 0.1, the least gain that the rules ask for."""
VOLUME_AXES = 3
"""The number of spatial axes of a volume."""
SAME_SCENE_IOU = 0.8
"""Mean IoU of two masks above which they show the same scene. CamVid's masks, taken a second
apart, reach 0.6."""


@record
class Stack:
    """Label maps of equal size, with the classes of the truth numbered from 0 without gaps.

    The number `classes` itself stands for everything that is not a class.
    """

    samples: NDArray[np.int64]
    """The number of each sample, shape (n,)."""
    y_true: Ids
    """Shape (n, *spatial); `classes` if the pixel does not count."""
    y_pred: Ids
    """Shape (n, *spatial); `classes` also for classes that these masks lack."""
    classes: int
    labels: tuple[int, ...] = ()
    """The class id that each number stands for."""

    def score_images(self, pred: Ids | None = None) -> Scores:
        """Return the mean IoU of each image, shape (n,), for these or other predictions."""
        counts = count_pairs(self.y_true, self.y_pred if pred is None else pred, self.classes)
        return compute_mean_iou(counts)

    def score_pooled(self, pred: Ids | None = None) -> float:
        """Return the mean IoU of all images together, for these or other predictions."""
        counts = count_pairs(self.y_true, self.y_pred if pred is None else pred, self.classes)
        return float(compute_mean_iou(counts.sum(axis=0)))

    def __len__(self) -> int:
        return len(self.y_true)

    def take(self, keep: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Stack:
        """Return a stack of some of the images: by numbers, by a boolean mask, or by a slice."""
        return replace(
            self, samples=self.samples[keep], y_true=self.y_true[keep], y_pred=self.y_pred[keep]
        )


def stack_maps(
    evidence: Evidence, scale: Scale, *, samples: int | None = None, side: int | None = None
) -> Stack | Skipped:
    """Stack the maps as class ids, relabelled by the repairs of the earlier findings.

    Args:
        evidence: the maps, the classes, the ignore label and the findings.
        scale: which maps to take: of many samples, of fine resolution, crops at full size,
            or whole ones, which are fine ones unless others were read.
        samples: the most samples to take, spread evenly; `None` takes all.
        side: the most pixels to take along each axis, spread evenly and the same from either end;
            `None` takes all.
    """
    sampled = evidence.sampled
    if sampled is None or evidence.interpretation.layout.relation is Relation.MISMATCHED:
        return Skipped("the pixels do not pair up")
    relabellings = _list_relabellings(evidence)
    read_as = evidence.interpretation.num_classes, evidence.interpretation.ignore_index
    key = scale, samples, side, read_as, tuple(map(repr, relabellings))
    if key not in sampled.stacks:
        scales = {"many": sampled.many, "fine": sampled.fine, "crops": sampled.crops}
        maps = (sampled.whole or sampled.fine) if scale == "whole" else scales[scale]
        sampled.stacks[key] = _stack(evidence, maps, relabellings, samples, side)
    return cast("Stack | Skipped", sampled.stacks[key])


def _stack(
    evidence: Evidence,
    maps: LabelMaps,
    relabellings: list[Relabelling],
    samples: int | None,
    side: int | None,
) -> Stack | Skipped:
    if not len(maps.samples):
        return Skipped("no label maps of such data are kept")
    are_thinned_volumes = side is not None and maps.y_true[0].ndim == VOLUME_AXES
    if len({labels.shape for labels in maps.y_true}) > 1 and not are_thinned_volumes:
        return Skipped("the images differ in size")
    chosen = _spread_indices(len(maps.samples), samples)
    numbers = maps.samples[chosen]
    sides = {
        side_of: _thin_maps([stored[index] for index in chosen], side)
        for side_of, stored in ((Side.MASKS, maps.y_true), (Side.PREDICTIONS, maps.y_pred))
    }
    for step in relabellings:
        sides[step.side] = _relabel(sides[step.side], numbers, step)
    return _number_classes(evidence, numbers, sides[Side.MASKS], sides[Side.PREDICTIONS])


def _spread_indices(count: int, most: int | None) -> list[int]:
    kept = min(count, most or count)
    places: list[int] = np.linspace(0, count - 1, kept).astype(int).tolist()
    return places


def _thin_maps(maps: list[NDArray[np.int32]], side: int | None) -> Maps:
    if side is None:
        return maps
    # volumes of different sizes are thinned to what the smallest has along each axis
    counts = [min(side, *sizes) for sizes in zip(*(labels.shape for labels in maps), strict=True)]
    return [_thin(labels, counts) for labels in maps]


def _thin(labels: NDArray[np.int32], counts: list[int]) -> NDArray[np.int32]:
    places = map(find_centres, labels.shape, counts)
    return labels[np.ix_(*places)]


def _list_relabellings(evidence: Evidence) -> list[Relabelling]:
    return [
        step
        for finding in evidence.found
        if finding.repair
        for step in finding.repair.steps
        if isinstance(step, (Relabel, RelabelSome))
    ]


def _relabel(maps: Maps, samples: NDArray[np.int64], step: Relabelling) -> Maps:
    labels = np.stack(maps)
    repaired = step.apply_to(labels, samples, spatial=labels.ndim - 1)
    return list(repaired.astype(np.int32, copy=False))


def _number_classes(
    evidence: Evidence,
    samples: NDArray[np.int64],
    stored_true: Maps,
    stored_pred: Maps,
) -> Stack | Skipped:
    """Build the stack: number the classes of the truth from 0 without gaps."""
    num_classes, ignore = evidence.interpretation.num_classes, evidence.interpretation.ignore_index
    if evidence.sampled is not None and evidence.sampled.codes is not None:
        num_classes, ignore = evidence.sampled.codes, None
    true, pred = (_clip_labels(labels, num_classes) for labels in (stored_true, stored_pred))
    present = np.zeros(num_classes, dtype=bool)
    for own in true:
        present |= np.bincount(own.ravel(), minlength=num_classes + 1)[:num_classes] > 0
    if ignore is not None and 0 <= ignore < num_classes:
        present[ignore] = False
    classes = int(present.sum())
    if classes < 2:
        return Skipped("the masks that were kept hold fewer than two classes")
    if classes < num_classes:  # otherwise, they are numbered without gaps already
        number = np.full(num_classes + 1, classes, dtype=np.min_scalar_type(classes))
        number[:-1][present] = np.arange(classes)
        true, pred = number[true], number[pred]
    if pred.min() == pred.max():
        return Skipped("the predictions that were kept hold one class only")
    labels = tuple(np.flatnonzero(present).tolist())
    return Stack(samples, true, pred, classes, labels)


def _clip_labels(maps: Maps, num_classes: int) -> Ids:
    """Return label maps as one array, with `num_classes` for everything that is no class."""
    ids = np.empty((len(maps), *maps[0].shape), dtype=np.min_scalar_type(num_classes))
    for own, labels in zip(ids, maps, strict=True):
        # read as unsigned integers, negative labels are beyond the last class too
        np.minimum(labels.view(np.uint32), num_classes, out=own, casting="unsafe")
    return ids


def count_pairs(true: Ids, pred: Ids, classes: int) -> NDArray[np.int64]:
    """Count the (truth, prediction) pairs of each image, shape (n, classes, classes + 1)."""
    size = classes + 1
    # narrow numbers are several times faster to move and to multiply
    keys = np.multiply(true, size, dtype=np.min_scalar_type(size**2)) + pred
    images = keys.reshape(len(keys), -1)
    counts = [np.bincount(own, minlength=size**2) for own in images]
    return np.array(counts, dtype=np.int64).reshape(len(true), size, size)[:, :classes]


def compute_mean_iou(counts: NDArray[np.int64]) -> Scores:
    """Return the mean IoU over the classes of the truth.

    Args:
        counts: of (truth, prediction) pairs, shape (..., classes, classes + 1).
    """
    classes = counts.shape[-2]
    intersection = np.diagonal(counts, axis1=-2, axis2=-1)
    truth = counts.sum(axis=-1)
    union = truth + counts.sum(axis=-2)[..., :classes] - intersection
    iou = intersection / np.maximum(union, 1)
    present = truth > 0
    means: Scores = np.where(present, iou, 0.0).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)
    return means


def estimate_chance(counts: NDArray[np.int64]) -> float:
    """Return the mean IoU that these predictions would have in places that are left to chance.

    Args:
        counts: of (truth, prediction) pairs, shape (classes, classes + 1).
    """
    truth, predicted = counts.sum(axis=1), counts.sum(axis=0)[: len(counts)]
    both = truth * predicted / max(int(counts.sum()), 1)
    iou = both / np.maximum(truth + predicted - both, 1)
    return float(iou[truth > 0].mean()) if truth.any() else 0.0


def score_pairings(maps: Stack) -> NDArray[np.float32]:
    """Return the mean IoU of each truth (rows) with each prediction (columns), shape (n, n)."""
    n = len(maps)
    truths = maps.y_true.reshape(n, -1)
    predictions = maps.y_pred.reshape(n, -1)
    counts = (truths < maps.classes).astype(np.float32)
    total = np.zeros((n, n), dtype=np.float32)
    terms = np.zeros((n, 1), dtype=np.float32)
    for label in range(maps.classes):
        here = (truths == label).astype(np.float32)
        there = (predictions == label).astype(np.float32)
        size = here.sum(axis=1, keepdims=True)
        intersection = here @ there.T
        union = size + counts @ there.T - intersection
        total += np.where(size > 0, intersection / np.maximum(union, 1), 0)
        terms += size > 0
    total /= np.maximum(terms, 1)
    return total


def has_nothing_to_gain(evidence: Evidence) -> bool:
    """Return whether the arrays agree so well that no other alignment can be far better."""
    mean_iou = evidence.repaired.mean_iou
    return mean_iou is not None and mean_iou > MOST_IMPROVABLE_IOU


def count_different_masks(maps: Stack) -> int:
    """Count the masks that differ clearly from the one before them, and the first one.

    Similar frames of a video thereby count once, since they are not independent evidence.
    """
    if len(maps) < 2:
        return len(maps)
    alike = compute_mean_iou(count_pairs(maps.y_true[1:], maps.y_true[:-1], maps.classes))
    return 1 + int((alike < SAME_SCENE_IOU).sum())


def measure_roughness(maps: Ids) -> float:
    """Return the share of vertical and horizontal neighbours with different labels.

    Args:
        maps: label maps, shape (n, height, width).
    """
    down, right = maps[:, 1:] != maps[:, :-1], maps[:, :, 1:] != maps[:, :, :-1]
    return float(down.mean() + right.mean()) / 2

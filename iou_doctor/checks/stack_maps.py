"""Stack the sampled maps of the evidence, so that other alignments can be tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Ids, Stack
from iou_doctor.checks.suggested_code import are_other_channels
from iou_doctor.counts.map_samples import InterpretedProbe, LabelMaps, find_centres
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Skipped

Maps = list[NDArray[np.int32]]
"""Label maps of the same shape."""
Relabelling = Relabel | RelabelSome
Value = TypeVar("Value")
Scale = Literal["many", "fine", "crops", "whole"]
LARGE = 2**12
"""Pixels of a map from which it is worth looking for labels to clip first."""
VOLUME_AXES = 3
"""The number of spatial axes of a volume."""


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
    if are_other_channels(evidence):
        return Skipped("channels that overlap have no class ids, and their numbers differ")
    relabellings = _list_relabellings(evidence)
    read_as = evidence.interpretation.num_classes, evidence.interpretation.ignore_index
    key = scale, samples, side, read_as, tuple(map(repr, relabellings))
    if key not in sampled.stacks:
        scales = {"many": sampled.many, "fine": sampled.fine, "crops": sampled.crops}
        maps = (sampled.whole or sampled.fine) if scale == "whole" else scales[scale]
        sampled.stacks[key] = _stack(evidence, maps, relabellings, samples, side)
    return cast("Stack | Skipped", sampled.stacks[key])


def keep_for_all_rules(
    sampled: InterpretedProbe, source: object, build: Callable[[], Value]
) -> Value:
    """Return what `build` makes of an object that is itself kept, once for all rules."""
    key = build.__qualname__, id(source)
    if key not in sampled.stacks:
        sampled.stacks[key] = build()
    return cast("Value", sampled.stacks[key])


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
    shapes = {labels.shape for labels in maps}
    # volumes of different sizes are thinned to what the smallest has along each axis
    counts = tuple(min(side, *sizes) for sizes in zip(*shapes, strict=True))
    if shapes == {counts}:
        return maps
    places = {shape: [*map(find_centres, shape, counts)] for shape in shapes}
    return [_take_places(labels, places[labels.shape]) for labels in maps]


def _take_places(
    labels: NDArray[np.int32], places: Sequence[NDArray[np.intp]]
) -> NDArray[np.int32]:
    for axis, own in enumerate(places):  # a few times as quick as indexing by `np.ix_`
        labels = labels.take(own, axis)
    return labels


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
    present = np.zeros(num_classes + 1, dtype=bool)
    for own in true:
        present[own] = True
        if present[:num_classes].all():
            break
    present = present[:num_classes]
    if ignore is not None and 0 <= ignore < num_classes:
        present[ignore] = False
    classes = int(present.sum())
    if classes < 2:
        return Skipped("the masks that were kept hold fewer than two classes")
    if classes < num_classes:  # otherwise, they are numbered without gaps already
        number = np.full(num_classes + 1, classes, dtype=np.min_scalar_type(classes))
        number[:-1][present] = np.arange(classes)
        true, pred = number.take(true), number.take(pred)
    if pred.min() == pred.max():
        return Skipped("the predictions that were kept hold one class only")
    labels = tuple(np.flatnonzero(present).tolist())
    return Stack(samples, true, pred, classes, labels)


def _clip_labels(maps: Maps, num_classes: int) -> Ids:
    """Return label maps as one array, with `num_classes` for everything that is no class."""
    ids = np.empty((len(maps), *maps[0].shape), dtype=np.min_scalar_type(num_classes))
    for own, labels in zip(ids, maps, strict=True):
        # read as unsigned integers, negative labels are beyond the last class too
        unsigned = labels.view(np.uint32)
        if labels.size < LARGE or unsigned.max() > num_classes:
            np.minimum(unsigned, num_classes, out=own, casting="unsafe")
        else:  # nothing is to be clipped, which takes a third of the time
            own[...] = unsigned
    return ids

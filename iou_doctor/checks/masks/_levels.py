"""Numbers in masks that are an affine image of class ids, and the ids that they stand for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._mask_values import infer_num_classes
from iou_doctor.counts.label_decoding import decode_rounded, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.repairs.rescale import Rescale
from iou_doctor.repairs.step import Side

Codes = NDArray[np.int64]

FEWEST_LEVELS = 2
"""A single number says nothing of its id."""
LARGEST_DEVIATION = 0.1
"""How far the distances between numbers may be from whole multiples of the smallest one."""
LEAST_GAIN = 0.05
"""Minimum gain in the share of pixels that agree with the predictions."""
LEAST_AGREEING = 0.3
"""Minimum share of the pixels that must agree with the predictions if each image has numbers of its
own."""


@record
class Levels:
    """The numbers in the masks, and what they stand for."""

    values: tuple[float, ...]
    """In ascending order; those of the first image if each has its own."""
    ids: tuple[int, ...]
    """The id of each of these numbers."""
    step: Rescale
    relabel: Callable[[PairCounts], PairCounts]
    by_image: bool = False
    """Whether each image has numbers of its own."""
    odd: tuple[int, ...] = ()
    """The images with such numbers if the others hold ids."""


def find_levels(evidence: Evidence) -> Levels | None:
    """Return the numbers in the masks if they are an affine image of ids, but no ids."""
    pairs = evidence.by_value or _list_negative_labels(evidence)
    if pairs is None or not len(pairs):
        return None
    decode = decode_rounded if evidence.by_value else _convert_to_floats
    classes = infer_num_classes(evidence)
    pooled = pairs.pool()
    found = _fit(pooled, decode, classes)
    if found is None:
        return _find_in_each_image(pairs, decode, classes) if evidence.by_value else None
    codes, ids = found
    values = decode(codes)
    if not _is_gain(evidence, pooled, codes, ids):
        return None
    distance = float((values[-1] - values[0]) / (ids[-1] - ids[0]))
    return Levels(
        values=tuple(values.tolist()),
        ids=tuple(ids.tolist()),
        step=Rescale(Side.MASKS, float(values[0]), distance, int(ids[0])),
        relabel=lambda table: table.relabel(truth=lambda labels: _map(labels, codes, ids)),
    )


def _list_negative_labels(evidence: Evidence) -> PairCounts | None:
    """Return the label pairs of two classes stored as two whole numbers, one of them negative."""
    if evidence.interpretation.y_true is not Encoding.LABELS or infer_num_classes(evidence) != 2:
        return None
    labels = list(evidence.pairs.count_truths())
    negative = len(labels) == FEWEST_LEVELS and labels[0] < 0 < labels[1]
    return evidence.pairs if negative and not any(map(is_no_class, labels)) else None


def _convert_to_floats(labels: Codes) -> NDArray[np.float64]:
    return labels.astype(np.float64)


def _map(labels: Codes, codes: Codes, ids: Codes) -> Codes:
    """Return labels with the id of each code; other labels stay."""
    place = np.searchsorted(codes, labels).clip(max=len(codes) - 1)
    return np.where(codes[place] == labels, ids[place], labels)


def _fit(
    pairs: PairCounts, decode: Callable[[Codes], NDArray[np.float64]], classes: int
) -> tuple[Codes, Codes] | None:
    """Return the codes in ascending order and their ids; `None` if they are no image of ids."""
    codes = np.array(list(pairs.count_truths()), dtype=np.int64)
    if not FEWEST_LEVELS <= len(codes) <= classes or is_no_class(codes).any():
        return None
    values = decode(codes)
    gaps = np.diff(values)
    multiples = gaps / gaps.min()
    if not multiples.sum() < classes * (1 + LARGEST_DEVIATION):  # huge, or not finite
        return None
    if np.abs(multiples - np.rint(multiples)).max() > LARGEST_DEVIATION:
        return None
    ranks = np.concatenate([[0], np.rint(multiples).cumsum()]).astype(np.int64)
    if ranks[-1] >= classes:
        return None
    candidates = [
        ranks * stride + first
        for stride in range(1, (classes - 1) // int(ranks[-1]) + 1)
        for first in range(classes - int(ranks[-1]) * stride)
    ]
    return codes, max(candidates, key=lambda ids: _count_agreeing(pairs, codes, ids))


def _count_agreeing(pairs: PairCounts, codes: Codes, ids: Codes) -> int:
    return int(pairs.count[_map(pairs.truth, codes, ids) == pairs.prediction].sum())


def _is_gain(evidence: Evidence, pairs: PairCounts, codes: Codes, ids: Codes) -> bool:
    """Return whether the ids agree with the predictions in far more pixels than the masks do."""
    given = evidence.pairs.pool()
    before = int(given.count[given.truth == given.prediction].sum())
    is_odd = evidence.by_value is not None and evidence.stats.y_true.fractional > 0
    after = _count_agreeing(pairs, codes, ids)
    return is_odd or after >= before + LEAST_GAIN * pairs.total


def _find_in_each_image(
    pairs: PairCounts, decode: Callable[[Codes], NDArray[np.float64]], classes: int
) -> Levels | None:
    """Return the numbers of each image, if those of every image are an affine image of ids."""
    images = np.unique(pairs.image, return_index=True)[0].tolist()
    table: dict[tuple[int, int], int] = {}
    first: tuple[Codes, Codes] | None = None
    agreeing, odd = 0, []
    for image in images:
        own = pairs.keep_rows(pairs.image == image)
        ids = _read_ids(own, decode, classes)
        found = ids or _fit(own, decode, classes) or _name_one_level(own)
        if found is None:
            return None
        agreeing += _count_agreeing(own, *found)
        if ids is None:
            odd.append(image)
            first = first or (found if len(found[0]) > 1 else None)
        table.update(((image, int(code)), int(label)) for code, label in zip(*found, strict=True))
    if first is None or agreeing < LEAST_AGREEING * pairs.total:
        return None

    keys = zip(pairs.image.tolist(), pairs.truth.tolist(), strict=True)
    mapped = PairCounts.from_rows(
        image=pairs.image,
        truth=np.array([table[key] for key in keys], dtype=np.int64),
        prediction=pairs.prediction,
        count=pairs.count,
    )
    return Levels(
        values=tuple(decode(first[0]).tolist()),
        ids=tuple(first[1].tolist()),
        step=Rescale(Side.MASKS, 0.0, 1.0),
        relabel=lambda _: mapped,
        by_image=True,
        odd=tuple(odd) if len(odd) < len(images) else (),
    )


def _read_ids(
    pairs: PairCounts, decode: Callable[[Codes], NDArray[np.float64]], classes: int
) -> tuple[Codes, Codes] | None:
    """Return the codes of an image and the ids that they are; `None` if some are no ids."""
    codes = np.array(list(pairs.count_truths()), dtype=np.int64)
    if is_no_class(codes).any():
        return None
    values = decode(codes)
    are_ids = ((values == np.rint(values)) & (values >= 0) & (values < classes)).all()
    return (codes, values.astype(np.int64)) if are_ids else None


def _name_one_level(pairs: PairCounts) -> tuple[Codes, Codes] | None:
    """Return the only code of an image, and the class that most of its pixels are predicted as."""
    codes = np.array(list(pairs.count_truths()), dtype=np.int64)
    if len(codes) != 1 or is_no_class(codes).any():
        return None
    predictions = pairs.count_predictions()
    return codes, np.array([max(predictions, key=lambda label: predictions[label])])

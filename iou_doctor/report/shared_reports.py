"""Compare two JSON reports on the samples that both have, if their samples differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import UsageError
from iou_doctor.ledger.difference import ClassChange, Difference, SampleChange
from iou_doctor.ledger.image_areas import ImageAreas
from iou_doctor.ledger.interval import estimate_change
from iou_doctor.ledger.stored_areas import StoredAreas
from iou_doctor.record import record
from iou_doctor.report.comparison import list_left_out
from iou_doctor.safety.safe_text import escape_name

MOST_NAMES = 3
"""The number of samples with other masks that are named."""


@record(eq=False)
class SharedAreas:
    """The areas of the samples that two reports share, in one order."""

    names: tuple[str, ...]
    areas: tuple[ImageAreas, ImageAreas]
    left_out: tuple[tuple[str, ...], tuple[str, ...]]
    """The names of the samples that only one report has."""


def find_shared_areas(
    before: StoredAreas | None, after: StoredAreas | None, *, same_void: bool
) -> SharedAreas | None:
    """Return the areas of the samples that two reports share, if each or one of them has others.

    `None` if both are of the same samples, or if that is unknown. It is known if both hold the
    names of their samples, and as many classes.

    Args:
        before: the areas of the one report.
        after: the areas of the other.
        same_void: whether both ignore the same label, so that masks can be compared.

    Raises:
        UsageError: samples of the same name have other masks, or a repair has changed them.
    """
    if before is None or after is None or not before.names or not after.names:
        return None
    if before.areas.shape[2] != after.areas.shape[2]:
        return None
    place = {name: number for number, name in enumerate(after.names)}
    shared = [(number, place[name]) for number, name in enumerate(before.names) if name in place]
    left_out = list_left_out(before.names, after.names)
    if not shared or not any(left_out):
        return None
    others = [before.names[n] for n, m in shared if before.truths[n] != after.truths[m]]
    if others and same_void:
        names = ", ".join(f"`{escape_name(name)}`" for name in others[:MOST_NAMES])
        more = f" and {len(others) - MOST_NAMES:,} more" if len(others) > MOST_NAMES else ""
        raise UsageError(
            "the two reports are of other masks, or read them in other ways: the pixels of the"
            f" classes differ in {names}{more}; give two reports on the same masks, read alike"
        )
    first, second = np.array(shared).T
    return SharedAreas(
        tuple(before.names[number] for number in first),
        (_select(before, first), _select(after, second)),
        left_out,
    )


def _select(areas: StoredAreas, samples: NDArray[np.int64]) -> ImageAreas:
    own = areas.restore().areas[:, samples]
    seen = own[0] > 0
    return ImageAreas(own, int(seen.any(axis=1).sum()), seen.sum(axis=0))


def subtract_shared(shared: SharedAreas, confidence: float) -> Difference | None:
    """Return the difference on these samples, by class and sample; `None` if it is undefined.

    The reports do not hold the class pairs of single samples, so it has none.
    """
    totals = [areas.areas[:2].sum(axis=1) for areas in shared.areas]
    if any(not union.any() for union, _ in totals):
        return None
    ious = [_divide(both, union) for union, both in totals]
    means = float(np.nanmean(ious[0])), float(np.nanmean(ious[1]))
    gains = _price(shared.areas[0]) - _price(shared.areas[1])
    one, other = (areas.areas[:2] for areas in shared.areas)
    changed = (one != other).any(axis=(0, 2))
    rest, gains = float(gains[~changed].sum()), np.where(changed, gains, 0.0)
    intervals = estimate_change(*shared.areas, confidence)
    order = [one for one in np.argsort(-np.abs(gains), kind="stable").tolist() if gains[one]]
    return Difference(
        mean_iou=means,
        pairs=(),
        other_pairs=means[1] - means[0],
        classes=tuple(
            ClassChange(one, (_get(ious[0], one), _get(ious[1], one)), intervals.classes.get(one))
            for one in range(len(ious[0]))
        ),
        samples=tuple(SampleChange(one, shared.names[one], float(gains[one])) for one in order),
        other_samples=rest,
        better=int((gains > 0).sum()),
        worse=int((gains < 0).sum()),
        won=float(gains[gains > 0].sum()),
        lost=float(gains[gains < 0].sum()),
        interval=intervals.mean,
    )


def _divide(both: NDArray[np.int64], union: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(union > 0, both / np.maximum(union, 1), np.nan)


def _price(areas: ImageAreas) -> NDArray[np.float64]:
    """Return the points of each sample, shape (samples,)."""
    union, both = areas.areas[:2]
    total = union.sum(axis=0)
    each = (total > 0) / np.maximum(total, 1) / np.count_nonzero(total)
    points: NDArray[np.float64] = (union - both) @ each
    return points


def _get(ious: NDArray[np.float64], class_id: int) -> float | None:
    return None if np.isnan(ious[class_id]) else float(ious[class_id])

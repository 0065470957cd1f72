"""Price the kinds of errors: edges, parts of things that were found, and whole things."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.error_kinds import KINDS, SIDE_BITS, Kind
from iou_doctor.counts.kind_counts import KindCounts, RegionCounts
from iou_doctor.counts.sorted_rows import Counts, sum_duplicates
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.ledger import ClassPrice, KindPoints, Ledger, SizePrice
from iou_doctor.ledger.prices import NO_CLASS, Prices
from iou_doctor.record import record

BUCKETS = 4
"""The number of buckets of region sizes, with about as many regions each."""
SLOTS = len(Kind)
"""The number of kinds, that of right pixels included."""


@record
class PricedKinds:
    """The wrong pixels of the counted classes, shape (rows,) each."""

    image: NDArray[np.int64]
    truth: NDArray[np.int64]
    prediction: NDArray[np.int64]
    """The predicted class, or `NO_CLASS`."""
    count: Counts
    missed: NDArray[np.int64]
    """The `Kind` as a miss of the true class."""
    alarm: NDArray[np.int64]
    """The `Kind` as a false alarm of the predicted class."""

    @classmethod
    def of(cls, kinds: KindCounts, counted: Counted, prices: Prices) -> PricedKinds:
        """Return the rows whose true class counts."""
        truth, prediction, code = kinds.pairs.truth, kinds.prediction, kinds.code
        known = (truth >= 0) & (truth < len(counted.score.per_class))
        if counted.ignore_index is not None:
            known &= truth != counted.ignore_index
        prediction = np.where(prices.look_up(prediction) > 0, prediction, NO_CLASS)
        columns = (kinds.pairs.image, truth, prediction, kinds.pairs.count)
        both = code & (SLOTS - 1), code >> SIDE_BITS
        return cls(*(column[known] for column in (*columns, *both)))

    def add_up(self, keys: NDArray[np.int64], prices: Prices, size: int) -> NDArray[np.float64]:
        """Return the points of both sides by key and kind, shape (size, 4).

        Args:
            keys: a number below `size` for each row.
            prices: the prices of wrong pixels.
            size: the number of keys.
        """
        missed = self.add_up_side(keys, prices.look_up(self.truth), self.missed, size)
        return missed + self.add_up_side(keys, prices.look_up(self.prediction), self.alarm, size)

    def add_up_side(
        self,
        keys: NDArray[np.int64],
        price: NDArray[np.float64],
        kind: NDArray[np.int64],
        size: int,
    ) -> NDArray[np.float64]:
        """Return the points of one side by key and kind, shape (size, 4)."""
        cells = keys * SLOTS + kind
        points = np.bincount(cells, self.count * price, size * SLOTS).astype(np.float64)
        return points.reshape(size, SLOTS)


def _match(rows: PricedKinds, counted: Counted, prices: Prices) -> bool:
    """Return whether the kinds are those of all pixels that were counted as wrong."""
    table = counted.scored
    wrong = table.keep_rows(table.truth != table.prediction)
    prediction = np.where(prices.look_up(wrong.prediction) > 0, wrong.prediction, NO_CLASS)
    if not len(wrong) or not len(rows.count):
        return len(wrong) == len(rows.count)
    expected = sum_duplicates((wrong.image, wrong.truth, prediction), wrong.count)
    found = sum_duplicates((rows.image, rows.truth, rows.prediction), rows.count)
    return all(
        np.array_equal(one, other)
        for one, other in zip((*expected[0], expected[1]), (*found[0], found[1]), strict=True)
    )


def price_kinds(ledger: Ledger, kinds: KindCounts, counted: Counted) -> Ledger | None:
    """Return the ledger with the kinds of errors and the sizes of regions.

    `None` if the kinds are not those of exactly the pixels that the ledger is of.

    Args:
        ledger: the prices of all wrong pixels.
        kinds: their kinds.
        counted: the label pairs and the score that the ledger is of.
    """
    prices = Prices.of(counted.score)
    rows = PricedKinds.of(kinds, counted, prices)
    if not _match(rows, counted, prices):
        return None
    classes = len(counted.score.per_class)
    span = classes + 1  # one more than the classes: the place of `NO_CLASS`
    keys, number = np.unique(rows.truth * span + rows.prediction % span, return_inverse=True)
    by_pair = dict(zip(keys.tolist(), rows.add_up(number, prices, len(keys)), strict=True))
    images = np.array([sample.sample for sample in ledger.samples], dtype=np.int64)
    order = np.argsort(images)
    by_image = _add_up_images(rows, prices, images[order])[np.argsort(order)]
    missed = rows.add_up_side(rows.truth, prices.look_up(rows.truth), rows.missed, span)
    alarms = rows.add_up_side(
        rows.prediction % span, prices.look_up(rows.prediction), rows.alarm, span
    )
    return replace(
        ledger,
        pairs=tuple(
            replace(pair, kinds=_name(by_pair[pair.truth * span + _place(pair.prediction, span)]))
            for pair in ledger.pairs
        ),
        by_class=tuple(
            _add_to_class(one, missed, alarms, kinds.regions) for one in ledger.by_class
        ),
        samples=tuple(
            replace(sample, kinds=_name(points))
            for sample, points in zip(ledger.samples, by_image, strict=True)
        ),
        by_kind=_name(missed.sum(axis=0) + alarms.sum(axis=0)),
        widths=kinds.widths,
        sizes=tuple(_price_sizes(kinds.regions, prices)),
    )


def _place(prediction: int | None, span: int) -> int:
    return span - 1 if prediction is None else prediction


def _name(points: NDArray[np.float64]) -> KindPoints:
    return KindPoints(*(float(points[kind]) for kind in KINDS))


def _add_up_images(
    rows: PricedKinds, prices: Prices, images: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the points of some images by kind, shape (images, 4); the images are ascending."""
    if not len(images):
        return np.zeros((0, SLOTS))
    place = np.searchsorted(images, rows.image).clip(0, len(images) - 1)
    keys = np.where(images[place] == rows.image, place, len(images))
    return rows.add_up(keys, prices, len(images) + 1)[:-1]


def _add_to_class(
    one: ClassPrice,
    missed: NDArray[np.float64],
    alarms: NDArray[np.float64],
    regions: RegionCounts,
) -> ClassPrice:
    own = regions.label == one.id
    return replace(
        one,
        missed_kinds=_name(missed[one.id]),
        false_alarm_kinds=_name(alarms[one.id]),
        regions=int(regions.regions[own].sum()),
        lost_regions=int(regions.lost[own].sum()),
    )


def _price_sizes(regions: RegionCounts, prices: Prices) -> Iterator[SizePrice]:
    """Yield what the misses of regions cost, by size; regions of one size stay together."""
    price = prices.look_up(regions.label)
    counts = price > 0
    order = np.argsort(regions.pixels[counts], kind="stable")
    pixels, number, found, lost = (
        column[counts][order]
        for column in (regions.pixels, regions.regions, regions.found, regions.lost)
    )
    points = (pixels * number - found) * price[counts][order]
    if not len(pixels):
        return
    total, first = np.cumsum(number), 0
    for bucket in range(1, BUCKETS + 1):
        middle = np.searchsorted(total, bucket * total[-1] / BUCKETS)
        last = int(np.searchsorted(pixels, pixels[min(middle, len(pixels) - 1)], side="right"))
        if last == first:
            continue
        some, first = slice(first, last), last
        yield SizePrice(
            smallest=int(pixels[some][0]),
            largest=int(pixels[some][-1]),
            regions=int(number[some].sum()),
            pixels=int((pixels * number)[some].sum()),
            found=int(found[some].sum()),
            lost=int(lost[some].sum()),
            points=float(points[some].sum()),
        )

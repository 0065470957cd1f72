"""The charts of a page: where the points go, the confusion of classes, and a histogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger.ledger import Ledger
from iou_doctor.ledger.prices import NO_CLASS, Prices
from iou_doctor.metrics.score import Score
from iou_doctor.record import record
from iou_doctor.render.shared.rounded_parts import round_parts
from iou_doctor.render.shared.wording import name_class
from iou_doctor.report.gallery import ImageScores

MOST_PARTS = 6
"""The number of class pairs that the bar shows one by one."""
LEAST_PART = 0.004
"""Smaller parts of the bar could not be seen."""
ROUNDING = 1e-9
"""A rest that is smaller is none."""
MOST_CLASSES = 30
"""The number of classes that a heat map shows; the dearest if there are more."""
NUMBERED = 12
"""The number of classes up to which the numbers in a heat map have a decimal."""
BINS = 20
"""The number of bars of a histogram."""
LEVELS = 8
"""The number of shades of a heat map, without that of nothing."""


@record
class Part:
    """One part of the bar."""

    kind: str
    """The class of its style: `reached`, `part1` and so on, or `rest`."""
    text: str
    points: float

    @property
    def width(self) -> str:
        """The share of the bar in per cent."""
        return f"{100 * self.points:.3f}"


@record
class Cell:
    """One cell of a heat map."""

    text: str
    level: int
    """The shade, from 0 for nothing to `LEVELS`."""
    title: str


@record
class HeatMap:
    """A table of classes: rows are truths, columns predictions."""

    names: tuple[str, ...]
    heads: tuple[str, ...]
    """The names of the columns, one more if some predictions are no class or another one."""
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int
    """The number of classes that are left out."""

    @property
    def is_dense(self) -> bool:
        """Whether the cells are too many for a number with decimals in each."""
        return len(self.names) > NUMBERED


@record
class Bar:
    """One bar of a histogram."""

    x: float
    y: float
    width: float
    height: float
    title: str
    level: str
    """`low`, `middle` or `high`, the colour of its scores."""


def split_points(ledger: Ledger, mean_iou: float, names: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts of a bar of length 1: what is reached, what costs most, and the rest.

    Class pairs are shown, or classes if the dearest pairs are less than half of what is missing.

    Args:
        ledger: the account.
        mean_iou: what is reached.
        names: the names of the classes.
    """
    missing, what = 1 - mean_iou, "class pairs"
    shown = [
        (
            f"{name_class(pair.truth, names)} predicted as {name_class(pair.prediction, names)}",
            pair.points,
        )
        for pair in ledger.pairs[:MOST_PARTS]
        if pair.points >= LEAST_PART
    ]
    if sum(points for _, points in shown) < missing / 2:
        what = "classes"
        dearest = sorted(ledger.by_class, key=lambda one: (-one.points, one.id))
        shown = [(f"on {name_class(one.id, names)}", one.points) for one in dearest[:MOST_PARTS]]
    parts = [Part(f"part{place + 1}", text, points) for place, (text, points) in enumerate(shown)]
    rest = missing - sum(points for _, points in shown)
    if rest > ROUNDING:
        parts.append(Part("rest", f"all other {what}", rest))
    return Part("reached", "mean IoU reached", mean_iou), *_round(parts, missing)


def _round(parts: list[Part], missing: float) -> list[Part]:
    """Return parts that add up to what is missing as they are printed."""
    rounded = round_parts([one.points for one in parts], missing)
    return [replace(one, points=points) for one, points in zip(parts, rounded, strict=True)]


def split_kinds(ledger: Ledger, mean_iou: float) -> tuple[Part, ...]:
    """Return the parts of a bar of length 1 by the kind of error; none if kinds are not known."""
    kinds = ledger.by_kind
    if kinds is None:
        return ()
    rest = ledger.missing - kinds.boundary - kinds.extent - kinds.segment
    parts = [
        Part("edges", "edges of what was found", kinds.boundary),
        Part("extents", "parts of objects", kinds.extent),
        Part("wholes", "whole objects", kinds.segment),
        *([Part("rest", "other errors", rest)] if rest > ROUNDING else []),
    ]
    return Part("reached", "mean IoU reached", mean_iou), *_round(parts, ledger.missing)


def build_heat_maps(
    pairs: PairCounts, score: Score, ledger: Ledger, names: Sequence[str]
) -> tuple[HeatMap, HeatMap]:
    """Return the confusion of the classes in points, and in per cent of the truth.

    Args:
        pairs: the counted label pairs of all images together.
        score: their score.
        ledger: their account.
        names: the names of the classes.
    """
    prices = {entry.id: entry.points for entry in ledger.by_class}
    dearest = sorted(prices, key=lambda one: (-prices[one], one))
    chosen = sorted(dearest[:MOST_CLASSES])
    points, pixels = _fill_tables(pairs, Prices.of(score), chosen)
    heads = [name_class(one, names) for one in chosen]
    has_others = bool(pixels[:, -1].any())
    columns = [*heads, "other"] if has_others else heads
    if not has_others:
        points, pixels = points[:, :-1], pixels[:, :-1]
    left_out = len(dearest) - len(chosen)
    shares = 100 * pixels / np.maximum(pixels.sum(axis=1, keepdims=True), 1)
    return (
        HeatMap(tuple(heads), tuple(columns), _shade(100 * points, heads, columns, ""), left_out),
        HeatMap(tuple(heads), tuple(columns), _shade(shares, heads, columns, " %"), left_out),
    )


def _fill_tables(
    pairs: PairCounts, prices: Prices, chosen: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points and pixels, shape (classes, classes + 1); the last column is for all others."""
    place = {one: at for at, one in enumerate(chosen)}
    points, pixels = (np.zeros((len(chosen), len(chosen) + 1)) for _ in range(2))
    last = len(chosen)
    for truth, prediction, count in zip(
        pairs.truth.tolist(), pairs.prediction.tolist(), pairs.count.tolist(), strict=True
    ):
        if truth in place:
            pixels[place[truth], place.get(prediction, last)] += count
    for truth, prediction, _, price in zip(*prices.price_all_pairs(pairs), strict=True):
        if int(truth) in place:
            column = last if prediction == NO_CLASS else place.get(int(prediction), last)
            points[place[int(truth)], column] += price
    return points, pixels


def _shade(
    values: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str], unit: str
) -> tuple[tuple[Cell, ...], ...]:
    most = float(values.max(initial=0.0))
    has_decimals = len(rows) <= NUMBERED

    def make(truth: str, prediction: str, value: float) -> Cell:
        share = (value / most) ** 0.5 if most else 0.0
        level = 0 if value < 0.005 else max(1, round(LEVELS * share))
        if has_decimals:
            text = f"{value:.1f}" if value >= 0.05 else ""
        else:
            text = f"{value:.0f}" if value >= 0.5 else ""
        return Cell(text, level, f"{truth} predicted as {prediction}: {value:.2f}{unit}")

    return tuple(
        tuple(make(row, column, float(value)) for column, value in zip(columns, line, strict=True))
        for row, line in zip(rows, values, strict=True)
    )


def build_histogram(images: ImageScores, *, width: float, height: float) -> tuple[Bar, ...]:
    """Return the bars of a histogram of the mean IoUs of images.

    Args:
        images: the scores.
        width: of the drawing.
        height: of the drawing.
    """
    places = np.minimum((images.mean_iou * BINS + 1e-9).astype(int), BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    most, step = int(counts.max()), width / BINS
    return tuple(
        Bar(
            x=round(at * step + 1, 2),
            y=round(height - height * count / most, 2),
            width=round(step - 2, 2),
            height=round(height * count / most, 2),
            title=f"{at / BINS:.2f} to {(at + 1) / BINS:.2f}: {count:,}",
            level=grade(at / BINS),
        )
        for at, count in enumerate(counts.tolist())
        if count
    )


def grade(score: float | None) -> str:
    """Return `low`, `middle` or `high`, which choose a colour; empty without a score."""
    if score is None:
        return ""
    return "high" if score >= 0.75 else "middle" if score >= 0.5 else "low"

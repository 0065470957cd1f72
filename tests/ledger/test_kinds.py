"""Kinds of errors add up to what is missing, exactly, in every cut."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.counts.error_kinds import KINDS, Kind
from iou_doctor.counts.kind_counts import KindCounts
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.kinds import price_kinds
from iou_doctor.ledger.prices import build_ledger
from iou_doctor.metrics.score import compute_score
from iou_doctor.scan.count_kinds import count_kinds
from iou_doctor.scan.error_kinds import find_error_kinds
from iou_doctor.scan.numpy.pair_counts import count_pairs

CLASSES, VOID = 3, 255
LABELS = np.array([0, 1, 2, VOID, 7])
"""Three classes, void, and a label that is no class."""


def draw_maps(seed: int):
    rng = np.random.default_rng(seed)
    shape = (4, 36, 48)
    y_true = LABELS[rng.integers(0, rng.integers(1, 6), (4, 6, 8))].repeat(6, 1).repeat(6, 2)
    y_pred = np.where(rng.random(shape) < 0.1, LABELS[rng.integers(0, 5, shape)], y_true)
    return y_true, np.roll(y_pred, 1, 1)


def count(y_true, y_pred, ignore) -> tuple[Counted, KindCounts]:
    n = len(y_true)
    pairs = count_pairs(
        y_true=y_true.reshape(n, -1), y_pred=y_pred.reshape(n, -1), samples=np.arange(n)
    )
    score = compute_score(pairs=pairs, num_classes=CLASSES, ignore_index=ignore)
    return Counted(pairs, score, ignore), count_kinds(np.arange(n), y_true, y_pred)


def account(counted: Counted, kinds: KindCounts):
    ledger = build_ledger(
        counted.pairs, counted.score, ignore_index=counted.ignore_index, of="as-stored"
    )
    return ledger if ledger is None else price_kinds(ledger, kinds, counted)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([None, VOID, 1]))
def test_kinds_are_exact_fractions_that_add_up_to_what_is_missing(seed, ignore):
    y_true, y_pred = draw_maps(seed)
    counted, kinds = count(y_true, y_pred, ignore)
    if counted.score.mean_iou is None:
        return
    unions = {
        one.id: one.truth_pixels + one.predicted_pixels - one.intersection
        for one in counted.score.per_class
        if one.iou is not None
    }
    ious = [
        Fraction(one.intersection, unions[one.id])
        for one in counted.score.per_class
        if one.id in unions
    ]
    exact = dict.fromkeys(KINDS, Fraction(0))
    for truth, prediction in zip(y_true, y_pred, strict=True):
        found = find_error_kinds(truth, prediction)
        counts = np.isin(truth, range(CLASSES)) & (truth != ignore)
        for place in np.argwhere(counts & (truth != prediction)):
            at = tuple(place)
            for label, kind in (
                (truth[at], found.missed[at]),
                (prediction[at], found.false_alarms[at]),
            ):
                if label in unions:
                    exact[Kind(kind)] += Fraction(1, unions[label] * len(unions))
    assert sum(exact.values()) == 1 - sum(ious) / len(ious)
    by_kind = account(counted, kinds).by_kind
    assert [by_kind.boundary, by_kind.extent, by_kind.segment] == pytest.approx(
        [float(exact[kind]) for kind in KINDS], abs=1e-12
    )


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.sampled_from([None, VOID]))
def test_every_cut_has_the_same_kinds(seed, ignore):
    counted, kinds = count(*draw_maps(seed), ignore)
    ledger = account(counted, kinds)
    if ledger is None:
        return
    for cut in (ledger.pairs, ledger.by_class, ledger.samples):
        for one in cut:
            own = one.kinds
            assert own.boundary + own.extent + own.segment == pytest.approx(one.points, abs=1e-12)
        for kind in ("boundary", "extent", "segment"):
            total = sum(getattr(one.kinds, kind) for one in cut)
            assert total == pytest.approx(getattr(ledger.by_kind, kind), abs=1e-12)
    missed = sum(entry.missed for entry in ledger.by_class)
    assert sum(one.points for one in ledger.sizes) == pytest.approx(missed, abs=1e-12)
    assert sum(one.regions for one in ledger.sizes) == sum(
        entry.regions for entry in ledger.by_class
    )
    assert sum(one.lost for one in ledger.sizes) == sum(
        entry.lost_regions for entry in ledger.by_class
    )


def test_sizes_are_quarters_of_the_regions_and_equal_sizes_stay_together():
    y_true = np.zeros((1, 9, 40), dtype=np.uint8)
    for place, size in enumerate((1, 1, 1, 2, 3, 4, 9)):  # the last one cuts the background in two
        y_true[0, :size, 2 + 5 * place] = 1
    y_pred = y_true.copy()
    y_pred[0, :, 2] = y_pred[0, 0, 27] = 0
    counted, kinds = count(y_true, y_pred, None)
    sizes = account(counted, kinds).sizes
    spans = [(one.smallest, one.largest, one.regions) for one in sizes]
    assert spans == [(1, 1, 3), (2, 3, 2), (4, 9, 2), (63, 276, 2)]
    assert [one.found for one in sizes] == [2, 5, 12, 339]
    assert [one.lost for one in sizes] == [1, 0, 0, 0]
    assert [one.recall for one in sizes] == pytest.approx([2 / 3, 1, 12 / 13, 1])


def test_kinds_of_other_pixels_do_not_match():
    y_true, y_pred = draw_maps(3)
    counted, kinds = count(y_true, y_pred, None)
    assert account(counted, kinds) is not None
    assert account(counted, count(y_true, np.roll(y_pred, 1, 0), None)[1]) is None
    right, none = count(y_true, y_true, None)
    assert account(counted, none) is None
    assert account(right, none) is not None

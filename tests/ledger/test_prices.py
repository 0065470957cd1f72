"""The ledger adds up, merges, and prices as the definitions say."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger import prices
from iou_doctor.ledger.prices import Prices, build_ledger
from iou_doctor.metrics.score import compute_score

CLASSES, VOID, FOREIGN = 4, 3, 9
ROWS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from([0, 1, 2, VOID, FOREIGN]),
        st.sampled_from([0, 1, 2, VOID, FOREIGN, -1]),
        st.integers(1, 10**6),
    ),
    min_size=1,
    max_size=30,
)


def make_table(rows) -> PairCounts:
    image, truth, prediction, count = (
        np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)
    )
    return PairCounts.from_rows(image=image, truth=truth, prediction=prediction, count=count)


def account(table, *, classes=CLASSES, ignore=None):
    score = compute_score(pairs=table, num_classes=classes, ignore_index=ignore)
    return score, build_ledger(table, score, ignore_index=ignore, of="as-stored")


@given(ROWS, st.sampled_from([None, VOID]))
def test_every_cut_adds_up_to_what_is_missing(rows, ignore):
    score, ledger = account(make_table(rows), ignore=ignore)
    if score.mean_iou is None:
        assert ledger is None
        return
    assert ledger.missing == 1 - score.mean_iou
    cuts = (
        sum(pair.points for pair in ledger.pairs) + ledger.other_pairs,
        sum(entry.points for entry in ledger.by_class),
        sum(sample.points for sample in ledger.samples) + ledger.other_samples,
    )
    assert cuts == pytest.approx((ledger.missing,) * 3, abs=1e-12)


@given(ROWS, st.sampled_from([None, VOID]))
def test_an_image_costs_what_its_wrong_pixels_cost(rows, ignore):
    table = make_table(rows)
    score, ledger = account(table, ignore=ignore)
    if ledger is None:
        return
    each = Prices.of(score).look_up(np.arange(-1, FOREIGN + 1))
    points = dict.fromkeys(table.image.tolist(), 0.0)
    for image, truth, prediction, count in zip(
        table.image, table.truth, table.prediction, table.count, strict=True
    ):
        if truth != prediction and truth < CLASSES and truth != ignore:
            points[int(image)] += count * (each[truth + 1] + each[prediction + 1])
    wrong = {image: own for image, own in points.items() if own}
    assert {one.sample: one.points for one in ledger.samples} == pytest.approx(wrong)


@given(ROWS)
def test_prices_are_exact_fractions_of_the_unions(rows):
    score, ledger = account(make_table(rows))
    if ledger is None:
        return
    unions = {
        one.id: one.truth_pixels + one.predicted_pixels - one.intersection
        for one in score.per_class
        if one.iou is not None
    }
    points = [
        pair.pixels
        * (Fraction(1, unions[pair.truth]) + Fraction(pair.prediction in unions)
           / unions.get(pair.prediction, 1))
        / len(unions)
        for pair in ledger.pairs
    ]  # fmt: skip
    right = sum(Fraction(score.per_class[one].intersection, unions[one]) for one in unions)
    assert sum(points) == 1 - right / len(unions)
    assert [pair.points for pair in ledger.pairs] == pytest.approx([float(one) for one in points])


@given(ROWS, st.integers(0, 30))
def test_any_split_of_the_data_gives_the_same_ledger(rows, at):
    whole = make_table(rows)
    parts = [make_table(part) for part in (rows[:at], rows[at:]) if part]
    assert account(PairCounts.merge(parts)) == account(whole)


def test_the_worth_of_a_pair_is_the_gain_of_arrays_with_these_pixels_right():
    metrics = pytest.importorskip("sklearn.metrics", reason="compares with scikit-learn")
    rng = np.random.default_rng(0)
    masks = rng.integers(0, 4, 400)
    predictions = np.where(rng.random(400) < 0.5, masks, rng.integers(0, 5, 400))
    rows = [(0, int(t), int(p), 1) for t, p in zip(masks, predictions, strict=True)]
    score, ledger = account(make_table(rows), classes=5)
    assert {pair.prediction for pair in ledger.pairs} == {0, 1, 2, 3, 4}
    for pair in ledger.pairs:
        wrong = (masks == pair.truth) & (predictions == pair.prediction)
        edited = np.where(wrong, masks, predictions)
        after = metrics.jaccard_score(masks, edited, average="macro")
        assert pair.pixels == wrong.sum()
        assert pair.worth == pytest.approx(after - score.mean_iou, abs=1e-12)


def test_a_class_that_only_the_wrong_pixels_are_predicted_as_leaves_the_mean():
    _, ledger = account(make_table([(0, 0, 0, 6), (0, 0, 1, 2)]))
    (pair,) = ledger.pairs
    assert (pair.points, pair.worth) == pytest.approx((1 - 0.375, 1 - 0.375))


def test_predictions_that_are_no_class_are_one_entry():
    _, ledger = account(make_table([(0, 0, 0, 6), (0, 0, FOREIGN, 1), (0, 0, -1, 1)]))
    (pair,) = ledger.pairs
    assert (pair.prediction, pair.pixels, pair.points) == (None, 2, pytest.approx(0.25))


def test_long_ledgers_list_the_dearest_and_the_rest(monkeypatch):
    monkeypatch.setattr(prices, "MOST_ENTRIES", 2)
    rows = [(n, n % 3, (n + 1) % 3, 10 - n) for n in range(6)] + [(6, 0, 0, 5)]
    _, ledger = account(make_table(rows))
    assert [(sample.sample, sample.mean_iou) for sample in ledger.samples] == [(1, 0.0), (0, 0.0)]
    assert len(ledger.pairs) == 2
    rest = ledger.missing - sum(pair.points for pair in ledger.pairs)
    assert ledger.other_pairs == pytest.approx(rest)
    assert ledger.images == 7


@pytest.mark.parametrize(("bad", "outliers"), [(0, 0), (9, 0), (80, 4)])
def test_images_stand_out_if_they_cost_far_more_than_the_others(bad, outliers):
    rows = [(n, 0, c, 100 if c == 0 else 10 + n % 10) for n in range(20) for c in range(2)]
    ledger = account(make_table(rows + [(n, 0, 1, bad) for n in (3, 8, 9, 15) if bad]))[1]
    assert ledger.outliers == outliers
    first = ledger.samples[:outliers]
    assert {one.sample for one in first} == ({3, 8, 9, 15} if outliers else set())
    assert ledger.outlier_points == pytest.approx(sum(one.points for one in first))
    few = account(make_table([row for row in rows if row[0] < 11] + [(3, 0, 1, 900)]))[1]
    assert few.outliers == 0


def test_samples_have_their_own_mean_iou_and_name():
    table = make_table([(0, 0, 0, 3), (0, 1, 0, 1), (4, 1, 1, 2), (4, 0, 1, 2)])
    score = compute_score(pairs=table, num_classes=2, ignore_index=None)
    ledger = build_ledger(
        table, score, ignore_index=None, of="as-stored", name_sample="abcdef".__getitem__
    )
    assert [(one.name, one.mean_iou) for one in ledger.samples] == [("e", 0.25), ("a", 0.375)]

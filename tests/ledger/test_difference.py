"""A difference is cut without a rest, and its interval is paired."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger import difference
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.difference import build_difference
from iou_doctor.metrics.score import compute_score

ROWS = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(0, 3), st.sampled_from([0, 1, 2, 3, 9]), st.integers(1, 999)
    ),
    min_size=1,
    max_size=30,
)


def count(rows, *, ignore=3) -> Counted:
    image, truth, prediction, pixels = (
        np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)
    )
    pairs = PairCounts.from_rows(image=image, truth=truth, prediction=prediction, count=pixels)
    return Counted(pairs, compute_score(pairs=pairs, num_classes=4, ignore_index=ignore), ignore)


@given(ROWS, ROWS)
def test_both_cuts_add_up_to_the_difference(before, after):
    found = build_difference(count(before), count(after))
    assume(found is not None)
    gain = found.mean_iou[1] - found.mean_iou[0]
    assert found.gain == gain
    by_pair = sum(pair.gain for pair in found.pairs) + found.other_pairs
    by_sample = sum(sample.gain for sample in found.samples) + found.other_samples
    assert (by_pair, by_sample) == pytest.approx((gain, gain), abs=1e-12)
    changed = {row[0] for row in _add_up(before) ^ _add_up(after)}
    assert {one.sample for one in found.samples} <= changed
    assert found.won + found.lost == pytest.approx(sum(one.gain for one in found.samples))


def _add_up(rows) -> set[tuple[int, ...]]:
    """Return the rows that count, as image, truth, prediction and pixels."""
    keys = {row[:3] for row in rows if row[1] < 3}
    return {(*key, sum(row[3] for row in rows if row[:3] == key)) for key in keys}


def test_an_image_is_not_worse_because_the_union_of_its_class_has_changed():
    rows = [(n, 0, c, 10 + 80 * (c == 0)) for n in range(3) for c in (0, 1)]
    found = build_difference(count(rows), count([*rows[:1], (0, 0, 1, 1), *rows[2:]]))
    assert [one.sample for one in found.samples] == [0]
    assert (found.better, found.worse, found.lost) == (1, 0, 0)
    assert found.other_samples == pytest.approx(found.gain - found.won) != 0


@given(ROWS)
def test_a_table_does_not_differ_from_itself(rows):
    found = build_difference(count(rows), count(rows))
    assume(found is not None)
    assert (found.gain, found.pairs, found.samples, found.better, found.worse) == (0, (), (), 0, 0)
    if found.interval is not None:
        assert (found.interval.low, found.interval.high) == (0, 0)
        assert found.is_within_noise


def test_the_rest_is_kept_when_few_are_listed(monkeypatch):
    monkeypatch.setattr(difference, "MOST_ENTRIES", 1)
    before = [(n, n % 3, (n + 1) % 3, 5 + n) for n in range(6)]
    found = build_difference(count(before), count([(n, n % 3, n % 3, 5 + n) for n in range(6)]))
    assert len(found.pairs) == len(found.samples) == 1
    rest = found.gain - found.pairs[0].gain, found.gain - found.samples[0].gain
    assert (found.other_pairs, found.other_samples) == pytest.approx(rest)
    assert (found.better, found.worse) == (6, 0)


def test_an_improvement_of_every_image_is_beyond_noise_and_one_of_few_is_not():
    rng = np.random.default_rng(0)
    wrong = rng.integers(100, 900, 40)
    base = [(n, c, c, 1000) for n in range(40) for c in range(2)]
    before = count(base + [(n, 0, 1, int(wrong[n])) for n in range(40)])
    everywhere = count(base + [(n, 0, 1, int(wrong[n]) - 50) for n in range(40)])
    one = count(base + [(n, 0, 1, int(wrong[n]) - 50 * (n == 7)) for n in range(40)])
    assert build_difference(before, everywhere).is_within_noise is False
    found = build_difference(before, one)
    assert found.gain > 0
    assert found.is_within_noise is True
    assert next(sample.sample for sample in found.samples) == 7


def test_predictions_of_no_class_and_undefined_scores():
    found = build_difference(count([(0, 0, 0, 4), (0, 0, 9, 4)]), count([(0, 0, 0, 8)]))
    assert [(pair.prediction, pair.pixels) for pair in found.pairs] == [(None, (4, 0))]
    assert build_difference(count([(0, 3, 0, 4)]), count([(0, 0, 0, 8)])) is None
    assert found.interval is None
    assert found.is_within_noise is None

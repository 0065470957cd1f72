import numpy as np
import pytest

from iou_doctor.checks.alignment import _sample_order, shuffled_samples
from iou_doctor.checks.alignment._pairing import SamplePairing, is_significant


def pairing(*, gain=0.15, margin=0.2, samples=10, moved=None):
    """Return a pairing in which the first `moved` samples have changed places."""
    partner = np.arange(samples)
    moved = samples if moved is None else moved
    partner[:moved] = np.roll(partner[:moved], 1)
    before = np.full(samples, 0.3, np.float32)
    return SamplePairing(
        partner, before, before + np.float32(gain), np.broadcast_to(margin, samples)
    )


@pytest.mark.parametrize(("gain", "significant"), [(0.101, True), (0.099, False)])
def test_samples_must_gain_a_tenth_on_average(gain, significant):
    assert is_significant(pairing(gain=gain, moved=7)) is significant


@pytest.mark.parametrize(
    ("gain", "samples", "moved", "significant"),
    [(0.031, 9, 9, True), (0.029, 9, 9, False), (0.031, 8, 8, False), (0.031, 12, 9, False)],
)
def test_frames_that_moved_alike_may_gain_less(gain, samples, moved, significant):
    found = pairing(gain=gain, samples=samples, moved=moved, margin=-0.1)
    assert is_significant(found) is significant


@pytest.mark.parametrize(("gain", "significant"), [(0.201, True), (0.199, False)])
def test_slices_that_gain_a_fifth_need_no_margins(gain, significant):
    assert is_significant(pairing(gain=gain, margin=-0.1)) is significant


@pytest.mark.parametrize(("margin", "significant"), [(0.051, True), (0.049, False)])
def test_the_margins_of_nine_samples_must_be_wide(margin, significant):
    assert is_significant(pairing(margin=margin, samples=9)) is significant
    assert is_significant(pairing(margin=margin, samples=10))


@pytest.mark.parametrize(("mutual", "significant"), [(50, True), (49, False)])
def test_half_of_many_moved_samples_must_be_the_best_fit_of_their_partner(mutual, significant):
    margins = np.where(np.arange(100) < mutual, 0.01, -0.01)
    assert is_significant(pairing(margin=margins, samples=100)) is significant


@pytest.mark.parametrize(
    ("gain", "margin", "clear"),
    [(0.101, 0.101, True), (0.099, 0.2, False), (0.2, 0.099, False)],
)
def test_a_clear_pair_exceeds_both_its_own_place_and_the_next_best(gain, margin, clear):
    assert pairing(gain=gain, margin=margin).clear.tolist() == [clear] * 10


@pytest.mark.parametrize(
    ("samples", "clear", "enough"),
    [(20, 8, True), (20, 7, False), (500, 10, True), (500, 9, False)],
)
def test_some_clear_pairs_suffice_among_part_of_the_samples(samples, clear, enough):
    found = pairing(samples=samples, moved=clear)
    assert int(found.clear.sum()) == clear
    assert shuffled_samples._has_clear_pairs(found) is enough


@pytest.mark.parametrize(("alike", "offset"), [(16, 1), (15, None)])
def test_four_fifths_of_the_kept_samples_must_have_moved_alike(alike, offset):
    partner = np.arange(21) + 1
    partner[alike:] = np.arange(alike, 21)
    assert _sample_order._find_offset(partner, samples=100) == offset

"""Each named limit of `interpret`, just inside and just outside."""

from __future__ import annotations

import numpy as np
import pytest
from build import layout_of, one_hot, probabilities, scene

from iou_doctor.arrays.interpretation import MOST_CLASSES, Encoding
from iou_doctor.arrays.layout import Axes, Layout, Relation
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.counts.value_counts import SUM_TOLERANCE, ValueCounts
from iou_doctor.interpret import axes, class_axis, colours, peek, softmax_axis, storage_order
from iou_doctor.interpret.encoding import LEAST_WHOLE_SHARE, UNIT_ROUNDING, infer_encoding
from iou_doctor.sources.memory.array import ArraySource

ONE_CHANNEL = Axes((1, 100), has_sample_axis=True, spatial=(1,), channel=None)
DENSE = Axes((1, 100, 3), has_sample_axis=True, spatial=(1,), channel=2)
LABELS = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS)
STORED = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS, flat=True)


@pytest.mark.parametrize(("off", "share"), [(0.99, 1.0), (1.01, 0.0)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_channel_sums_may_be_off_1_by_the_tolerance(off, share, sign):
    sums = 1 + sign * off * SUM_TOLERANCE
    window = np.full((1, 8, 8, 4), sums / 4)
    assert peek.measure_share_of_ones([window], 3) == share


@pytest.mark.parametrize(("spoilt", "found"), [(2, (2,)), (3, ())])
def test_nearly_all_pixels_sum_to_1_along_a_class_axis(spoilt, found):
    assert peek.LEAST_SHARE_OF_ONES == 0.98
    scores = np.full((4, 25, 2), 0.5, np.float32)  # 100 pixels
    scores[0, :spoilt] = 0.9
    assert peek.peek_at(ArraySource(scores, "y_pred")).sums_to_one == found


@pytest.mark.parametrize(("void", "expected"), [(40, 1.0), (50, 1.0), (51, 0.99)])
def test_half_of_a_one_hot_mask_may_be_void(void, expected):
    assert peek.MOST_VOID == 0.5
    window = one_hot(np.zeros((1, 100), int), 3)
    window[0, :void] = 0
    share = peek.measure_share_of_ones([window], 2, void=True)
    assert share == pytest.approx(expected)
    assert peek.measure_share_of_ones([window], 2) == pytest.approx(1 - void / 100)


@pytest.mark.parametrize(("classes", "found"), [(MOST_CLASSES, (3,)), (MOST_CLASSES + 1, ())])
def test_a_longer_axis_holds_no_classes(classes, found):
    scores = np.full((1, 2, 2, classes), 1 / classes)
    assert peek.peek_at(ArraySource(scores, "y_pred")).sums_to_one == found


@pytest.mark.parametrize(("missing", "letters"), [(0, "NL"), (1, "HW")])
def test_a_2d_array_is_flat_if_it_is_far_too_wide_for_an_image(missing, letters):
    shape = (8, 8 * axes.LEAST_FLAT_RATIO - missing)
    labels = np.arange(shape[0] * shape[1]).reshape(shape) % 5
    layout = layout_of(y_true=labels, y_pred=labels)
    assert layout.y_true.letters == layout.y_pred.letters == letters


@pytest.mark.parametrize(("classes", "short"), [(32, True), (33, False)])
def test_the_class_axis_of_one_one_hot_mask_is_short(classes, short):
    assert class_axis.LONGEST_ONE_HOT_AXIS == 32
    seen = peek.peek_at(ArraySource(np.zeros((classes, 200, 200), np.uint8), "y_true"))
    assert class_axis._is_short_enough(seen, 0) == short


@pytest.mark.parametrize(("longest", "short"), [(32, True), (31, False)])
def test_the_class_axis_of_one_one_hot_mask_is_far_shorter_than_the_image(longest, short):
    assert class_axis.LEAST_LENGTH_RATIO == 4
    seen = peek.peek_at(ArraySource(np.zeros((8, 9, longest), np.uint8), "y_true"))
    assert class_axis._is_short_enough(seen, 0) == short


@pytest.mark.parametrize(("count", "few"), [(16, True), (17, False)])
def test_colours_repeat_and_photographs_do_not(count, few):
    assert colours.LEAST_PIXELS_PER_COLOUR == 4
    palette = np.random.default_rng(0).permutation(255)[: 3 * count].reshape(count, 3)
    pixels = palette[np.arange(64) % count].reshape(1, 8, 8, 3).astype(np.uint8)
    assert colours.has_colours([pixels], 3) == few


@pytest.mark.parametrize(("spread", "found"), [(3, False), (4, True)])
def test_scaled_scores_have_the_same_sum_apart_from_rounding(spread, found):
    assert colours.LEAST_SPREAD_OF_SUMS == 3
    pixels = np.tile(np.array([[200, 55, 0], [0, 200, 55 + spread]]), (32, 1))
    assert colours.has_colours([pixels.reshape(1, 8, 8, 3)], 3) == found


@pytest.mark.parametrize(("brightest", "found"), [(63, False), (64, True)])
def test_labels_three_voxels_wide_are_darker_than_a_palette(brightest, found):
    assert colours.LEAST_BRIGHTNESS == 64
    pixels = np.tile(np.array([[0, 0, 0], [brightest, 0, 9]]), (32, 1)).reshape(1, 8, 8, 3)
    assert colours.has_chromatic_colours([pixels], 3) == found


@pytest.mark.parametrize(
    ("fractional", "encoding"), [(50, Encoding.LABELS), (51, Encoding.BINARY_LOGITS)]
)
def test_mostly_whole_numbers_are_labels(fractional, encoding):
    assert LEAST_WHOLE_SHARE == 0.5
    values = ValueCounts(
        values=100, pixels=100, minimum=0.0, maximum=9.0, fractional=fractional, outside_unit=40
    )
    assert infer_encoding(values, ONE_CHANNEL, floating=True)[0] is encoding


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("side", ["minimum", "maximum"])
def test_probabilities_may_lie_outside_0_and_1_by_rounding(side, far):
    beyond = UNIT_ROUNDING * (1.01 if far else 0.99)
    limits = {"minimum": 0.0, "maximum": 1.0}
    limits[side] += beyond if side == "maximum" else -beyond
    values = ValueCounts(values=300, pixels=100, fractional=200, outside_unit=1, **limits)
    expected = Encoding.LOGITS if far else Encoding.PROBABILITIES
    assert infer_encoding(values, DENSE, floating=True)[0] is expected


@pytest.mark.parametrize(("samples", "axis"), [(128, 0), (129, None)])
def test_a_softmax_over_samples_ran_over_one_batch(samples, axis):
    assert softmax_axis.LONGEST_BATCH == 128
    labels = scene(1, samples=samples)
    scores = probabilities(np.moveaxis(labels, 0, -1) * 0, 2, classes=samples * 3)
    scores = np.moveaxis(scores[..., 0, :], -1, 0).reshape(samples, 3, 12, 18)
    scores = scores / scores.sum(axis=0)
    layout = layout_of(y_true=labels, y_pred=np.moveaxis(scores, 1, -1), num_classes=3)
    assert layout.y_pred.softmax_axis == axis


@pytest.mark.parametrize(("spread", "varied"), [(0.049, False), (0.051, True)])
def test_constant_values_prove_no_softmax(spread, varied):
    assert softmax_axis.LEAST_SPREAD == 0.05
    assert softmax_axis._is_varied(np.array([0.2, 0.2 + spread, np.nan])) == varied


def tables(stored: int, swapped: int) -> Stats:
    """Return counts of 100 pixels, of which so many agree in each of the two orders."""

    def table(equal: int) -> PairCounts:
        pair = [np.array(column) for column in ([0, 0], [1, 1], [1, 2], [equal, 100 - equal])]
        return PairCounts(*pair)

    counted = {STORED: table(stored), LABELS: table(swapped)}
    return Stats(1, counted, ValueCounts(), ValueCounts())


@pytest.mark.parametrize(
    ("stored", "swapped", "same"),
    [(40, 0, False), (41, 0, True), (70, 60, False), (71, 60, True)],
)
def test_the_stored_order_must_agree_clearly_better(stored, swapped, same):
    assert (storage_order.LEAST_AGREEMENT, storage_order.LEAST_GAIN) == (0.4, 0.1)
    true = Axes((1, 10, 5), has_sample_axis=True, spatial=(1, 2), channel=None)
    pred = Axes((1, 5, 10), has_sample_axis=True, spatial=(1, 2), channel=None)
    layout = Layout(true, pred, Relation.SWAPPED)
    assert storage_order.is_same_storage_order(layout, tables(stored, swapped)) == same
    equal = Layout(true, true, Relation.EQUAL)
    assert not storage_order.is_same_storage_order(equal, tables(100, 0))

"""Every step on small arrays: what it does to pixels, channels and dtypes."""

from __future__ import annotations

import numpy as np
import pytest

from iou_doctor.counts.label_decoding import encode_colour
from iou_doctor.errors import RepairError
from iou_doctor.repairs.any_channel import AnyChannel
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.decode_colours import DecodeColours
from iou_doctor.repairs.fill_missing import FillMissing
from iou_doctor.repairs.first_channel import FirstChannel
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.one_hot import OneHot
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.permute_channels import PermuteChannels
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.reorder_slices import ReorderSlices
from iou_doctor.repairs.rescale import Rescale
from iou_doctor.repairs.resize_nearest import ResizeNearest
from iou_doctor.repairs.retile import Retile
from iou_doctor.repairs.rotate import Rotate
from iou_doctor.repairs.shift import Shift
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.swap_height_width import SwapHeightWidth
from iou_doctor.repairs.table import STEPS
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.repairs.times_255 import Times255

PRED = Side.PREDICTIONS
MAP = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
SQUARE = np.array([[[1, 2], [3, 4]]])
VOLUME = np.arange(8).reshape(1, 2, 2, 2)


def with_channels(labels):
    """Return two channels that both hold the labels, the second one negated."""
    return np.stack([labels.astype(int), -labels.astype(int)], axis=-1)


def test_flips():
    assert Flip(PRED, (1,)).apply(MAP, spatial=2).tolist() == [[[3, 2, 1], [6, 5, 4]]]
    assert Flip(PRED, (0,)).apply(MAP, spatial=2).tolist() == [[[4, 5, 6], [1, 2, 3]]]
    assert Flip(PRED, (0, 1)).apply(MAP, spatial=2).tolist() == [[[6, 5, 4], [3, 2, 1]]]
    assert Flip(PRED, (0,)).apply(VOLUME, spatial=3).tolist() == VOLUME[:, ::-1].tolist()


def test_an_axis_that_is_not_there_cannot_be_flipped():
    with pytest.raises(ValueError, match="not among 1 spatial axes"):
        Flip(PRED, (1,)).apply(np.zeros((1, 4)), spatial=1)


def test_quarter_turns():
    assert Rotate(PRED, quarters=1).apply(SQUARE, spatial=2).tolist() == [[[2, 4], [1, 3]]]
    assert Rotate(PRED, quarters=3).apply(SQUARE, spatial=2).tolist() == [[[3, 1], [4, 2]]]
    rotated = Rotate(PRED, quarters=1).apply(VOLUME, spatial=3)
    assert rotated[0].tolist() == [np.rot90(plane).tolist() for plane in VOLUME[0]]


def test_a_shift_moves_down_and_right_and_repeats_the_border():
    assert Shift(PRED, (1, 0)).apply(MAP, spatial=2).tolist() == [[[1, 2, 3], [1, 2, 3]]]
    assert Shift(PRED, (0, 2)).apply(MAP, spatial=2).tolist() == [[[1, 1, 1], [4, 4, 4]]]
    assert Shift(PRED, (-1, -1)).apply(MAP, spatial=2).tolist() == [[[5, 6, 6], [5, 6, 6]]]


def test_height_and_width_change_places():
    swap = SwapHeightWidth(PRED)
    assert swap.apply(MAP, spatial=2).tolist() == [[[1, 4], [2, 5], [3, 6]]]
    assert swap.apply(VOLUME, spatial=3).tolist() == VOLUME.swapaxes(2, 3).tolist()


def test_pixels_that_were_filled_in_column_by_column_are_put_in_order():
    columns = MAP.swapaxes(1, 2).reshape(MAP.shape)
    assert columns.tolist() == [[[1, 4, 2], [5, 3, 6]]]
    before, after = SwapHeightWidth(PRED, refill="before"), SwapHeightWidth(PRED, refill="after")
    assert before.apply(columns, spatial=2).tolist() == MAP.tolist()
    assert after.apply(MAP, spatial=2).tolist() == columns.tolist()


def test_tiles_take_their_places():
    row = np.array([[[1, 1, 2, 2, 3, 3]]])
    placed = Retile(PRED, (1, 2), order=(2, 0, 1)).apply(row, spatial=2)
    assert placed.tolist() == [[[3, 3, 1, 1, 2, 2]]]
    grid = np.array([[[1, 1, 2, 2], [3, 3, 4, 4]]])
    placed = Retile(PRED, (1, 2), order=(3, 2, 1, 0)).apply(grid, spatial=2)
    assert placed.tolist() == [[[4, 4, 3, 3], [2, 2, 1, 1]]]


def test_pixels_beyond_the_last_whole_tile_stay():
    row = np.array([[[1, 1, 2, 2, 3], [4, 4, 5, 5, 6]]])
    placed = Retile(PRED, (1, 2), order=(3, 2, 1, 0)).apply(row, spatial=2)
    assert placed.tolist() == [[[5, 5, 4, 4, 3], [2, 2, 1, 1, 6]]]


def test_pixels_keep_their_places_within_a_tile():
    labels = np.arange(2 * 4 * 6).reshape(2, 4, 6)
    placed = Retile(PRED, (2, 2), order=(5, 1, 2, 3, 4, 0)).apply(labels, spatial=2)
    assert placed[:, :2, :2].tolist() == labels[:, 2:, 4:].tolist()
    assert placed[:, 2:, 4:].tolist() == labels[:, :2, :2].tolist()
    assert placed[:, :2, 2:].tolist() == labels[:, :2, 2:].tolist()


@pytest.mark.parametrize(
    ("shape", "order"), [((1, 6, 4), (0, 1, 2, 3)), ((1, 4, 4), (0, 1, 1, 3)), ((1, 4), (0, 1))]
)
def test_tiles_that_do_not_make_up_the_whole_are_refused(shape, order):
    with pytest.raises(ValueError, match=r"do not make up|have two axes"):
        Retile(PRED, (2, 2), order).apply(np.zeros(shape), spatial=len(shape) - 1)


def test_a_resize_takes_the_pixel_that_holds_the_centre():
    assert ResizeNearest(PRED, (1, 1)).apply(MAP, spatial=2).tolist() == [[[5]]]
    assert ResizeNearest(PRED, (4, 2)).apply(SQUARE, spatial=2).tolist() == [
        [[1, 2], [1, 2], [3, 4], [3, 4]]
    ]


def test_the_axes_of_volumes_change_places():
    turned = PermuteAxes(PRED, (2, 1, 0)).apply(VOLUME, spatial=3)
    assert turned[0].tolist() == VOLUME[0].transpose(2, 1, 0).tolist()


def test_slices_of_a_volume_are_cut_along_another_axis():
    step = PermuteAxes(PRED, (1, 2, 0))
    slices = np.arange(24).reshape(2, 3, 4)
    assert step.apply(slices, spatial=2).tolist() == slices.transpose(1, 2, 0).tolist()
    assert step.crosses_samples(2)
    assert not step.crosses_samples(3)


def test_an_order_of_too_few_axes_is_refused():
    with pytest.raises(RepairError, match="2 axes cannot be those of"):
        PermuteAxes(PRED, (1, 0)).apply(VOLUME, spatial=3)


def test_only_the_chosen_samples_are_turned():
    maps = np.concatenate([SQUARE, SQUARE + 10, SQUARE + 20])
    step = MoveSome(PRED, samples=(5, 7), axes=(1,))
    turned = step.apply_to(maps, np.array([4, 5, 6]), spatial=2)
    assert turned.tolist() == [maps[0].tolist(), maps[1, :, ::-1].tolist(), maps[2].tolist()]
    assert step.apply_to(maps, np.array([1, 2, 3]), spatial=2) is maps


def test_a_turn_is_joined_to_one_step_for_some_samples():
    moves = SwapHeightWidth(PRED), Flip(PRED, (0, 1))
    joined = MoveSome.join(PRED, moves, (0,)).apply(SQUARE, spatial=2)
    assert joined.tolist() == [[[4, 2], [3, 1]]]


def test_an_order_of_axes_comes_before_the_flips_of_some_volumes():
    volumes = np.arange(2 * 27).reshape(2, 3, 3, 3)
    moves = PermuteAxes(PRED, (2, 0, 1)), Flip(PRED, (1,))
    turned = MoveSome.join(PRED, moves, (1,)).apply_to(volumes, np.arange(2), spatial=3)
    assert turned[0].tolist() == volumes[0].tolist()
    assert turned[1].tolist() == volumes[1].transpose(2, 0, 1)[:, ::-1].tolist()


def test_only_the_chosen_samples_are_relabelled():
    maps = np.array([[[0, 255]], [[0, 255]], [[0, 1]]], np.uint8)
    step = RelabelSome(Side.MASKS, {255: 1}, samples=(1, 2))
    repaired = step.apply_to(maps, np.arange(3), spatial=2)
    assert repaired.tolist() == [[[0, 255]], [[0, 1]], [[0, 1]]]
    assert repaired.dtype == np.uint8


def test_samples_take_their_places():
    samples = np.concatenate([MAP, MAP + 10, MAP + 20])
    reordered = Reorder(PRED, (2, 0, 1)).apply(samples, spatial=2)
    assert reordered.tolist() == [*(MAP + 20).tolist(), *MAP.tolist(), *(MAP + 10).tolist()]


MOVES = [
    Flip(PRED, (0,)),
    Rotate(PRED, quarters=1),
    Shift(PRED, (1, 2)),
    SwapHeightWidth(PRED),
    Retile(PRED, (2, 2), order=(5, 4, 3, 2, 1, 0)),
    ResizeNearest(PRED, (2, 8)),
    Reorder(PRED, (1, 0)),
    ReorderSlices(PRED, 0, (2, 0, 3, 1)),
    PermuteAxes(PRED, (1, 0)),
    MoveSome(PRED, (0, 1), swap=True, quarters=3, axes=(1,)),
    MoveSome(PRED, (0, 1), axes=(1,), offset=(1, -2)),
    MoveSome(PRED, (0, 1), axes=(1,), order=(1, 0)),
]
IDS = [type(step).__name__ for step in MOVES]
LARGE = np.random.default_rng(0).integers(0, 9, (2, 4, 6))


@pytest.mark.parametrize("step", MOVES, ids=IDS)
def test_channels_move_with_their_pixels(step):
    dense = step.apply(with_channels(LARGE), spatial=2)
    assert dense.tolist() == with_channels(step.apply(LARGE, spatial=2)).tolist()


@pytest.mark.parametrize("step", MOVES, ids=IDS)
def test_moving_commutes_with_argmax(step):
    scores = np.random.default_rng(1).random((2, 4, 6, 3))
    argmax = Argmax(PRED)
    first = step.apply(argmax.apply(scores, spatial=2), spatial=2)
    last = argmax.apply(step.apply(scores, spatial=2), spatial=2)
    assert first.tolist() == last.tolist()


@pytest.mark.parametrize("step", MOVES, ids=IDS)
def test_a_move_never_writes_to_its_argument(step):
    labels = LARGE.copy()
    labels.flags.writeable = False
    step.apply(labels, spatial=2)


def test_moves_and_no_other_steps_say_that_they_move_pixels():
    assert {step for step in STEPS.values() if step.moves_pixels} == {type(step) for step in MOVES}


def test_relabelling_is_done_at_once_and_widens_the_dtype_if_it_must():
    swapped = Relabel(PRED, {1: 2, 2: 1}).apply(MAP, spatial=2)
    assert swapped.tolist() == [[[2, 1, 3], [4, 5, 6]]]
    assert swapped.dtype == np.uint8
    assert Relabel(PRED, {1: -1}).apply(MAP, spatial=2)[0, 0, 0] == -1


def test_labels_become_one_hot():
    dense = OneHot(PRED, num_classes=3).apply(np.array([[0, 2, 9]]), spatial=1)
    assert dense.tolist() == [[[1, 0, 0], [0, 0, 1], [0, 0, 0]]]
    assert dense.dtype == np.uint8


def test_division_by_255_is_undone():
    labels = np.arange(256).reshape(1, 16, 16)
    for dtype in (np.float32, np.float64):
        repaired = Times255(PRED).apply((labels / 255).astype(dtype), spatial=2)
        assert repaired.tolist() == labels.tolist()


def test_values_that_are_missing_become_the_ignore_label():
    values = np.array([[[0.0, np.nan, np.inf, -9999.0, 2.0]]])
    repaired = FillMissing(PRED, (-9999,), ignore_index=255).apply(values, spatial=2)
    assert repaired.tolist() == [[[0, 255, 255, 255, 2]]]


SCORES = np.array([[[0.2, 0.5, 0.5], [0.0, 0.0, 0.0], [0.1, np.nan, 0.3]]])


def test_argmax_takes_the_first_largest_channel():
    ids = Argmax(PRED).apply(SCORES[:, :1], spatial=1)
    assert ids.tolist() == [[1]]
    assert ids.dtype == np.uint8
    assert Argmax(PRED, no_class=255).apply(SCORES, spatial=1).tolist() == [[1, 255, 255]]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Argmax(PRED), "no class axis"),
        (AnyChannel(PRED, 2), "no channels"),
        (FirstChannel(PRED), "no channels"),
        (DecodeColours(PRED, {0: 0}, 255), "no colours"),
    ],
)
def test_a_step_on_channels_refuses_an_array_without_them(step, message):
    with pytest.raises(ValueError, match=message):
        step.apply(SCORES, spatial=2)


def test_scores_at_the_threshold_are_above_it():
    scores = np.array([[0.5, 0.4, np.nan]])
    assert Threshold(PRED, 0.5).apply(scores, spatial=1).tolist() == [[1, 0, 0]]
    assert Threshold(PRED, 0.5, no_class=255).apply(scores, spatial=1).tolist() == [[1, 0, 255]]


def test_arranged_values_stay_as_they_are():
    assert Arrange(PRED).apply(MAP, spatial=2) is MAP


def test_channels_change_places():
    repaired = PermuteChannels(PRED, (2, 0, 1)).apply(SCORES[:, :1], spatial=1)
    assert repaired.tolist() == [[[0.5, 0.2, 0.5]]]


def test_the_first_channel_is_taken():
    assert FirstChannel(PRED).apply(with_channels(MAP), spatial=2).tolist() == MAP.tolist()


def test_colours_become_ids_and_unknown_colours_the_default():
    step = DecodeColours(
        PRED, {encode_colour(128, 0, 0): 1, encode_colour(0, 128, 0): 2}, default=255
    )
    colours = np.array([[[128, 0, 0, 9], [0, 128, 0, 9], [1, 2, 3, 9]]], np.uint8)
    for channels in (3, 4):
        ids = step.apply(colours[..., :channels], spatial=1)
        assert ids.tolist() == [[1, 2, 255]]
        assert ids.dtype == np.uint8


@pytest.mark.parametrize("refill", ["before", "after"])
def test_a_swap_of_the_masks_pairs_the_same_pixels_as_one_of_the_predictions(refill):
    shape = (2, 3, 5)
    masks, predictions = np.arange(30).reshape(shape), np.arange(30).reshape(shape) + 100
    step = SwapHeightWidth(Side.MASKS, refill)
    moved = step.apply(masks, spatial=2).reshape(2, -1)
    turned = step.turn_predictions().apply(predictions, spatial=2).reshape(2, -1)
    one = zip(moved.ravel().tolist(), predictions.ravel().tolist(), strict=True)
    other = zip(masks.ravel().tolist(), turned.ravel().tolist(), strict=True)
    assert set(one) == set(other)


def test_numbers_are_rescaled_to_ids():
    step = Rescale(Side.MASKS, low=-0.5, distance=2.5, first=1)
    ids = step.apply(np.array([-0.5, 2.0, 4.51]), spatial=1)
    assert ids.tolist() == [1, 2, 3]
    assert ids.dtype == np.uint8
    assert Rescale(Side.MASKS, 0.0, 1.0).apply(np.array([300.0]), spatial=1).dtype == np.uint16


@pytest.mark.parametrize(
    ("step", "spatial"),
    [
        (Flip(Side.PREDICTIONS, (0, 0)), 2),
        (Flip(Side.PREDICTIONS, (2,)), 2),
        (MoveSome(Side.PREDICTIONS, (0,), quarters=1), 2),
        (MoveSome(Side.PREDICTIONS, (0,), order=(1, 0)), 2),
        (ReorderSlices(Side.PREDICTIONS, 0, (1, 0)), 2),
        (ReorderSlices(Side.PREDICTIONS, 2, (1, 0)), 2),
        (ResizeNearest(Side.PREDICTIONS, (4,)), 2),
        (Retile(Side.PREDICTIONS, (0, 2), (0,)), 2),
        (Rotate(Side.PREDICTIONS, 1), 1),
        (Shift(Side.PREDICTIONS, (1,)), 2),
        (SwapHeightWidth(Side.PREDICTIONS), 1),
    ],
    ids=repr,
)
def test_steps_refuse_maps_of_other_shapes(step, spatial):
    maps = np.zeros((1, *(4, 6)[:spatial]), np.uint8)
    with pytest.raises(RepairError):
        step.apply_to(maps, np.zeros(1, np.int64), spatial=spatial)


def test_the_first_channels_are_joined():
    stack = np.array([[[0, 0, 255], [0, 7, 0], [1, 1, 0], [0, 0, 0]]])
    assert AnyChannel(PRED, 3).apply(stack, spatial=1).tolist() == [[1, 1, 1, 0]]
    assert AnyChannel(PRED, 2).apply(stack, spatial=1).tolist() == [[0, 1, 1, 0]]
    assert AnyChannel(PRED, 1).apply(stack, spatial=1).dtype == np.uint8

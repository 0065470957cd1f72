"""Every repair on small arrays: what it does to pixels, channels and dtypes."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest

from iou_doctor import repairs
from iou_doctor.repairs import flip, resize_nearest, retile, shift, swap_height_width, turn
from iou_doctor.repairs.repair import Side, Step

MAP = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
SQUARE = np.array([[[1, 2], [3, 4]]])
VOLUME = np.arange(8).reshape(1, 2, 2, 2)


def with_channels(labels):
    """Return two channels that both hold the labels, the second one negated."""
    return np.stack([labels.astype(int), -labels.astype(int)], axis=-1)


def step(kind, **parameters):
    return Step(kind, Side.PREDICTIONS, parameters)


def test_flips():
    assert flip.mend(MAP, spatial=2, axes=(1,)).tolist() == [[[3, 2, 1], [6, 5, 4]]]
    assert flip.mend(MAP, spatial=2, axes=(0,)).tolist() == [[[4, 5, 6], [1, 2, 3]]]
    assert flip.mend(MAP, spatial=2, axes=(0, 1)).tolist() == [[[6, 5, 4], [3, 2, 1]]]
    assert flip.mend(VOLUME, spatial=3, axes=(0,)).tolist() == VOLUME[:, ::-1].tolist()


def test_an_axis_that_is_not_there_cannot_be_flipped():
    with pytest.raises(ValueError, match="not among 1 spatial axes"):
        flip.mend(np.zeros((1, 4)), spatial=1, axes=(1,))


def test_quarter_turns():
    assert turn.mend(SQUARE, spatial=2, quarters=1).tolist() == [[[2, 4], [1, 3]]]
    assert turn.mend(SQUARE, spatial=2, quarters=3).tolist() == [[[3, 1], [4, 2]]]
    turned = turn.mend(VOLUME, spatial=3, quarters=1)
    assert turned[0].tolist() == [np.rot90(plane).tolist() for plane in VOLUME[0]]


def test_a_shift_moves_down_and_right_and_repeats_the_border():
    assert shift.mend(MAP, spatial=2, offset=(1, 0)).tolist() == [[[1, 2, 3], [1, 2, 3]]]
    assert shift.mend(MAP, spatial=2, offset=(0, 2)).tolist() == [[[1, 1, 1], [4, 4, 4]]]
    assert shift.mend(MAP, spatial=2, offset=(-1, -1)).tolist() == [[[5, 6, 6], [5, 6, 6]]]


def test_height_and_width_change_places():
    assert swap_height_width.mend(MAP, spatial=2).tolist() == [[[1, 4], [2, 5], [3, 6]]]
    assert swap_height_width.mend(VOLUME, spatial=3).tolist() == VOLUME.swapaxes(2, 3).tolist()


def test_pixels_filled_in_column_by_column_are_filled_in_anew():
    columns = MAP.swapaxes(1, 2).reshape(MAP.shape)
    assert columns.tolist() == [[[1, 4, 2], [5, 3, 6]]]
    assert swap_height_width.mend(columns, spatial=2, refill="before").tolist() == MAP.tolist()
    assert swap_height_width.mend(MAP, spatial=2, refill="after").tolist() == columns.tolist()


def test_tiles_take_their_places():
    row = np.array([[[1, 1, 2, 2, 3, 3]]])
    placed = retile.mend(row, spatial=2, tile=(1, 2), order=(2, 0, 1))
    assert placed.tolist() == [[[3, 3, 1, 1, 2, 2]]]
    grid = np.array([[[1, 1, 2, 2], [3, 3, 4, 4]]])
    placed = retile.mend(grid, spatial=2, tile=(1, 2), order=(3, 2, 1, 0))
    assert placed.tolist() == [[[4, 4, 3, 3], [2, 2, 1, 1]]]


def test_what_whole_tiles_leave_over_stays():
    row = np.array([[[1, 1, 2, 2, 3], [4, 4, 5, 5, 6]]])
    placed = retile.mend(row, spatial=2, tile=(1, 2), order=(3, 2, 1, 0))
    assert placed.tolist() == [[[5, 5, 4, 4, 3], [2, 2, 1, 1, 6]]]


def test_pixels_keep_their_places_within_a_tile():
    labels = np.arange(2 * 4 * 6).reshape(2, 4, 6)
    placed = retile.mend(labels, spatial=2, tile=(2, 2), order=(5, 1, 2, 3, 4, 0))
    assert placed[:, :2, :2].tolist() == labels[:, 2:, 4:].tolist()
    assert placed[:, 2:, 4:].tolist() == labels[:, :2, :2].tolist()
    assert placed[:, :2, 2:].tolist() == labels[:, :2, 2:].tolist()


@pytest.mark.parametrize(
    ("shape", "order"), [((1, 6, 4), (0, 1, 2, 3)), ((1, 4, 4), (0, 1, 1, 3)), ((1, 4), (0, 1))]
)
def test_tiles_that_do_not_make_up_the_whole_are_refused(shape, order):
    with pytest.raises(ValueError, match=r"do not make up|have two axes"):
        retile.mend(np.zeros(shape), spatial=len(shape) - 1, tile=(2, 2), order=order)


def test_a_resize_takes_the_pixel_that_holds_the_centre():
    small = resize_nearest.mend(MAP, spatial=2, shape=(1, 1))
    assert small.tolist() == [[[5]]]
    assert resize_nearest.mend(SQUARE, spatial=2, shape=(4, 2)).tolist() == [
        [[1, 2], [1, 2], [3, 4], [3, 4]]
    ]


MOVES = {
    "flip": {"axes": (0,)},
    "turn": {"quarters": 1},
    "shift": {"offset": (1, 2)},
    "swap_height_width": {},
    "retile": {"tile": (2, 2), "order": (5, 4, 3, 2, 1, 0)},
    "resize_nearest": {"shape": (2, 8)},
}
LARGE = np.random.default_rng(0).integers(0, 9, (2, 4, 6))


@pytest.mark.parametrize(("kind", "parameters"), MOVES.items(), ids=MOVES)
def test_channels_move_with_their_pixels(kind, parameters):
    moved = repairs.mend(LARGE, step(kind, **parameters), spatial=2)
    dense = repairs.mend(with_channels(LARGE), step(kind, **parameters), spatial=2)
    assert dense.tolist() == with_channels(moved).tolist()


@pytest.mark.parametrize(("kind", "parameters"), MOVES.items(), ids=MOVES)
def test_moving_commutes_with_argmax(kind, parameters):
    scores = np.random.default_rng(1).random((2, 4, 6, 3))
    argmax = step("argmax")
    first = repairs.mend(
        repairs.mend(scores, argmax, spatial=2), step(kind, **parameters), spatial=2
    )
    last = repairs.mend(
        repairs.mend(scores, step(kind, **parameters), spatial=2), argmax, spatial=2
    )
    assert first.tolist() == last.tolist()


@pytest.mark.parametrize(("kind", "parameters"), MOVES.items(), ids=MOVES)
def test_the_given_array_is_never_written_to(kind, parameters):
    given = LARGE.copy()
    given.flags.writeable = False
    repairs.mend(given, step(kind, **parameters), spatial=2)


def test_relabelling_is_done_at_once_and_grows_the_dtype_where_it_must():
    swapped = repairs.mend(MAP, step("relabel", table={1: 2, 2: 1}), spatial=2)
    assert swapped.tolist() == [[[2, 1, 3], [4, 5, 6]]]
    assert swapped.dtype == np.uint8
    wide = repairs.mend(MAP, step("relabel", table={1: -1}), spatial=2)
    assert wide[0, 0, 0] == -1


def test_labels_become_one_hot():
    dense = repairs.mend(np.array([[0, 2, 9]]), step("one_hot", num_classes=3), spatial=1)
    assert dense.tolist() == [[[1, 0, 0], [0, 0, 1], [0, 0, 0]]]
    assert dense.dtype == np.uint8


def test_division_by_255_is_undone():
    labels = np.arange(256).reshape(1, 16, 16)
    for dtype in (np.float32, np.float64):
        repaired = repairs.mend((labels / 255).astype(dtype), step("times_255"), spatial=2)
        assert repaired.tolist() == labels.tolist()


def test_values_that_are_missing_become_the_ignore_label():
    values = np.array([[[0.0, np.nan, np.inf, -9999.0, 2.0]]])
    repaired = repairs.mend(values, step("void", labels=(-9999,), ignore_index=255), spatial=2)
    assert repaired.tolist() == [[[0, 255, 255, 255, 2]]]


SCORES = np.array([[[0.2, 0.5, 0.5], [0.0, 0.0, 0.0], [0.1, np.nan, 0.3]]])


def test_argmax_takes_the_first_largest_channel():
    ids = repairs.mend(SCORES[:, :1], step("argmax"), spatial=1)
    assert ids.tolist() == [[1]]
    assert ids.dtype == np.uint8
    assert repairs.mend(SCORES, step("argmax", no_class=255), spatial=1).tolist() == [[1, 255, 255]]
    with pytest.raises(ValueError, match="no class axis"):
        repairs.mend(SCORES, step("argmax"), spatial=2)


def test_scores_at_the_threshold_are_above_it():
    scores = np.array([[0.5, 0.4, np.nan]])
    assert repairs.mend(scores, step("threshold", threshold=0.5), spatial=1).tolist() == [[1, 0, 0]]
    kept = repairs.mend(scores, step("threshold", threshold=0.5, no_class=255), spatial=1)
    assert kept.tolist() == [[1, 0, 255]]


def test_arranged_values_stay_as_they_are():
    assert repairs.mend(MAP, step("arrange"), spatial=2) is MAP


def test_channels_change_places():
    repaired = repairs.mend(SCORES[:, :1], step("permute_channels", order=(2, 0, 1)), spatial=1)
    assert repaired.tolist() == [[[0.5, 0.2, 0.5]]]


def test_only_moves_are_said_to_move():
    kinds = {entry.name for entry in pkgutil.iter_modules(repairs.__path__)} - {"repair"}
    moving = {kind for kind in kinds if repairs.moves(step(kind))}
    assert moving == set(MOVES)
    for kind in kinds:
        assert importlib.import_module(f"iou_doctor.repairs.{kind}").__doc__

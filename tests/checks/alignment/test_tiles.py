from types import SimpleNamespace

import numpy as np
import pytest

from iou_doctor.checks.alignment import _tiles
from iou_doctor.checks.alignment._tiles import Grid

GRID = Grid((8, 8), (2, 1))
ORDERS = np.array([1, 0]), np.array([[1, 0], [0, 1]])


def tiles(*, seams=0.3, left=0.0, of_masks=0.0, gain=0.3, gain_of_each=0.3, side=4):
    """Return stand-ins for tiles of which 0.2 of the neighbours inside differ.

    Args:
        seams: the excess of changes at their borders as given.
        left: that excess after rearranging.
        of_masks: that excess in the masks.
        gain: of mean IoU from one order for all samples.
        gain_of_each: the same from an order for each sample.
        side: the number of pixels along their shorter side.
    """
    gains = {"given": 0, "all": gain, "each": gain_of_each}
    excess = {"masks": of_masks, "given": seams}
    return SimpleNamespace(
        maps=SimpleNamespace(
            y_true="masks", y_pred="given", score_pooled=lambda labels="given": 0.3 + gains[labels]
        ),
        shortest_side=side,
        measure_seams=lambda labels: (0.2 + excess.get(labels, left), 0.2),
        score_places=lambda: np.array([np.eye(2), np.eye(2)[::-1]], np.float32),
        rearrange=lambda _, orders: "all" if orders.ndim == 1 else "each",
    )


def arrange(monkeypatch, **measured):
    monkeypatch.setattr(_tiles, "cut_into_tiles", lambda *_: tiles(**measured))
    found = _tiles._try_grid(None, GRID, (16, 8))
    return found and found.orders.ndim


@pytest.mark.parametrize(
    ("measured", "found"),
    [
        ({"seams": 0.101}, 1),
        ({"seams": 0.099}, None),
        ({"of_masks": 0.149}, 1),
        ({"of_masks": 0.151}, None),
        ({"left": 0.089}, 1),
        ({"left": 0.091}, None),
        ({"seams": 0.8, "left": 0.201}, None),
        ({"gain": 0.101, "gain_of_each": 0}, 1),
        ({"gain": 0.099, "gain_of_each": 0}, None),
        ({"gain": 0, "gain_of_each": 0.201}, 2),
        ({"gain": 0, "gain_of_each": 0.199}, None),
        ({"side": 3}, None),
    ],
    ids=str,
)
def test_tiles_are_rearranged_where_that_removes_clear_seams_and_gains_much(
    monkeypatch, measured, found
):
    assert arrange(monkeypatch, **measured) == found


@pytest.mark.parametrize(("other", "chosen"), [(0.549, (2, 2)), (0.551, (4, 4))])
def test_the_coarsest_of_about_equally_good_grids_is_reported(monkeypatch, other, chosen):
    after = {(2, 2): 0.5, (4, 4): other}
    monkeypatch.setattr(
        _tiles,
        "_try_grid",
        lambda _, grid, __: SimpleNamespace(after=after.get(grid.counts, 0.0), counts=grid.counts),
    )
    assert _tiles.find_arrangement(None, (64, 64)).counts == chosen


def test_grids_have_tiles_of_at_least_4_pixels_and_at_most_256_tiles():
    assert {grid.counts for grid in _tiles.list_grids((12, 12))} == {(2, 2), (3, 3)}
    assert (8, 8) in {grid.counts for grid in _tiles.list_grids((32, 32))}
    squares = [grid for grid in _tiles.list_grids((256, 257)) if grid.tile == (16, 16)]
    assert [grid.tiles for grid in squares] == [256]
    assert not [grid for grid in _tiles.list_grids((256, 272)) if grid.tile == (16, 16)]

"""Label maps cut into equal tiles: their seams, and which tile belongs where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks._alignment import Ids, Stack
from iou_doctor.evidence import Evidence

Order = NDArray[np.intp]

GRIDS = (2, 3, 4, 8)
"""Tiles along each axis."""
SAMPLES = 12
"""Samples looked at: 64 tiles of each are enough to know one arrangement."""
SIDE = 64
"""Pixels along each axis that tiles are compared on."""
SMALLEST = 4
"""Pixels along one side of a tile; smaller ones fit by chance."""
SEAM = 0.1
"""By how much the share of changes at borders must exceed that within tiles: up to 0.07 where the
tiles are in place, 0.2 and more where they are not."""
LEFT = 0.3
"""Share of that excess that may be left in the right arrangement. Where predictions have nothing to
do with the masks, 64 tiles still fit by choice, but leave 0.33 and more of it; good ones leave 0.2.
"""
GAIN, EACH_GAIN = 0.1, 0.2
"""Gain in mean IoU, for one arrangement of all samples and for one of each sample. The latter fits
better by choice alone; its seams would stay."""
AS_GOOD = 0.05
"""A coarser grid that comes so near the best score is the grid: small tiles fit by choice alone."""


@dataclass(frozen=True)
class Tiles:
    """Maps of whole tiles, `grid` along each axis."""

    maps: Stack
    grid: int

    def seam_rates(self, labels: Ids) -> tuple[float, float]:
        """Return how often labels change across the borders of tiles, and within tiles."""
        changes = [labels[:, 1:] != labels[:, :-1], labels[:, :, 1:] != labels[:, :, :-1]]
        across, within = [], []
        for axis, change in enumerate(changes, start=1):
            side = labels.shape[axis] // self.grid
            border = np.arange(side - 1, labels.shape[axis] - 1, side)
            across.append(change.take(border, axis).mean())
            within.append(np.delete(change, border, axis).mean())
        return float(np.mean(across)), float(np.mean(within))

    def tiles(self, labels: Ids) -> Ids:
        """Return (n, tiles, pixels), tiles numbered row by row."""
        n, height, width = labels.shape
        g = self.grid
        split = labels.reshape(n, g, height // g, g, width // g).swapaxes(2, 3)
        return split.reshape(n, g * g, -1)

    def placed(self, labels: Ids, orders: Order) -> Ids:
        """Return maps with tile `orders[..., k]` at place k; one order, or one for each image."""
        n, height, width = labels.shape
        g = self.grid
        tiles = self.tiles(labels)
        orders = np.broadcast_to(orders, (n, g * g))
        tiles = np.take_along_axis(tiles, orders[:, :, np.newaxis], axis=1)
        split = tiles.reshape(n, g, g, height // g, width // g).swapaxes(2, 3)
        return split.reshape(n, height, width)

    def fit(self) -> NDArray[np.float32]:
        """Return how well each predicted tile fits each place, shape (n, places, tiles).

        Agreeing pixels, each weighted by how rare its class is in the masks.
        """
        true, pred = self.tiles(self.maps.true), self.tiles(self.maps.pred)
        total = np.zeros((len(true), true.shape[1], true.shape[1]), dtype=np.float32)
        for label in range(self.maps.classes):
            here = (true == label).astype(np.float32)
            there = (pred == label).astype(np.float32)
            total += here @ there.swapaxes(1, 2) / max(here.sum(), 1.0)
        return total


def tiles_of(maps: Stack, grid: int, side: int) -> Tiles:
    """Return the maps thinned to whole tiles of at most `side` / `grid` pixels along each axis."""
    true, pred = maps.true, maps.pred
    for axis in (1, 2):
        places = _whole_tiles(true.shape[axis], grid, side)
        true, pred = true.take(places, axis), pred.take(places, axis)
    return Tiles(Stack(maps.samples, true, pred, maps.classes), grid)


def _whole_tiles(size: int, grid: int, side: int) -> NDArray[np.intp]:
    """Return places along one axis, as many in each tile; their ends lie beside its borders."""
    starts = np.round(np.arange(grid) * size / grid).astype(np.intp)
    length = size // grid
    inside = np.linspace(0, length - 1, min(length, side // grid)).astype(np.intp)
    return (starts[:, np.newaxis] + inside).ravel()


@dataclass(frozen=True)
class Arrangement:
    """The best places of the tiles of one grid."""

    grid: int
    orders: Order
    """(tiles,) for all samples, or (n, tiles)."""
    before: float
    after: float
    seams: tuple[float, float]
    """Share of changes at the borders of tiles and within tiles, as given."""


def full_size(evidence: Evidence) -> tuple[int, ...]:
    """Return the spatial shape of the arrays; unknown sizes are left out."""
    layout = evidence.reading.layout
    sizes = max(layout.y_true.spatial_shape, layout.y_pred.spatial_shape, key=len)
    return tuple(size for size in sizes if size is not None)


def arrangement(maps: Stack, size: tuple[int, ...]) -> Arrangement | None:
    """Return the arrangement of tiles that fits best and cures seams, if there is one.

    Args:
        maps: label maps of images.
        size: their height and width as stored, which the tiles must divide.
    """
    found = [
        one
        for grid in GRIDS
        if not any(length % grid or length < grid * SMALLEST for length in size)
        for one in _arranged(tiles_of(maps, grid, SIDE))
    ]
    best = max((one.after for one in found), default=0.0)
    return next((one for one in found if one.after >= best - AS_GOOD), None)


def _arranged(tiles: Tiles) -> list[Arrangement]:
    """Return the arrangement that cures the seams of this grid: of all samples, or of each."""
    across, within = tiles.seam_rates(tiles.maps.pred)
    if across - within < SEAM:
        return []
    before, fit = tiles.maps.pooled(), tiles.fit()
    for orders, least in ((_assigned(fit.sum(axis=0)), GAIN), (_each(fit), EACH_GAIN)):
        placed = tiles.placed(tiles.maps.pred, orders)
        left = np.subtract(*tiles.seam_rates(placed))
        after = tiles.maps.pooled(placed)
        if after - before > least and left < LEFT * (across - within):
            return [Arrangement(tiles.grid, orders, before, after, (across, within))]
    return []


def _assigned(fit: NDArray[np.float32]) -> Order:
    from scipy.optimize import linear_sum_assignment

    tiles: Order = linear_sum_assignment(-fit)[1]
    return tiles


def _each(fit: NDArray[np.float32]) -> Order:
    return np.stack([_assigned(one) for one in fit])

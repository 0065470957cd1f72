"""Label maps cut into equal tiles: their seams, and which tile belongs where."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Ids, Stack
from iou_doctor.counts.map_samples import centres
from iou_doctor.record import record

Order = NDArray[np.intp]

GRIDS = (2, 3, 4, 8)
"""Tiles along each axis, where they divide both."""
LENGTHS = (16, 32, 64, 128, 256, 512, 1024)
"""Sides of square tiles in pixels; what is left over at the far sides stays where it is."""
MOST = 256
"""Tiles of one grid."""
SAMPLES = 12
"""Samples looked at: 64 tiles of each are enough to know one arrangement."""
SIDE = 64
"""Pixels along each axis that tiles are compared on."""
SMALLEST = 4
"""Pixels along one side of a tile; smaller ones fit by chance."""
FEW = 4
"""Pixels along each axis that a tile is compared on in any case, where they were kept."""
SEAM = 0.1
"""By how much the share of changes at borders must exceed that within tiles: up to 0.07 where the
tiles are in place, 0.2 and more where they are not."""
LEFT = 0.3
"""Share of that excess that may be left in the right arrangement. Where predictions have nothing to
do with the masks, 64 tiles still fit by choice, but leave 0.33 and more of it; good ones leave 0.2.
What is left must be less than changes within tiles: predictions made of blocks have none there.
"""
GAIN, EACH_GAIN = 0.1, 0.2
"""Gain in mean IoU, for one arrangement of all samples and for one of each sample. The latter fits
better by choice alone; its seams would stay."""
AS_GOOD = 0.05
"""A coarser grid that comes so near the best score is the grid: small tiles fit by choice alone."""


@record
class Grid:
    """Tiles of equal size from the top left corner on."""

    tile: tuple[int, int]
    """Height and width in stored pixels."""
    counts: tuple[int, int]
    """Tiles down and across."""

    @property
    def tiles(self) -> int:
        """How many there are."""
        return self.counts[0] * self.counts[1]


def grids_of(size: tuple[int, ...]) -> list[Grid]:
    """Return the grids such images may have been cut in, the coarsest first."""
    height, width = size
    even = [
        Grid((height // count, width // count), (count, count))
        for count in GRIDS
        if height % count == 0 and width % count == 0
    ]
    square = [Grid((side, side), (height // side, width // side)) for side in LENGTHS]
    fitting = [
        grid
        for grid in dict.fromkeys([*even, *square])
        if min(grid.tile) >= SMALLEST and 1 < grid.tiles <= MOST
    ]
    return sorted(fitting, key=lambda grid: grid.tiles)


@record
class Tiles:
    """Maps of whole tiles."""

    maps: Stack
    counts: tuple[int, int]
    """Tiles down and across."""

    @property
    def smallest(self) -> int:
        """Return the pixels of a tile along its shorter side."""
        (height, width), (down, across) = self.maps.true.shape[1:], self.counts
        return min(int(height) // down, int(width) // across)

    def seam_rates(self, labels: Ids) -> tuple[float, float]:
        """Return how often labels change across the borders of tiles, and within tiles."""
        across, within = [], []
        for axis, count in enumerate(self.counts, start=1):
            if count == 1:
                continue
            along = labels.swapaxes(axis, 1)
            change = along[:, 1:] != along[:, :-1]
            side = along.shape[1] // count
            border = np.arange(side - 1, change.shape[1], side)
            across.append(change[:, border].mean())
            within.append(np.delete(change, border, axis=1).mean())
        return float(np.mean(across)), float(np.mean(within))

    def tiles(self, labels: Ids) -> Ids:
        """Return (n, tiles, pixels), tiles numbered row by row."""
        n, height, width = labels.shape
        down, across = self.counts
        split = labels.reshape(n, down, height // down, across, width // across).swapaxes(2, 3)
        return split.reshape(n, down * across, -1)

    def placed(self, labels: Ids, orders: Order) -> Ids:
        """Return maps with tile `orders[..., k]` at place k; one order, or one for each image."""
        n, height, width = labels.shape
        down, across = self.counts
        tiles = self.tiles(labels)
        orders = np.broadcast_to(orders, (n, down * across))
        tiles = np.take_along_axis(tiles, orders[:, :, np.newaxis], axis=1)
        split = tiles.reshape(n, down, across, height // down, width // across).swapaxes(2, 3)
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


def tiles_of(maps: Stack, grid: Grid, size: tuple[int, ...]) -> Tiles:
    """Return the maps thinned to whole tiles with as many pixels each.

    Args:
        maps: label maps, maybe thinned evenly.
        grid: of the maps as stored.
        size: their height and width as stored.
    """
    true, pred = maps.true, maps.pred
    for axis in (0, 1):
        places = _whole_tiles(size[axis], true.shape[axis + 1], grid.tile[axis])
        true, pred = true.take(places, axis + 1), pred.take(places, axis + 1)
    return Tiles(Stack(maps.samples, true, pred, maps.classes), grid.counts)


def _whole_tiles(size: int, kept: int, tile: int) -> NDArray[np.intp]:
    """Return places along one axis, as many in each tile; their ends lie beside its borders."""
    count = size // tile
    tile_of = centres(size, kept) // tile
    starts = np.searchsorted(tile_of, np.arange(count + 1))
    lengths = np.diff(starts)
    most = max(SIDE // count, FEW)
    inside = np.linspace(0, 1, min(int(lengths.min()), most))
    places: NDArray[np.intp] = starts[:-1, np.newaxis] + (
        (lengths[:, np.newaxis] - 1) * inside
    ).astype(np.intp)
    return places.ravel()


@record
class Arrangement:
    """The best places of the tiles of one grid."""

    grid: Grid
    orders: Order
    """(tiles,) for all samples, or (n, tiles)."""
    before: float
    after: float
    seams: tuple[float, float]
    """Share of changes at the borders of tiles and within tiles, as given."""


def full_size(evidence: Evidence) -> tuple[int, ...]:
    """Return the spatial shape of the arrays; unknown sizes are left out."""
    layout = evidence.interpretation.layout
    sizes = max(layout.y_true.spatial_shape, layout.y_pred.spatial_shape, key=len)
    return tuple(size for size in sizes if size is not None)


def arrangement(maps: Stack, size: tuple[int, ...]) -> Arrangement | None:
    """Return the arrangement of tiles that fits best and cures seams, if there is one.

    Args:
        maps: label maps of images.
        size: their height and width as stored.
    """
    found = [one for grid in grids_of(size) if (one := _arranged(maps, grid, size))]
    best = max((one.after for one in found), default=0.0)
    return next((one for one in found if one.after >= best - AS_GOOD), None)


def _arranged(maps: Stack, grid: Grid, size: tuple[int, ...]) -> Arrangement | None:
    """Return the arrangement that cures the seams of this grid: of all samples, or of each."""
    tiles = tiles_of(maps, grid, size)
    if tiles.smallest < FEW:
        return None
    seams = tiles.seam_rates(tiles.maps.pred)
    if seams[0] - seams[1] < SEAM:
        return None
    before, fit = tiles.maps.score_pooled(), tiles.fit()
    for orders, least in ((_assigned(fit.sum(axis=0)), GAIN), (_each(fit), EACH_GAIN)):
        placed = tiles.placed(tiles.maps.pred, orders)
        after = tiles.maps.score_pooled(placed)
        if after - before > least and _cured(seams, tiles.seam_rates(placed)):
            return Arrangement(grid, orders, before, after, seams)
    return None


def _cured(given: tuple[float, float], placed: tuple[float, float]) -> bool:
    left = placed[0] - placed[1]
    return left < LEFT * (given[0] - given[1]) and left <= placed[1]


def _assigned(fit: NDArray[np.float32]) -> Order:
    from scipy.optimize import linear_sum_assignment

    tiles: Order = linear_sum_assignment(-fit)[1]
    return tiles


def _each(fit: NDArray[np.float32]) -> Order:
    return np.stack([_assigned(one) for one in fit])

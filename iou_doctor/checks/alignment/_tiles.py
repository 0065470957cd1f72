"""Label maps cut into equal tiles: their seams, and where each tile belongs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.assignment import assign
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Ids, Stack
from iou_doctor.counts.map_samples import find_centres
from iou_doctor.record import record

Order = NDArray[np.intp]
"""The index of the tile that belongs at each place: (tiles,) for all samples, or (n, tiles)."""

TILE_COUNTS = (2, 3, 4, 8)
"""Numbers of tiles along each axis that are tried, if they divide both sides of the image."""
TILE_SIDES = (16, 32, 64, 128, 256, 512, 1024)
"""Sides of square tiles that are tried, in pixels. What does not fill a tile stays in its place."""
MOST_TILES = 256
"""Maximum number of tiles in a grid."""
MOST_TILED_SAMPLES = 12
"""Maximum number of samples that are compared. 64 tiles of each are enough to recognise one
arrangement.
"""
COMPARED_PIXELS = 64
"""Number of pixels along each axis of an image on which its tiles are compared."""
SMALLEST_TILE = 4
"""Shortest side of a tile, in stored pixels. Smaller tiles fit by chance."""
FEWEST_TILE_PIXELS = 4
"""Minimum number of pixels along each axis of a tile on which it is compared. A grid of which the
kept maps hold fewer is not tried.
"""
LEAST_SEAM = 0.1
"""Minimum excess of label changes across tile borders over those within tiles. It is up to 0.07 if
the tiles are in place, and at least 0.2 if they are not."""
MOST_SEAM_LEFT = 0.3
"""Largest share of that excess that the right arrangement may leave. If the predictions have
nothing to do with the masks, 64 tiles can still be chosen to fit, but they leave at least 0.33 of
the excess. Right arrangements leave up to 0.2. What is left must also not exceed the changes within
tiles, because predictions made of blocks have none there."""
LEAST_OF_MASKS = 0.5
"""Share of that excess that the masks have from which the seams are theirs, and no arrangement that
fits them removes these. It is up to 0.01 if tiles are misplaced, and 0.7 and more otherwise."""
LEAST_TILE_GAIN, LEAST_TILE_GAIN_OF_EACH = 0.1, 0.2
"""Minimum gain in mean IoU of one arrangement for all samples, and of one for each sample. The
latter has more freedom and gains more by chance.
"""
AS_GOOD = 0.05
"""The coarsest grid within this distance of the best score is reported, since small tiles gain by
chance alone."""


@record
class Grid:
    """Tiles of equal size, starting at the top left corner."""

    tile: tuple[int, int]
    """Height and width of a tile in stored pixels."""
    counts: tuple[int, int]
    """Number of tiles down and across."""

    @property
    def tiles(self) -> int:
        """The number of tiles."""
        return self.counts[0] * self.counts[1]


@record
class Arrangement:
    """An order of the tiles that fits the masks better than the given one."""

    grid: Grid
    orders: Order
    before: float
    """Mean IoU as given."""
    after: float
    """Mean IoU with the tiles rearranged."""
    seams: tuple[float, float]
    """Share of neighbours whose labels differ as given: across tile borders, and within tiles."""


@record
class Tiles:
    """Maps that consist of whole tiles, each with the same number of pixels."""

    maps: Stack
    counts: tuple[int, int]
    """Number of tiles down and across."""

    @property
    def shortest_side(self) -> int:
        """The number of pixels along the shorter side of a tile."""
        (height, width), (down, across) = self.maps.y_true.shape[1:], self.counts
        return min(int(height) // down, int(width) // across)

    def measure_seams(self, labels: Ids) -> tuple[float, float]:
        """Return how often neighbours differ across the borders of tiles, and within tiles."""
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

    def split(self, labels: Ids) -> Ids:
        """Return the pixels of each tile, shape (n, tiles, pixels), tiles numbered row by row."""
        n, height, width = labels.shape
        down, across = self.counts
        split = labels.reshape(n, down, height // down, across, width // across).swapaxes(2, 3)
        return split.reshape(n, down * across, -1)

    def rearrange(self, labels: Ids, orders: Order) -> Ids:
        """Return maps in which tile `orders[..., k]` is at place k."""
        n, height, width = labels.shape
        down, across = self.counts
        tiles = self.split(labels)
        orders = np.broadcast_to(orders, (n, down * across))
        tiles = np.take_along_axis(tiles, orders[:, :, np.newaxis], axis=1)
        split = tiles.reshape(n, down, across, height // down, width // across).swapaxes(2, 3)
        return split.reshape(n, height, width)

    def score_places(self) -> NDArray[np.float32]:
        """Return how well each predicted tile fits each place, shape (n, places, tiles).

        The fit is the number of agreeing pixels, weighted by how rare their class is in the masks.
        """
        true, pred = self.split(self.maps.y_true), self.split(self.maps.y_pred)
        total = np.zeros((len(true), true.shape[1], true.shape[1]), dtype=np.float32)
        for label in range(self.maps.classes):
            here = (true == label).astype(np.float32)
            there = (pred == label).astype(np.float32)
            total += here @ there.swapaxes(1, 2) / max(here.sum(), 1.0)
        return total


def find_arrangement(maps: Stack, size: tuple[int, ...]) -> Arrangement | None:
    """Find the arrangement of tiles that fits best and removes the seams, if there is one.

    Args:
        maps: label maps of images, shape (n, height, width), possibly thinned evenly.
        size: height and width of the images as stored.
    """
    found = [one for grid in list_grids(size) if (one := _try_grid(maps, grid, size))]
    best = max((one.after for one in found), default=0.0)
    return next((one for one in found if one.after >= best - AS_GOOD), None)


def get_stored_size(evidence: Evidence) -> tuple[int, ...]:
    """Return the spatial shape of the arrays as stored, without sizes that are unknown."""
    layout = evidence.interpretation.layout
    sizes = max(layout.y_true.spatial_shape, layout.y_pred.spatial_shape, key=len)
    return tuple(size for size in sizes if size is not None)


def list_grids(size: tuple[int, ...]) -> list[Grid]:
    """Return the grids that an image of this height and width may be cut in, coarsest first."""
    height, width = size
    even = [
        Grid((height // count, width // count), (count, count))
        for count in TILE_COUNTS
        if height % count == 0 and width % count == 0
    ]
    square = [Grid((side, side), (height // side, width // side)) for side in TILE_SIDES]
    fitting = [
        grid
        for grid in dict.fromkeys([*even, *square])
        if min(grid.tile) >= SMALLEST_TILE and 1 < grid.tiles <= MOST_TILES
    ]
    return sorted(fitting, key=lambda grid: grid.tiles)


def cut_into_tiles(maps: Stack, grid: Grid, size: tuple[int, ...]) -> Tiles:
    """Return the maps thinned to whole tiles with the same number of pixels each.

    Args:
        maps: label maps, possibly thinned evenly.
        grid: of the images as stored.
        size: height and width of the images as stored.
    """
    true, pred = maps.y_true, maps.y_pred
    for axis in (0, 1):
        places = _choose_places(size[axis], true.shape[axis + 1], grid.tile[axis])
        true, pred = true.take(places, axis + 1), pred.take(places, axis + 1)
    return Tiles(Stack(maps.samples, true, pred, maps.classes), grid.counts)


def _choose_places(size: int, kept: int, tile: int) -> NDArray[np.intp]:
    """Return places along one axis, equally many in each tile, including those at its borders."""
    count = size // tile
    tile_of = find_centres(size, kept) // tile
    starts = np.searchsorted(tile_of, np.arange(count + 1))
    lengths = np.diff(starts)
    most = max(COMPARED_PIXELS // count, FEWEST_TILE_PIXELS)
    inside = np.linspace(0, 1, min(int(lengths.min()), most))
    places: NDArray[np.intp] = starts[:-1, np.newaxis] + (
        (lengths[:, np.newaxis] - 1) * inside
    ).astype(np.intp)
    return places.ravel()


def _try_grid(maps: Stack, grid: Grid, size: tuple[int, ...]) -> Arrangement | None:
    """Return the arrangement that removes the seams of this grid, if there is one.

    One arrangement for all samples is tried first, then one for each sample.
    """
    tiles = cut_into_tiles(maps, grid, size)
    if tiles.shortest_side < FEWEST_TILE_PIXELS:
        return None
    seams, usual = map(tiles.measure_seams, (tiles.maps.y_pred, tiles.maps.y_true))
    excess = seams[0] - seams[1]
    if excess < LEAST_SEAM or usual[0] - usual[1] >= LEAST_OF_MASKS * excess:
        return None
    before, fit = tiles.maps.score_pooled(), tiles.score_places()
    candidates = (
        (_assign(fit.sum(axis=0)), LEAST_TILE_GAIN),
        (_assign_each(fit), LEAST_TILE_GAIN_OF_EACH),
    )
    for orders, least in candidates:
        rearranged = tiles.rearrange(tiles.maps.y_pred, orders)
        after = tiles.maps.score_pooled(rearranged)
        if after - before > least and _is_seam_removed(seams, tiles.measure_seams(rearranged)):
            return Arrangement(grid, orders, before, after, seams)
    return None


def _is_seam_removed(before: tuple[float, float], after: tuple[float, float]) -> bool:
    left = after[0] - after[1]
    return left < MOST_SEAM_LEFT * (before[0] - before[1]) and left <= after[1]


def _assign(fit: NDArray[np.float32]) -> Order:
    """Return the tile for each place that gives the best total fit."""
    return assign(fit)[1]


def _assign_each(fit: NDArray[np.float32]) -> Order:
    """Return the best tile for each place, separately for each sample."""
    return np.stack([_assign(one) for one in fit])

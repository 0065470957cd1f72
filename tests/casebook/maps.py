"""Label maps drawn by numbers: streets, blobs, organs, patches, volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[Any]
Draw = Callable[[np.random.Generator, int, int], Array]

ROAD, SIDEWALK, BUILDING, POLE, TREE, SKY, PERSON, CAR = range(8)


def street(rng: np.random.Generator, height: int, width: int, classes: int = 8) -> Array:
    """Return one street: sky, houses, road, pavement to the right, and objects; not symmetric."""
    rows, columns = np.mgrid[:height, :width]
    image = np.full((height, width), SKY)
    horizon = int(height * rng.uniform(0.35, 0.6))
    _houses(rng, image, horizon)
    image[horizon:] = ROAD
    kerb = width * rng.uniform(0.55, 0.85) + (rows - horizon) * rng.uniform(-0.4, 0.6)
    image[(rows >= horizon) & (columns > kerb)] = SIDEWALK
    for _ in range(rng.integers(1, 4)):
        centre = rng.uniform(0.2, 0.9) * horizon, rng.uniform(0, 0.6) * width
        _ellipse(image, centre, rng.uniform(0.08, 0.2) * height, rng.uniform(0.8, 1.6), TREE)
    for _ in range(rng.integers(1, 5)):
        centre = horizon + rng.uniform(0, 0.35) * height, rng.uniform(0, 0.6) * width
        _ellipse(image, centre, rng.uniform(0.05, 0.15) * height, rng.uniform(1.3, 2.2), CAR)
    _objects(rng, image, classes)
    for _ in range(rng.integers(1, 4)):
        left, top = int(rng.integers(0, width - 2)), int(horizon * rng.uniform(0.2, 0.7))
        image[top : horizon + 4, left : left + int(rng.integers(1, 3))] = POLE
    for _ in range(rng.integers(1, 4)):
        centre = horizon + rng.uniform(0, 0.2) * height, rng.uniform(0.5, 1) * width
        _ellipse(image, centre, rng.uniform(0.06, 0.12) * height, 0.4, PERSON)
    return image


def _houses(rng: np.random.Generator, image: Array, horizon: int) -> None:
    """Draw a row of houses of various heights, with gaps."""
    width, place = image.shape[1], 0
    while place < width:
        wide = int(rng.integers(width // 8, width // 3))
        roof = int(horizon * rng.uniform(0.1, 0.8))
        if rng.random() < 0.8:
            image[roof:, place : place + wide] = BUILDING
        place += wide


def _objects(rng: np.random.Generator, image: Array, classes: int) -> None:
    height, width = image.shape
    for label in range(8, classes):
        for _ in range(rng.integers(0, 3)):
            centre = rng.uniform(0.1, 0.95) * height, rng.uniform(0, 1) * width
            _ellipse(image, centre, rng.uniform(0.04, 0.13) * height, rng.uniform(0.5, 2), label)


def blobs(rng: np.random.Generator, height: int, width: int) -> Array:
    """Return a background of 0 and one to four objects of 1."""
    image = np.zeros((height, width), dtype=int)
    for _ in range(rng.integers(1, 5)):
        centre = rng.uniform(0.1, 0.75) * height, rng.uniform(0.1, 0.9) * width
        _ellipse(image, centre, rng.uniform(0.08, 0.22) * height, rng.uniform(0.6, 1.8), 1)
    return image


def cells(rng: np.random.Generator, height: int, width: int) -> Array:
    """Return a background of 0 and many round objects of 1 that do not touch."""
    image = np.zeros((height, width), dtype=int)
    for row in range(6, height - 6, 13):
        for column in range(6, width - 6, 13):
            if rng.random() < 0.6:
                centre = row + rng.uniform(-1, 1), column + rng.uniform(-1, 1)
                _ellipse(image, centre, rng.uniform(2.5, 4), rng.uniform(0.8, 1.2), 1)
    return image


def specks(rng: np.random.Generator, height: int, width: int) -> Array:
    """Return one small object of 1: under one pixel in a hundred."""
    image = np.zeros((height, width), dtype=int)
    centre = rng.uniform(0.1, 0.9) * height, rng.uniform(0.1, 0.9) * width
    _ellipse(image, centre, 0.055 * height, rng.uniform(0.7, 1.4), 1)
    return image


def organs(rng: np.random.Generator, height: int, width: int) -> Array:
    """Return nested shapes 1, 2, 3: neighbours are in order everywhere."""
    image = np.zeros((height, width), dtype=int)
    centre = rng.uniform(0.35, 0.6) * height, rng.uniform(0.35, 0.65) * width
    radius, stretch = rng.uniform(0.25, 0.38) * height, rng.uniform(0.8, 1.2)
    for label, share in ((1, 1.0), (2, 0.7), (3, 0.4)):
        _ellipse(image, centre, radius * share, stretch, label)
    return image


def wires(rng: np.random.Generator, height: int, width: int) -> Array:
    """Return a background with lines of one to three pixels, in two classes."""
    image = np.zeros((height, width), dtype=int)
    rows, columns = np.mgrid[:height, :width]
    for label in (1, 2, 1, 2):
        at = height * rng.uniform(0.1, 0.9) + (columns - width / 2) * rng.uniform(-0.6, 0.6)
        image[np.abs(rows - at) < rng.uniform(0.6, 1.5)] = label
    return image


def mirror(rng: np.random.Generator, height: int, width: int) -> Array:
    """Return a scene of three classes whose halves mirror each other, up and down too."""
    image = np.zeros((height, width), dtype=int)
    _ellipse(image, ((height - 1) / 2, (width - 1) / 2), rng.uniform(0.2, 0.4) * height, 1.2, 1)
    inner = int(rng.integers(2, height // 5))
    image[height // 2 - inner : height // 2 + inner, width // 2 - inner : width // 2 + inner] = 2
    return image


def patches(rng: np.random.Generator, height: int, width: int, classes: int = 21) -> Array:
    """Return a map of cells, each of a class of its own choice."""
    cells = max(6, classes // 6)
    points = rng.uniform(0, 1, (cells, 2)) * (height, width)
    labels = rng.integers(0, classes, cells)
    labels[: cells // 3] = 0
    rows, columns = np.mgrid[:height, :width]
    distance = (rows[..., None] - points[:, 0]) ** 2 + (columns[..., None] - points[:, 1]) ** 2
    return labels[distance.argmin(-1)]


def trimap(rng: np.random.Generator, height: int, width: int) -> Array:
    """Return an animal of 2 with a border of 1 on a background of 0: it looks interpolated."""
    image = np.zeros((height, width), dtype=int)
    for _ in range(2):
        centre = rng.uniform(0.3, 0.7) * height, rng.uniform(0.3, 0.7) * width
        _ellipse(image, centre, rng.uniform(0.15, 0.3) * height, rng.uniform(0.7, 1.6), 2)
    grown = ndimage.binary_dilation(image > 0, iterations=2)
    return np.where(grown & (image == 0), 1, image)


def bands(rng: np.random.Generator, height: int, width: int, classes: int = 12) -> Array:
    """Return depths in steps: each class lies between its neighbours, some a pixel wide."""
    rows, columns = np.mgrid[:height, :width]
    depth = rows / height + rng.uniform(-0.3, 0.3) * columns / width
    depth += 0.15 * np.sin(columns / width * rng.uniform(3, 9))
    steps = np.sort(rng.uniform(depth.min(), depth.max(), classes - 1))
    return np.digitize(depth, steps)


def sometimes(rng: np.random.Generator, height: int, width: int) -> Array:
    """Return an object in every second image or so, and nothing in the others."""
    if rng.random() < 0.5:
        return np.zeros((height, width), dtype=int)
    return blobs(rng, height, width)


def tissue(rng: np.random.Generator, height: int, width: int, depth: int = 10) -> Array:
    """Return one volume of four classes."""
    noise = ndimage.gaussian_filter(rng.normal(size=(depth, height, width)), (2, 5, 4))
    noise += np.linspace(0, 2 * noise.std(), height)[:, None]
    return np.digitize(noise, np.quantile(noise, (0.5, 0.8, 0.93)))


def _ellipse(
    image: Array, centre: tuple[float, float], radius: float, stretch: float, label: int
) -> None:
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    high, wide = (rows - centre[0]) / radius, (columns - centre[1]) / (radius * stretch)
    image[high**2 + wide**2 <= 1] = label

"""Streets as CamVid shows them, drawn by numbers: no picture of anybody's data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, median_filter

from iou_doctor.datasets import load_data_set

Array = NDArray[Any]
SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST, VOID = range(12)


def draw_masks(count: int, *, height: int = 120, width: int = 160, seed: int = 0) -> Array:
    """Return label maps of streets, shape (count, height, width), uint8; 11 is void."""
    random = np.random.default_rng(seed)
    return np.stack([_draw_mask(random, height, width) for _ in range(count)])


def _draw_mask(random: np.random.Generator, height: int, width: int) -> Array:
    mask = np.full((height, width), SKY, np.uint8)
    rows, columns = np.mgrid[:height, :width]
    horizon = int(height * random.uniform(0.42, 0.52))
    left = 0
    while left < width:
        size = int(random.integers(width // 8, width // 3))
        top = int(random.integers(height // 8, horizon - height // 12))
        mask[top:horizon, left : left + size] = BUILDING
        left += size
    for _ in range(3):
        x, y = random.integers(0, width), random.integers(horizon - height // 5, horizon)
        radius = random.integers(height // 12, height // 6)
        mask[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = TREE
    mask[horizon:] = PAVEMENT
    centre = width * random.uniform(0.4, 0.6)
    mask[(rows >= horizon) & (abs(columns - centre) < (rows - horizon) * 1.1 + width / 12)] = ROAD
    fence = int(random.integers(0, width // 2))
    mask[horizon - height // 24 : horizon + height // 24, fence : fence + width // 5] = FENCE
    for _ in range(2):
        x = int(random.integers(2, width - 3))
        mask[height // 6 : horizon + height // 8, x : x + 2] = POLE
        mask[height // 6 : height // 6 + height // 14, x - 3 : x + 5] = SIGN
    for _ in range(3):
        _draw_car(mask, random, horizon, height, width)
    for label in (PEDESTRIAN, PEDESTRIAN, BICYCLIST):
        _draw_person(mask, random, label, horizon, height, width)
    mask[-height // 30 :] = VOID
    return mask


def _draw_car(
    mask: Array, random: np.random.Generator, horizon: int, height: int, width: int
) -> None:
    bottom = int(random.integers(horizon + height // 10, height - height // 10))
    size = max(4, (bottom - horizon) // 2)
    x = int(random.integers(0, width - 2 * size))
    mask[bottom - size // 2 : bottom, x : x + 2 * size] = CAR
    mask[bottom - size : bottom - size // 2, x + size // 2 : x + 2 * size - size // 2] = CAR


def _draw_person(
    mask: Array, random: np.random.Generator, label: int, horizon: int, height: int, width: int
) -> None:
    bottom = int(random.integers(horizon + height // 10, height - height // 12))
    size, x = max(6, (bottom - horizon) // 2 + 6), int(random.integers(3, width - 6))
    mask[bottom - size : bottom, x : x + 3] = label
    mask[bottom - size - 3 : bottom - size, x : x + 3] = label
    mask[bottom - size // 2 : bottom - size // 4, x - 2 : x + 5] = label


def predict(masks: Array, *, classes: int = 11, seed: int = 1, wrong: float = 0.05) -> Array:
    """Return predictions of a decent model: smooth contours, missed things and invented ones."""
    random = np.random.default_rng(seed)
    shape = masks.shape
    smooth = np.stack([median_filter(np.where(mask == VOID, ROAD, mask), 3) for mask in masks])
    noise = gaussian_filter(random.normal(size=shape), (0, 3, 3))
    other = gaussian_filter(random.normal(size=(classes, *shape)), (0, 0, 4, 4)).argmax(0)
    return np.where(noise < np.quantile(noise, wrong), other, smooth).astype(np.uint8)


def photograph(masks: Array, *, seed: int = 2) -> Array:
    """Return what a camera might see, shape (count, height, width, 3), uint8."""
    random = np.random.default_rng(seed)
    labels = load_data_set("camvid").labels
    colours = np.array([one.colour or (60, 60, 60) for one in labels], float)[:12]
    base = 0.55 * colours[masks] + 60
    light = gaussian_filter(random.normal(size=masks.shape), (0, 12, 12)) * 300
    grain = random.normal(0, 7, (*masks.shape, 3))
    return np.clip(base + light[..., np.newaxis] + grain, 0, 255).astype(np.uint8)

"""How often the interval of a mean IoU holds the mean IoU of the whole population.

    PYTHONPATH=tests python -m interval_coverage --simulations 4000 --images 200

The population is a hard one: classes of very different size, some of them in a few images only,
and images that go well or badly as a whole. Same arguments, same numbers.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.ledger.image_areas import ImageAreas
from iou_doctor.ledger.interval import estimate_intervals

POPULATION = 20_000
CLASSES = 11
PIXELS = 100_000


def make_population(seed: int) -> np.ndarray:
    """Return union and intersection of each class in each image, shape (2, images, classes)."""
    rng = np.random.default_rng(seed)
    share = np.geomspace(1, 0.003, CLASSES)
    present = rng.random((POPULATION, CLASSES)) < np.linspace(1, 0.15, CLASSES)
    sizes = share * rng.lognormal(0, 1, (POPULATION, CLASSES)) * present
    truth = sizes / sizes.sum(axis=1, keepdims=True) * PIXELS
    quality = rng.beta(5, 2, (POPULATION, 1)) * rng.beta(8, 2, (POPULATION, CLASSES))
    extra = rng.beta(1, 5, (POPULATION, CLASSES)) * truth + rng.exponential(20, truth.shape)
    return np.stack([truth + extra, truth * quality]).astype(np.int64)


def count_covered(simulations: int, images: int, *, seed: int = 0) -> int:
    """Return how many intervals of drawn data sets hold the mean IoU of the population."""
    population = make_population(seed)
    union, intersection = population.sum(axis=1)
    true = (intersection / union).mean()
    rng = np.random.default_rng(seed + 1)
    covered = 0
    for _ in range(simulations):
        areas = population[:, rng.integers(0, POPULATION, images)]
        drawn = ImageAreas(
            np.concatenate([areas, areas[:1]]), images, np.count_nonzero(areas[0], axis=0)
        )
        mean = estimate_intervals(drawn).mean
        assert mean is not None
        covered += mean.low <= true <= mean.high
    return covered

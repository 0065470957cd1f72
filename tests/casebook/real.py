"""Real photographs and a real network's softmax: CamVid, where somebody put it beside the project.

Its images are for research only and never part of the project.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
from scipy import ndimage

from casebook.scenes import Array, Scene

FOLDER = Path(
    os.environ.get("CASEBOOK_CAMVID", Path(__file__).parents[3] / "shared" / "data" / "camvid")
)
PLACE = "camvid"
CLASSES, VOID = 11, 11
FITTING = frozenset({"street", "street-11"})
"""A transform of one of these scenes fits CamVid too: streets, eleven classes."""


def missing() -> str | None:
    """Return why the real data cannot be had, or `None`."""
    path = FOLDER / "val30_probs_f16.npy"
    return None if path.exists() else f"{path.name} is not in {FOLDER}"


@cache
def masks() -> Array:
    """Return the thirty masks, void included, every second pixel."""
    thinned: Array = np.load(FOLDER / "val30_masks_u8.npy")[:, ::2, ::2]
    return thinned


@cache
def probabilities() -> Array:
    thinned: Array = np.load(FOLDER / "val30_probs_f16.npy")[:, ::2, ::2]
    return thinned


@cache
def camvid() -> Scene:
    """Return the thirty without void: such a pixel is of the nearest class."""
    truth = np.stack([_filled(image) for image in masks()])
    scores = np.log(probabilities().astype(np.float32).clip(1e-6))
    return Scene(PLACE, truth, scores, CLASSES)


def _filled(image: Array) -> Array:
    places = ndimage.distance_transform_edt(
        image == VOID, return_distances=False, return_indices=True
    )
    return np.asarray(image[tuple(places)])

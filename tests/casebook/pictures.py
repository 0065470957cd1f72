"""What pictures and resizing do to labels: palettes, grey levels, JPEG, interpolation."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy import ndimage

from casebook.scenes import Array, Scene
from iou_doctor import datasets


def colours_of(name: str) -> Array:
    """Return the colours of a data set's classes in order, one row for each, uint8."""
    data = datasets.load_data_set(name)
    colours = {
        label.id if label.train_id is None else label.train_id: label.colour
        for label in data.labels
        if label.id not in data.void and label.colour is not None
    }
    return np.array([colours[index] for index in sorted(colours)], dtype=np.uint8)


def random_palette(source: Scene) -> Array:
    """Return colours of no known data set, black for class 0."""
    rng = np.random.default_rng(source.classes)
    palette = rng.integers(20, 250, (source.classes, 3)).astype(np.uint8)
    palette[0] = 0
    return palette


def luma(colours: Array) -> Array:
    """Return what Pillow makes of colours when it reads them as grey, uint8."""
    return np.asarray(Image.fromarray(colours[None]).convert("L"))[0]


def jpeg(images: Array, quality: int) -> Array:
    """Return grey images as they come back from JPEG files."""

    def through(image: Array) -> Array:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=quality)
        return np.asarray(Image.open(buffer))

    return np.stack([through(image) for image in images])


def interpolated(labels: Array, rounded: str) -> Array:
    """Return labels that were halved and brought back to size by bilinear interpolation."""
    half = labels[:, ::2, ::2].astype(np.float64)
    zoom = labels.shape[1] / half.shape[1], labels.shape[2] / half.shape[2]
    back = np.stack(
        [ndimage.zoom(image, zoom, order=1, grid_mode=True, mode="nearest") for image in half]
    )
    return np.round(back).astype(np.uint8) if rounded == "rounded" else back.astype(np.float32)

"""The arrays that everybody is timed on: written in blocks, whatever their size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DISTINCT = 4
"""Images that differ; a file repeats them. No contestant remembers an image."""
WRONG = 0.15
"""Share of predicted pixels that are drawn anew."""
CELL = 23
"""Pixels along each axis that share a class, as neighbours in a mask do. No tile of a power of two
ends where these do: that would look like a mosaic, which is looked into at length."""


@dataclass(frozen=True)
class Form:
    """What a pair of files holds."""

    images: int
    side: int
    """Height and width of an image."""
    classes: int
    dtype: str
    """Of the predictions; integer masks have it too, masks beside scores are uint8."""
    dense: bool = False
    """Predictions are a softmax, else labels."""
    first: bool = False
    """The class axis comes right after the images, else last."""
    gzip: bool = False
    """HDF5 with gzip, else NPY."""

    @property
    def pixels(self) -> int:
        """Pixels of one of the two arrays."""
        return self.images * self.side**2


def make(form: Form, folder: Path) -> tuple[Path, Path]:
    """Write masks and predictions, and return their paths in this order."""
    folder.mkdir(parents=True, exist_ok=True)
    true, pred = _blocks(form)
    if form.gzip:
        return _hdf5(folder / "masks.h5", true, form), _hdf5(folder / "preds.h5", pred, form)
    return _npy(folder / "masks.npy", true, form), _npy(folder / "preds.npy", pred, form)


@cache
def _labels(images: int, side: int, classes: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    cells = rng.integers(0, classes, (images, -(-side // CELL), -(-side // CELL)), dtype=np.uint8)
    true = cells.repeat(CELL, axis=1).repeat(CELL, axis=2)[:, :side, :side].copy()
    drawn = rng.integers(0, classes, true.shape, dtype=np.uint8)
    return true, np.where(rng.random(true.shape, dtype=np.float32) < WRONG, drawn, true)


def _blocks(form: Form) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a few masks and predictions as stored."""
    true, labels = _labels(min(form.images, DISTINCT), form.side, form.classes)
    if not form.dense:
        return true.astype(form.dtype), labels.astype(form.dtype)
    return true, _softmax(labels, form)


def _softmax(labels: NDArray[np.uint8], form: Form) -> NDArray[Any]:
    rng = np.random.default_rng(1)
    scores = rng.random((*labels.shape, form.classes), dtype=np.float32)
    np.put_along_axis(scores, labels[..., None].astype(np.intp), np.float32(3), axis=-1)
    scores /= scores.sum(axis=-1, keepdims=True)
    stored = np.moveaxis(scores, -1, 1) if form.first else scores
    return np.ascontiguousarray(stored.astype(form.dtype))


def _npy(path: Path, block: NDArray[Any], form: Form) -> Path:
    shape = (form.images, *block.shape[1:])
    stored = np.lib.format.open_memmap(path, mode="w+", dtype=block.dtype, shape=shape)
    for start in range(0, form.images, len(block)):
        stored[start : start + len(block)] = block[: form.images - start]
    stored.flush()
    return path


def _hdf5(path: Path, block: NDArray[Any], form: Form) -> Path:
    import h5py

    shape = (form.images, *block.shape[1:])
    with h5py.File(path, "w") as file:
        stored = file.create_dataset(
            "labels", shape, block.dtype, chunks=(1, *shape[1:]), compression="gzip"
        )
        for start in range(0, form.images, len(block)):
            stored[start : start + len(block)] = block[: form.images - start]
    return path


def make_holes(folder: Path, size: int) -> tuple[Path, Path]:
    """Write labels that are all 0 and take no room on the disk: for memory, not for time.

    Args:
        folder: where to.
        size: bytes of each of the two files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "masks.npy", folder / "preds.npy"
    for path in paths:
        shape = (max(1, size // 1024**2), 1024, 1024)
        np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape).flush()
    return paths

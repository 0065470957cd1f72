"""The arrays of the benchmark: all images differ, and they are written in blocks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_TILE = 256
"""The most pixels of a tile along each axis."""
BLOCK = 8
"""Images that are generated at once."""
WRONG = 0.15
"""The share of predicted pixels that get a random class."""
CELL = 23
"""Pixels along each axis that share a class, as neighbours in a mask do. It is a prime number, so
that cells do not end where tiles do: that would look like a mosaic, whose checks take long."""


@dataclass(frozen=True)
class Form:
    """The content of a pair of files."""

    images: int
    side: int
    """Height and width of an image."""
    classes: int
    dtype: str
    """The dtype of the predictions, and of masks beside labels. Masks beside scores are uint8."""
    dense: bool = False
    """Whether the predictions are a softmax; else they are labels."""
    first: bool = False
    """Whether the class axis comes after the sample axis; else it is the last one."""
    ending: str = "npy"
    """The kind of the files: `npy`, `h5` with gzip, `zarr`, or `tif` in tiles with deflate."""

    @property
    def pixels(self) -> int:
        """Pixels of one of the two arrays."""
        return self.images * self.side**2

    @property
    def bytes(self) -> int:
        """Bytes of the predictions."""
        values = self.pixels * (self.classes if self.dense else 1)
        return values * np.dtype(self.dtype).itemsize


def make(form: Form, folder: Path) -> tuple[Path, Path]:
    """Write masks and predictions, and return their paths in this order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / f"masks.{form.ending}", folder / f"preds.{form.ending}"
    true, pred = _block(np.random.default_rng(0), 1, form)
    with ExitStack() as files:
        open_one = partial(_writer, files, form)
        write = open_one(paths[0], true), open_one(paths[1], pred)
        rng = np.random.default_rng(0)
        for start in range(0, form.images, BLOCK):
            for one, block in zip(
                write, _block(rng, min(BLOCK, form.images - start), form), strict=True
            ):
                one(start, block)
    return paths


Writer = Callable[[int, NDArray[Any]], object]
"""Takes the number of an image, and the values to write from this image on."""


def _writer(files: ExitStack, form: Form, path: Path, like: NDArray[Any]) -> Writer:
    """Return a function that writes to a file of images with the shape and dtype of `like`."""
    shape = (form.images, *like.shape[1:])
    if form.ending == "npy":
        # as np.save does: reading pages that were written through a mapping stays slower
        file = files.enter_context(path.open("wb"))
        header = {"descr": like.dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        return lambda _, block: file.write(block.data)
    if form.ending == "tif":
        return _write_tiles(files, path)
    chunks = (1, *shape[1:])
    stored: Any
    if form.ending == "zarr":
        import zarr

        stored = zarr.create_array(str(path), shape=shape, dtype=like.dtype, chunks=chunks)
    else:
        import h5py

        hdf5 = files.enter_context(h5py.File(path, "w"))
        stored = hdf5.create_dataset("labels", shape, like.dtype, chunks=chunks, compression="gzip")

    def write(start: int, block: NDArray[Any]) -> None:
        stored[start : start + len(block)] = block

    return write


def _write_tiles(files: ExitStack, path: Path) -> Writer:
    """Return a function that appends pages in tiles to a TIFF."""
    import tifffile

    tiff = files.enter_context(tifffile.TiffWriter(path))

    def write(_: int, block: NDArray[Any]) -> None:
        tile = tuple(min(length, MOST_TILE) for length in block.shape[1:])
        for page in block:
            tiff.write(page, tile=tile, compression="zlib", metadata=None)

    return write


def _block(rng: np.random.Generator, images: int, form: Form) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return some masks and predictions as stored."""
    true, labels = _labels(rng, images, form.side, form.classes)
    if not form.dense:
        return true.astype(form.dtype), labels.astype(form.dtype)
    return true, _softmax(rng, labels, form)


def _labels(
    rng: np.random.Generator, images: int, side: int, classes: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    cells = rng.integers(0, classes, (images, -(-side // CELL), -(-side // CELL)), dtype=np.uint8)
    true = cells.repeat(CELL, axis=1).repeat(CELL, axis=2)[:, :side, :side].copy()
    drawn = rng.integers(0, classes, true.shape, dtype=np.uint8)
    wrong = rng.integers(0, 256, true.shape, dtype=np.uint8) < round(WRONG * 256)
    return true, np.where(wrong, drawn, true)


def _softmax(rng: np.random.Generator, labels: NDArray[np.uint8], form: Form) -> NDArray[Any]:
    scores = rng.random((*labels.shape, form.classes), dtype=np.float32)
    np.put_along_axis(scores, labels[..., None].astype(np.intp), np.float32(3), axis=-1)
    scores /= scores.sum(axis=-1, keepdims=True)
    stored = np.moveaxis(scores, -1, 1) if form.first else scores
    return np.ascontiguousarray(stored.astype(form.dtype))


def make_holes(folder: Path, form: Form) -> tuple[Path, Path]:
    """Write labels that are all 0 and take no room on the disk: for memory, not for time."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "masks.npy", folder / "preds.npy"
    for path in paths:
        shape = (form.images, form.side, form.side)
        np.lib.format.open_memmap(path, mode="w+", dtype=form.dtype, shape=shape).flush()
    return paths


SHRUNK, SMALL = 8, 64
"""The factor by which a quick run divides the number and the side of images, and the side that it
leaves as it is."""


@dataclass(frozen=True)
class Files:
    """A pair of files and what they hold."""

    true: Path
    pred: Path
    form: Form


class Store:
    """The files of some cases, each pair made once, when it is first wanted."""

    def __init__(self, folder: Path, *, quick: bool = False) -> None:
        """Keep files in a folder; `quick` makes them tiny."""
        self.folder = folder
        self._quick = quick
        self._made: dict[Form, Files] = {}

    def get(self, form: Form) -> Files:
        """Return a pair of files."""
        if form not in self._made:
            made = _shrink(form) if self._quick else form
            self._made[form] = Files(*make(made, self.folder / f"{len(self._made)}"), made)
        return self._made[form]

    def get_holes(self, form: Form) -> Files:
        """Return a pair of files of the same size that are empty."""
        made = _shrink(form) if self._quick else form
        return Files(*make_holes(self.folder / f"holes-{made.images}", made), made)


def _shrink(form: Form) -> Form:
    side = max(form.side // SHRUNK, min(form.side, SMALL))
    return replace(form, images=-(-form.images // SHRUNK), side=side)

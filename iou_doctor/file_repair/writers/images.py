"""Label maps as PNG images, grey with 8 or 16 bits; colours as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from iou_doctor.atomic_files import sync
from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers._output import Output

_MOST_CHANNELS = 4  # red, green, blue, opacity


def write(path: Path, outputs: Sequence[Output]) -> None:
    """Write a new folder with one PNG a sample, or one PNG where there are no stems.

    Raises:
        OutputError: a PNG cannot hold the values.
    """
    (output,) = outputs
    _check(output)
    if not output.stems:
        for image in _images(output):
            _save(path, image)
        return
    path.mkdir()
    for stem, image in zip(output.stems, _images(output), strict=True):
        _save(path / f"{stem}.png", image)


def _images(output: Output) -> Iterator[NDArray[Any]]:
    for batch in output.converted():
        for image in batch:
            yield _as_pixels(image)


def _check(output: Output) -> None:
    channels = output.shape[3] if len(output.shape) > 3 else 1
    if output.dtype.kind == "f":
        raise OutputError(
            f"images hold whole numbers, and these are {output.dtype}; save the input as .npy"
        )
    if channels is None or channels > _MOST_CHANNELS:
        raise OutputError(f"an image holds no {channels} channels a pixel; save the input as .npy")


def _as_pixels(image: NDArray[Any]) -> NDArray[Any]:
    """Return an image in the narrowest type of PNG for its dtype, the same for a whole folder."""
    bits = 8 if image.dtype.itemsize == 1 or image.ndim > 2 else 16
    low, high = int(image.min()), int(image.max())
    if low < 0 or high >= 2**bits:
        raise OutputError(
            f"a PNG with {bits} bits cannot hold values from {low} to {high}; save the input as"
            " .npy"
        )
    return image.astype(np.uint8 if bits == 8 else np.uint16)


def _save(path: Path, image: NDArray[Any]) -> None:
    Image.fromarray(image).save(path, format="PNG")
    sync(path)

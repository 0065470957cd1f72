"""Write label maps as PNG images: grey with 8 or 16 bits, or colours with 8."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.safety.atomic_files import sync

MOST_PNG_CHANNELS = 4
"""Channels that a PNG can hold: red, green, blue and opacity."""


def write(path: Path, arrays: Sequence[OutputArray]) -> None:
    """Write a new folder with one PNG for each sample, or one PNG if the array has no stems.

    Raises:
        OutputError: a PNG cannot hold the values.
        OSError: a file cannot be written.
    """
    (array,) = arrays
    _check_type(array)
    if not array.stems:
        for pixels in _convert_images(array):
            _save(path, pixels)
        return
    path.mkdir()
    for stem, pixels in zip(array.stems, _convert_images(array), strict=True):
        file = path / f"{stem}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        _save(file, pixels)


def _convert_images(array: OutputArray) -> Iterator[NDArray[np.unsignedinteger]]:
    for batch in array.convert_batches():
        for image in batch:
            yield _convert_image(image)


def _check_type(array: OutputArray) -> None:
    channels = array.shape[3] if len(array.shape) > 3 else 1
    if array.dtype.kind == "f":
        raise OutputError(
            f"a PNG holds integers, but the repaired array is {array.dtype}; save the input as"
            " .npy first"
        )
    if channels is None or channels > MOST_PNG_CHANNELS:
        raise OutputError(
            f"a PNG cannot hold {channels} channels for each pixel; save the input as .npy first"
        )


def _convert_image(image: StoredArray) -> NDArray[np.unsignedinteger]:
    """Return an image with as many bits as its dtype needs, the same for a whole folder."""
    bits = 8 if image.dtype.itemsize == 1 or image.ndim > 2 else 16
    low, high = int(image.min()), int(image.max())
    if low < 0 or high >= 2**bits:
        raise OutputError(
            f"a PNG with {bits} bits cannot hold values from {low} to {high}; save the input as"
            " .npy first"
        )
    return image.astype(np.uint8 if bits == 8 else np.uint16)


def _save(path: Path, pixels: NDArray[np.unsignedinteger]) -> None:
    with path.open("xb") as stream:
        Image.fromarray(pixels).save(stream, format="PNG")
    sync(path)

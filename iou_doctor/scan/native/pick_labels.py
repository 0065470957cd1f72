"""Pick the labels at some places of some images with the native kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record
from iou_doctor.scan.native.library import Kernels
from iou_doctor.scan.native.structures import PICKS


@record
class Places:
    """Places in images of one shape, at the crossings of some indices along each axis."""

    shape: tuple[int, ...]
    """How many indices there are along each axis."""
    image: tuple[int, ...]
    """The shape of an image."""
    rows: NDArray[np.int64]
    """Where each row begins in an image, in the order of memory."""
    columns: NDArray[np.int64]
    """Where the places are in a row."""


@record
class PreparedPicks:
    """Labels that are to be picked, as the kernels take them."""

    picks: NDArray[np.void]
    """An array of `PICKS` without axes."""
    picked: NDArray[np.int32]
    """Where the labels go, shape (images, *places)."""
    arrays: tuple[NDArray[np.integer], ...]
    """The arrays whose memory the kernels read, which must not go before they are done."""


def find_places(indices: Sequence[NDArray[np.intp]], image: tuple[int, ...]) -> Places:
    """Return the places at the crossings of some indices, one at least, along each axis.

    Args:
        indices: the indices along each axis of an image.
        image: its shape.
    """
    for along, size in zip(indices, image, strict=True):
        assert 0 <= along.min() <= along.max() < size  # the kernel trusts it
    rows = np.zeros(1, dtype=np.int64)
    for along, size in zip(indices[:-1], image[:-1], strict=True):
        rows = np.add.outer(rows * size, along).reshape(-1)
    shape = tuple(map(len, indices))
    return Places(shape, image, rows * image[-1], indices[-1].astype(np.int64))


def prepare_picks(
    labels: NDArray[np.integer], images: Sequence[int], places: Places
) -> PreparedPicks:
    """Return what the kernels need to pick the labels at the same places of some images.

    Args:
        labels: C-contiguous, shape (n, *image).
        images: which of the n images to pick from; one at least.
        places: where to pick.
    """
    assert labels.flags.c_contiguous  # the kernel trusts all of this
    assert labels.shape[1:] == places.image
    assert 0 <= min(images) <= max(images) < len(labels)
    picked = np.empty((len(images), *places.shape), dtype=np.int32)
    starts = np.array(images, dtype=np.int64) * (labels.size // len(labels))
    rows, columns = places.rows, places.columns
    picks = np.array(
        (
            *(labels.ctypes.data, labels.dtype.itemsize, labels.dtype.kind != "i"),
            *(starts.ctypes.data, len(starts), rows.ctypes.data, len(rows)),
            *(columns.ctypes.data, len(columns), picked.ctypes.data),
        ),
        dtype=PICKS,
    )
    return PreparedPicks(picks, picked, (labels, starts, rows, columns))


def pick_labels(kernels: Kernels, prepared: PreparedPicks) -> NDArray[np.int32]:
    """Return the labels at the same places of some images, as 32 bits.

    Labels beyond the limits of 32 bits saturate. The code for no class becomes `NO_LABEL`.

    Args:
        kernels: the native kernels.
        prepared: what to pick.

    Returns:
        Shape (images, indices along the first axis, ..., indices along the last axis).
    """
    kernels.get("pick_labels")(prepared.picks.ctypes.data)
    return prepared.picked

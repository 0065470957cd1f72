"""Read the channels of whole samples, for channels that overlap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import Pair
from iou_doctor.record import record
from iou_doctor.scan.windows import iterate_batches


@record(eq=False)
class ChannelMaps:
    """The channels of some whole samples, as stored or thresholded."""

    samples: NDArray[np.int64]
    """The numbers of the samples, shape (n,)."""
    y_true: StoredArray
    """Shape (n, *spatial, channels)."""
    y_pred: StoredArray
    """Shape (n, *spatial, channels)."""


def iterate_channels(
    pair: Pair, layout: Layout, samples: range | None = None
) -> Iterator[ChannelMaps]:
    """Yield the stored channels of samples, some samples at a time.

    Args:
        pair: the sources.
        layout: what their axes mean; both arrays have channels.
        samples: which samples to read; `None` for all of them.
    """
    for batch in iterate_batches(pair, layout, whole_samples=True, samples=samples):
        yield ChannelMaps(
            batch.samples, layout.y_true.arrange(batch.y_true), layout.y_pred.arrange(batch.y_pred)
        )

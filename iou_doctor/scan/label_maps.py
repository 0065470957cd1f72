"""One pass over whole label maps, as repairs leave them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch, StoredArray
from iou_doctor.arrays.layout import Axes, Layout
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.record import record
from iou_doctor.scan.batch_plan import PixelRepair
from iou_doctor.scan.native.count_batch import encode_scores
from iou_doctor.scan.numpy.side import Side
from iou_doctor.scan.threads import map_in_order
from iou_doctor.scan.windows import iterate_batches

WORTH_THREADS = 2**21
"""Pixels from which threads save more time than importing what starts them takes."""

Labels = NDArray[np.integer]
Relabel = Callable[[Labels, Labels, NDArray[np.int64]], tuple[Labels, Labels]]
"""Returns the true and the predicted labels of some samples for the stored ones, shape (n,
*spatial), and the numbers of the samples."""
Answer = TypeVar("Answer")


@record(eq=False)
class MapReader:
    """Reads whole label maps, a few samples at a time, so that memory does not grow with them."""

    pair: Pair
    layout: Layout
    pairing: Pairing
    """How to decode their labels."""
    threshold: float
    """The threshold of `LabelDecoding.BINS`."""
    repair: PixelRepair | None = None
    """As for `scan`."""
    relabel: Relabel | None = None
    """Returns other labels of some samples; `None` for none."""
    left_out: tuple[int, ...] = ()
    """The numbers of samples that are not looked at."""

    def map(
        self,
        function: Callable[[NDArray[np.int64], Labels, Labels], Answer],
        *,
        jobs: int = 1,
        samples: range | None = None,
    ) -> Iterator[Answer]:
        """Yield what a function returns for the numbers and the label maps of some samples.

        Args:
            function: it is called by several threads.
            jobs: the number of threads; the result does not depend on it.
            samples: which samples to look at; `None` for all of them.

        Raises:
            SourceError: a file cannot be read.
        """
        batches = iterate_batches(self.pair, self.layout, whole_samples=True, samples=samples)
        few = self.layout.samples * _count_pixels(self.pair, self.layout) < WORTH_THREADS
        jobs = 1 if few else jobs
        return map_in_order(lambda batch: function(*self._read(batch)), batches, jobs=jobs)

    def _read(self, batch: Batch) -> tuple[NDArray[np.int64], Labels, Labels]:
        layout, pairing, threshold = self.layout, self.pairing, self.threshold
        y_true = _decode(batch, batch.y_true, layout.y_true, pairing.y_true, threshold)
        y_pred = _decode(batch, batch.y_pred, layout.y_pred, pairing.y_pred, threshold)
        if self.repair is not None:
            y_pred = self.repair(y_pred, y_true.shape[1:], batch.samples)
        if self.relabel is not None:
            y_true, y_pred = self.relabel(y_true, y_pred, batch.samples)
        if not self.left_out:
            return batch.samples, y_true, y_pred
        kept = ~np.isin(batch.samples, self.left_out)
        return batch.samples[kept], y_true[kept], y_pred[kept]


@np.errstate(over="ignore", invalid="ignore")  # NaN and Inf are no class
def _decode(
    batch: Batch, stored: StoredArray, axes: Axes, decoding: LabelDecoding, threshold: float
) -> Labels:
    """Return one label for each pixel, shape (n, *spatial)."""
    labels = encode_scores(stored, axes) if decoding is LabelDecoding.ARGMAX else None
    return Side(stored, axes, batch, threshold).decode(decoding) if labels is None else labels


def _count_pixels(pair: Pair, layout: Layout) -> int:
    """Return the pixels of the first sample."""
    shape = pair.y_true.get_sample_shape(0)
    rows = 1 if layout.y_true.has_sample_axis else pair.y_true.shape[0] or 1
    return rows * int(np.prod(shape)) // layout.y_true.channels

"""Count the values of each sample of an array on their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.layout import Layout
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.diagnosis.questions import OpenArrays
from iou_doctor.metrics.user.user_metric import DEFAULT_THRESHOLD
from iou_doctor.record import record
from iou_doctor.repairs.step import Side
from iou_doctor.scan.numpy.side import Side as Values
from iou_doctor.scan.windows import iterate_samples


@record
class MeasureSamples:
    """What are the counts over the values of each sample of an array?"""

    layout: Layout
    side: Side

    def answer(self, arrays: OpenArrays) -> dict[int, ValueCounts]:
        """Return the counts of some samples, by number."""
        pair = arrays.pair
        is_mask = self.side is Side.MASKS
        source = pair.y_true if is_mask else pair.y_pred
        axes = self.layout.y_true if is_mask else self.layout.y_pred
        some = range(self.layout.samples) if arrays.samples is None else arrays.samples
        number, found = some.start, {}
        for stored in iterate_samples(source, axes, some):
            for sample in range(len(stored)):
                one = stored[sample : sample + 1]
                batch = Batch(one, one, np.array([number], dtype=np.int64))
                values = Values(one, axes, batch, DEFAULT_THRESHOLD)
                found[number] = values.measure(None)
                number += 1
        return found

    def merge(self, answers: Sequence[dict[int, ValueCounts]]) -> dict[int, ValueCounts]:
        """Return the counts of all samples."""
        return {sample: values for some in answers for sample, values in some.items()}

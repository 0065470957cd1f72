"""Ask whether class scores were reshaped where their axes had to be moved."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from iou_doctor.arrays.layout import Layout
from iou_doctor.diagnosis.passes import Ask
from iou_doctor.diagnosis.questions import OpenArrays, Unanswered
from iou_doctor.interpret.flat_images import list_image_counts
from iou_doctor.interpret.scrambled_scores import find_smoother, reshape_back
from iou_doctor.record import record


@record
class CompareOrders:
    """Are the labels of the first and of the last sample smoother in the other order?

    The answers are the numbers of images that such a sample holds, and 0 for another one.
    """

    layout: Layout

    def answer(self, arrays: OpenArrays) -> tuple[int, ...]:
        """Return the number for each of the two that is among some samples."""
        axes = self.layout.y_pred
        last = axes.samples - 1 if axes.has_sample_axis else 0
        return find_smoother(arrays.pair, self.layout, arrays.select(sorted({0, last})))

    def merge(self, answers: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """Return the numbers for both."""
        return tuple(chain.from_iterable(answers))


def find_written_order(ask: Ask, layout: Layout) -> Layout | None:
    """Return the layout with scores read in the other order, if that makes sense of them."""
    try:
        smoother = ask(CompareOrders(layout))
    except Unanswered:
        return None
    possible = list_image_counts(layout)
    return reshape_back(layout, smoother[0]) if set(smoother) <= {*possible} else None

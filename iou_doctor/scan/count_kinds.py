"""Count the kinds of errors of the samples of a batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.error_kinds import choose_width
from iou_doctor.counts.kind_counts import ImageKinds, KindCounts
from iou_doctor.counts.label_changes import LabelChanges
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.scan.error_kinds import find_error_kinds


def count_kinds(
    samples: NDArray[np.int64],
    y_true: NDArray[np.integer],
    y_pred: NDArray[np.integer],
    changes: LabelChanges | None,
) -> KindCounts | None:
    """Return the counts of some whole samples; `None` if they have no kinds.

    Args:
        samples: the number of each sample, shape (n,).
        y_true: the true labels, shape (n, height, width) or (n, depth, height, width).
        y_pred: the predicted labels, of the same shape.
        changes: which classes the labels stand for; `None` if they are the classes.
    """
    if y_true.shape != y_pred.shape or y_true.ndim not in {3, 4} or not y_true.size:
        return None
    if changes is not None:
        y_true, y_pred = changes.apply(y_true, y_pred)
    width = choose_width(y_true.shape[1:])
    void = None
    if y_true.dtype == np.int64:  # others are too narrow for the codes of pixels without a class
        void = is_no_class(y_true)
        void = void if void.any() else None
    return KindCounts.of_images(
        [
            ImageKinds(
                sample,
                truth,
                prediction,
                find_error_kinds(
                    truth,
                    prediction,
                    void=None if void is None else void[index],
                    width=width,
                ),
                width,
            )
            for index, (sample, truth, prediction) in enumerate(
                zip(samples.tolist(), y_true, y_pred, strict=True)
            )
        ]
    )

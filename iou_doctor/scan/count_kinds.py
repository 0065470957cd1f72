"""Count the kinds of errors of some samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.error_kinds import choose_width
from iou_doctor.counts.kind_counts import ImageKinds, KindCounts
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.scan.error_kinds import TooManyLabelsError, find_error_kinds

if TYPE_CHECKING:
    from iou_doctor.counts.label_changes import LabelChanges


def count_kinds(
    samples: NDArray[np.int64],
    y_true: NDArray[np.integer],
    y_pred: NDArray[np.integer],
    changes: LabelChanges | None = None,
) -> KindCounts | None:
    """Return the counts of some whole samples; `None` if their label maps have no kinds.

    That is so if they are neither images nor volumes, or hold more labels than there are classes.

    Args:
        samples: the number of each sample, shape (n,).
        y_true: the true labels, shape (n, height, width) or (n, depth, height, width).
        y_pred: the predicted labels, of the same shape; or one of the two is flat.
        changes: which classes the labels stand for; `None` if they are the classes.
    """
    shape = max(y_true.shape, y_pred.shape, key=len)
    if len(shape) not in {3, 4} or not y_true.size or y_true.size != y_pred.size:
        return None
    y_true, y_pred = y_true.reshape(shape), y_pred.reshape(shape)
    if changes is not None:
        y_true, y_pred = changes.apply(y_true, y_pred)
    void = None
    if y_true.dtype == np.int64:  # others are too narrow for the codes of pixels without a class
        nothing = is_no_class(y_true)
        void = nothing if nothing.any() else None
    width, images = choose_width(shape[1:]), []
    for index, sample in enumerate(samples.tolist()):
        maps = y_true[index], y_pred[index]
        own_void = None if void is None else void[index]
        try:
            kinds = find_error_kinds(*maps, void=own_void, width=width)
        except TooManyLabelsError:
            return None
        images.append(ImageKinds(sample, *maps, kinds, width))
    return KindCounts.of_images(images)

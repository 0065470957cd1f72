"""Drop the pixels that the contract ignores because of the ignore label."""

from __future__ import annotations

import numpy as np

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Choices, Ignored
from iou_doctor.metrics.engine.library_errors import LibraryError
from iou_doctor.metrics.inputs import MetricInputs

_NO_PIXEL_LEAVES = frozenset(
    {
        Ignored.NO_OPTION,
        Ignored.CLASS_CLEARED,
        Ignored.MEAN_ONLY,
        Ignored.MEAN_ONLY_INSIDE,
    }
)


def drop_ignored(pairs: PairCounts, inputs: MetricInputs, choices: Choices) -> PairCounts:
    """Return the pairs without those whose truth the contract ignores.

    Raises:
        LibraryError: the library refuses the ignore label.
    """
    rule, ignore = choices.ignored, find_ignored_label(inputs, choices)
    if rule is Ignored.BELOW_0_TOO:
        pairs = _drop_negative_truth(pairs)
    if ignore is None:
        return pairs
    is_class = 0 <= ignore < inputs.num_classes
    if rule is Ignored.MEAN_ONLY_INSIDE and not is_class:  # pytorch-ignite 0.5.5, `mIoU`
        raise LibraryError(
            "ValueError: ignore_index should be integer and in the range of"
            f" [0, {inputs.num_classes}), but given {ignore}"
        )
    if rule in _NO_PIXEL_LEAVES or (rule is Ignored.INSIDE_ONLY and not is_class):
        return pairs
    if rule is Ignored.OUTSIDE_ONLY and is_class:  # smp 0.6.0, `get_stats`
        raise LibraryError(
            "ValueError: ``ignore_index`` should be outside the class values range, but got class"
            f" values in range 0..{inputs.num_classes - 1} and ``ignore_index={ignore}``."
        )
    return pairs.drop_truth(ignore)


def find_ignored_label(inputs: MetricInputs, choices: Choices) -> int | None:
    """Return the label that the contract ignores, as it is in the masks."""
    ignore = 255 if choices.ignored is Ignored.IS_255 else inputs.ignore_index
    if ignore is None or not choices.ignores_in_mask_dtype:
        return ignore
    return _cast(ignore, inputs)


def _cast(ignore: int, inputs: MetricInputs) -> int:
    """Return the ignore label as it is in the dtype of the masks, if that has one byte."""
    dtype = inputs.true_dtype
    if dtype.kind not in "iu" or dtype.itemsize > 1 or not -(2**7) <= ignore < 2**8:
        return ignore
    return int(np.array([ignore], dtype=np.int64).astype(dtype)[0])


def _drop_negative_truth(pairs: PairCounts) -> PairCounts:
    if pairs.truth_span[0] >= 0:
        return pairs
    return pairs.cached("truth from 0", lambda: pairs.keep_rows(pairs.truth >= 0))

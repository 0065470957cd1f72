"""Drop the pixels that the contract ignores because of the ignore label."""

from __future__ import annotations

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
    ignore, rule = inputs.ignore_index, choices.ignored
    if rule is Ignored.BELOW_0_TOO:
        pairs = _drop_negative_truth(pairs)
    if rule is Ignored.IS_255:
        ignore = 255
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


def _drop_negative_truth(pairs: PairCounts) -> PairCounts:
    if pairs.truth_span[0] >= 0:
        return pairs
    return pairs.cached("truth from 0", lambda: pairs.keep_rows(pairs.truth >= 0))

"""Compare two parts, each of all shards of its data set, sample by sample."""

from __future__ import annotations

import numpy as np

from iou_doctor.diagnosis.compare import Checked, check_side, compare_checked
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.shared_samples import find_shared_samples
from iou_doctor.errors import UsageError
from iou_doctor.parts.part import Part, refuse_missing
from iou_doctor.parts.recorded import RecordedArrays, build_pair, refuse_unanswered
from iou_doctor.report.comparison import Comparison


def compare_parts(before: Part, after: Part, *, confidence: float) -> Comparison:
    """Return where the numbers of two parts differ.

    Args:
        before: all shards of the one side.
        after: all shards of the other side.
        confidence: the share of the drawn data sets that an interval holds.

    Raises:
        UsageError: shards are missing, something was not counted, or they are of other masks.
        ReadingError: the arrays cannot be understood.
    """
    first, second = _check(before), _check(after)
    if _are_of_other_masks(first, second):
        raise UsageError(
            f"`{before.origin}` and `{after.origin}` are of other masks: samples of the same name"
            " have other classes; give parts of the same masks"
        )
    return compare_checked(
        first, second, same=_are_of_same_predictions(first, second), confidence=confidence
    )


def _check(part: Part) -> Checked:
    refuse_missing(part)
    arrays = RecordedArrays(part)
    request = CheckRequest(options=part.job.options, metric=part.job.metric)
    with refuse_unanswered(part, "a comparison"):
        checked = check_side(build_pair(part), request, arrays)
    if checked.counted is None and arrays.open_questions:
        raise UsageError(
            f"`{part.origin}` needs the arrays once more, to count what a repair changes; scan each"
            " shard with --again REPORT, and merge those parts as well"
        )
    return checked


def _are_of_same_predictions(before: Checked, after: Checked) -> bool:
    """Return whether both sides counted the same: a path alone may hold new predictions."""
    one, other = before.evidence, after.evidence
    same_path = one.pair.y_pred.path == other.pair.y_pred.path
    return same_path and all(
        np.array_equal(getattr(one.pairs, name), getattr(other.pairs, name))
        for name in ("image", "truth", "prediction", "count")
    )


def _are_of_other_masks(before: Checked, after: Checked) -> bool:
    """Return whether two sides that read their masks in one way hold others."""
    first, second = before.counted, after.counted
    if first is None or second is None or before.report.primary or after.report.primary:
        return False
    if len(first.score.per_class) != len(second.score.per_class):
        return False
    if first.ignore_index != second.ignore_index:
        return False
    shared = find_shared_samples(before.evidence, after.evidence)
    if shared is not None:
        first, second = shared.select(first, 0), shared.select(second, 1)
    span = 1 + max(first.scored.image_span[1], second.scored.image_span[1])
    truths = [one.count_areas(span).areas[2] for one in (first, second)]
    return not np.array_equal(*truths)

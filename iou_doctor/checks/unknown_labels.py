"""Find labels that are neither a class nor the ignore label, and distinguish their kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from iou_doctor.arrays.interpretation import RARE_VOID_LABELS, VOID_LABELS
from iou_doctor.checks.background_channel import lacks_background_channel
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.wording import format_percent
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.repairs.step import Side

DEFAULT_VOID = 255
"""The label that repairs give to pixels of no class, unless the user has declared an ignore
label."""
NO_DATA_LABELS = (-9999, -32768, 32767, 65535, -(2**31), 2**31 - 1)
"""What raster tools (GDAL) write where there is no data: the limits of integer types, and -9999 by
convention."""

MOST_VOID_LABELS = 3
"""Data sets have one or two void labels. More labels outside the classes are damage, or classes of
another numbering."""
LEAST_ORPHAN_SHARE = 0.001
"""Share of the pixels from which a class that no mask holds is predicted on purpose."""
LEAST_SHARE_MET = 0.2
"""Minimum share of the pixels of labels outside the classes that are predicted as such classes, for
them to be these classes under other ids. A model predicts many classes in void."""
LEAST_TRUE_SHARE = 0.6
"""Minimum share of the pixels of some predicted labels that have one class in the masks, for it to
be named."""
FEWEST_VOID_PIXELS = 20
"""Minimum number of pixels of a void label that no data set is known for. Fewer may be damage."""


def count_unknown_truth(evidence: Evidence) -> dict[int, int]:
    """Return the number of pixels of each truth label that is neither a class nor the ignore label.

    Colours are left out, as rules of their own deal with them.
    """
    interpretation = evidence.interpretation
    if interpretation.layout.y_true.is_colour:
        return {}
    explained = list_labels_of_faulty_samples(evidence, Side.MASKS)
    return {
        label: count
        for label, count in evidence.pairs.count_truths().items()
        if not 0 <= label < interpretation.num_classes
        and label not in {interpretation.ignore_index, *explained}
        and not is_no_class(label)
    }


def count_unknown_predictions(evidence: Evidence) -> dict[int, int]:
    """Return the number of pixels of each predicted label that is not a class.

    Only pixels count whose truth is a class other than the ignore label.
    """
    interpretation = evidence.interpretation
    if interpretation.layout.y_pred.is_colour:
        return {}
    pairs = evidence.pairs.pool()
    truth = pairs.truth
    counted = (truth >= 0) & (truth < interpretation.num_classes)
    if has_binary_0_255(evidence):
        counted |= truth == 255  # class 1 by another name
    if interpretation.ignore_index is not None:
        counted &= truth != interpretation.ignore_index
    explained = list_labels_of_faulty_samples(evidence, Side.PREDICTIONS)
    return {
        label: count
        for label, count in pairs.keep_rows(counted).count_predictions().items()
        if not 0 <= label < interpretation.num_classes
        and not is_no_class(label)
        and label not in explained
    }


def list_labels_of_faulty_samples(evidence: Evidence, side: Side) -> list[int]:
    """Return the labels that `faulty-samples` has explained, if the check runs after that rule."""
    return [
        label
        for finding in evidence.found
        if finding.rule.name == "faulty-samples"
        for label in finding.facts.get("labels", {}).get(side.value, ())
    ]


def has_binary_0_255(evidence: Evidence) -> bool:
    """Return whether 255 means class 1 in the masks: ask only after the rule `masks-0-255`."""
    return evidence.has_found("masks-0-255")


def count_no_data(evidence: Evidence) -> dict[int, int]:
    """Return the number of pixels of each unknown truth label that means missing data."""
    unknown = count_unknown_truth(evidence)
    no_data = {label: count for label, count in unknown.items() if label in NO_DATA_LABELS}
    return {} if no_data and _is_object(evidence, [*no_data]) else no_data


def _is_object(evidence: Evidence, labels: list[int]) -> bool:
    """Return whether the masks hold only 0 and one of these labels, which is predicted as class 1.

    White is 65535 in pictures of 16 bits.
    """
    pairs = evidence.pairs.pool()
    if pairs.count_truths().keys() != {0, *labels} or len(labels) > 1:
        return False
    hits = pairs.keep_rows((pairs.truth == labels[0]) & (pairs.prediction == 1)).total
    return 2 * hits > pairs.count_predictions().get(1, 0)


def count_undeclared_void(evidence: Evidence) -> dict[int, int]:
    """Return the number of pixels of each undeclared truth label outside the classes that is void.

    255 and -1 are void by convention. Others are void if they are never predicted, are not a class
    by another name, and are rare void labels, or lie beyond a gap, or are `num_classes` itself and
    the only such label, like CamVid's 11 beside the classes 0..10.
    """
    if has_binary_0_255(evidence):
        return {}
    unknown = count_unknown_truth(evidence)
    void = {label: count for label, count in unknown.items() if label in VOID_LABELS}
    no_data = count_no_data(evidence)
    others = [label for label in unknown if label not in void and label not in no_data]
    void.update((label, unknown[label]) for label in _choose_void(evidence, others))
    return dict(sorted(void.items(), reverse=True))


def may_be_classes(evidence: Evidence, outside: Mapping[int, int]) -> bool:
    """Return whether such labels may be classes under other ids, which no mask holds.

    Args:
        evidence: the facts.
        outside: the pixels of labels outside the classes, as `count_undeclared_void` returns them.
    """
    if not {*VOID_LABELS, *RARE_VOID_LABELS}.isdisjoint(outside):
        return False
    if lacks_background_channel(evidence):
        return True
    score, pairs = evidence.repaired, evidence.pairs.pool()
    orphans = [
        one.id
        for one in score.per_class
        if not one.truth_pixels and one.predicted_pixels > LEAST_ORPHAN_SHARE * score.pixels.counted
    ]
    inside = pairs.keep_rows(np.isin(pairs.truth, list(outside)))
    met = inside.keep_rows(np.isin(inside.prediction, orphans)).total
    return len(orphans) >= len(outside) and met >= LEAST_SHARE_MET * inside.total


def _choose_void(evidence: Evidence, others: list[int]) -> list[int]:
    """Return the void labels among those that are neither classes nor void by convention."""
    predictions = evidence.pairs.count_predictions()
    never = [label for label in others if label not in predictions]
    if not never or len(never) > MOST_VOID_LABELS:
        return []
    renamed = find_renamed_classes(evidence)
    never = [label for label in never if label not in renamed]
    last = evidence.interpretation.num_classes
    if others == never == [last]:
        return never
    largest = max([last - 1, *(label for label in others if label not in never)])
    has_gap = all(not 0 <= label <= largest + 1 for label in never)
    truths = evidence.pairs.count_truths()
    is_rare = any(truths[label] < FEWEST_VOID_PIXELS for label in never)
    if renamed or is_rare or not has_gap or not are_classes_right(evidence):
        return [label for label in never if label in RARE_VOID_LABELS]
    return never


def find_renamed_classes(evidence: Evidence) -> dict[int, int]:
    """Return the truth labels that only the masks hold and are one class of the predictions.

    Most of the pixels of such a label are predicted as a class that no mask holds, and most of the
    pixels predicted as this class have the label.

    Returns:
        The predicted class by truth label.
    """
    pairs, truths = evidence.pairs.pool(), evidence.pairs.count_truths()
    predictions = evidence.pairs.count_predictions()
    lonely = ~np.isin(pairs.prediction, list(truths)) & ~np.isin(pairs.truth, list(predictions))
    rows = pairs.keep_rows(lonely)
    return {
        truth: prediction
        for truth, prediction, count in zip(
            rows.truth.tolist(), rows.prediction.tolist(), rows.count.tolist(), strict=True
        )
        if 2 * count > truths[truth] and 2 * count > predictions[prediction]
    }


def are_classes_right(evidence: Evidence) -> bool:
    """Return whether most pixels of the classes are predicted as their own class."""
    pairs = evidence.pairs.pool()
    inside = pairs.drop_out_of_range(evidence.interpretation.num_classes)
    return 2 * inside.keep_rows(inside.truth == inside.prediction).total > inside.total


def describe_truth(
    evidence: Evidence, labels: Sequence[int], *, background: bool = True
) -> str | None:
    """Return which class some predicted labels are in the masks; `None` if no class has most.

    Args:
        evidence: the facts.
        labels: the predicted labels.
        background: whether class 0 is worth a word.
    """
    classes, ignored = evidence.interpretation.num_classes, evidence.interpretation.ignore_index
    pool = evidence.pairs.keep_counted(classes, ignored).pool()
    own = pool.keep_rows(np.isin(pool.prediction, labels))
    pixels = np.bincount(own.truth, own.count, classes)
    most = int(pixels.argmax())
    if pixels[most] < LEAST_TRUE_SHARE * pixels.sum() or not (most or background):
        return None
    share = format_percent(int(pixels[most]), int(pixels.sum()))
    name = evidence.interpretation.class_names[most]
    return f"{share} of these pixels are class {name} in the masks"

"""Find labels that are neither a class nor the ignore label, and distinguish their kinds."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import VOID_LABELS
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class

DEFAULT_VOID = 255
"""The label that repairs give to pixels of no class, unless the user has declared an ignore
label."""
NO_DATA_LABELS = (-9999, -32768, 32767, 65535, -(2**31), 2**31 - 1)
"""What raster tools (GDAL) write where there is no data: the limits of integer types, and -9999 by
convention."""


def count_unknown_truth(evidence: Evidence) -> dict[int, int]:
    """Return the number of pixels of each truth label that is neither a class nor the ignore label.

    Colours are left out, as rules of their own deal with them.
    """
    interpretation = evidence.interpretation
    if interpretation.layout.y_true.is_colour:
        return {}
    return {
        label: count
        for label, count in evidence.pairs.count_truths().items()
        if not 0 <= label < interpretation.num_classes
        and label != interpretation.ignore_index
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
    return {
        label: count
        for label, count in pairs.keep_rows(counted).count_predictions().items()
        if not 0 <= label < interpretation.num_classes and not is_no_class(label)
    }


def has_binary_0_255(evidence: Evidence) -> bool:
    """Return whether 255 means class 1 in the masks: ask only after the rule `masks-0-255`."""
    return evidence.has_found("masks-0-255")


def count_no_data(evidence: Evidence) -> dict[int, int]:
    """Return the number of pixels of each unknown truth label that means missing data."""
    unknown = count_unknown_truth(evidence)
    return {label: count for label, count in unknown.items() if label in NO_DATA_LABELS}


def count_undeclared_void(evidence: Evidence) -> dict[int, int]:
    """Return the number of pixels of each undeclared truth label that data sets use for void.

    255 and -1 always are void. `num_classes` itself is if it is the only other unknown label and
    is never predicted, like CamVid's 11 beside the classes 0..10.
    """
    if evidence.interpretation.ignore_index is not None or has_binary_0_255(evidence):
        return {}
    unknown = count_unknown_truth(evidence)
    void = {label: count for label, count in unknown.items() if label in VOID_LABELS}
    others = set(unknown) - set(void) - set(count_no_data(evidence))
    last = evidence.interpretation.num_classes
    if others == {last} and last not in evidence.pairs.count_predictions():
        void[last] = unknown[last]
    return void

"""Labels that are neither a class nor the ignore label, and which kind each one is."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import VOID_LABELS
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_code_of_no_class

NO_DATA_LABELS = (-9999, -32768, 32767, 65535, -(2**31), 2**31 - 1)
"""What raster tools write where there is no data: type limits, and -9999 by custom."""


def count_unknown_truth(evidence: Evidence) -> dict[int, int]:
    """Return the pixels of each truth label that is no class and not the ignore label."""
    interpretation = evidence.interpretation
    if interpretation.layout.y_true.is_colour:
        return {}
    return {
        label: count
        for label, count in evidence.pairs.truth_counts().items()
        if not 0 <= label < interpretation.num_classes
        and label != interpretation.ignore_index
        and not is_code_of_no_class(label)
    }


def count_unknown_predictions(evidence: Evidence) -> dict[int, int]:
    """Return the same for predictions, over pixels whose truth is a class that counts."""
    interpretation = evidence.interpretation
    if interpretation.layout.y_pred.is_colour:
        return {}
    pairs = evidence.pairs.pooled()
    truth = pairs.truth
    counted = (truth >= 0) & (truth < interpretation.num_classes)
    if has_binary_0_255(evidence):
        counted |= truth == 255  # class 1 by another name
    if interpretation.ignore_index is not None:
        counted &= truth != interpretation.ignore_index
    return {
        label: count
        for label, count in pairs.where(counted).prediction_counts().items()
        if not 0 <= label < interpretation.num_classes and not is_code_of_no_class(label)
    }


def has_binary_0_255(evidence: Evidence) -> bool:
    """Return whether 255 stands for class 1 in the masks: `masks-0-255` has looked before."""
    return evidence.has_found("masks-0-255")


def count_no_data(evidence: Evidence) -> dict[int, int]:
    """Return the stray truth labels that stand for missing data."""
    strays = count_unknown_truth(evidence)
    return {label: count for label, count in strays.items() if label in NO_DATA_LABELS}


def count_undeclared_void(evidence: Evidence) -> dict[int, int]:
    """Return the stray truth labels that data sets use for pixels of no class.

    255 and -1 always; `num_classes` itself where it is the only other stray and is never
    predicted, as CamVid's 11 beside classes 0..10.
    """
    if evidence.interpretation.ignore_index is not None or has_binary_0_255(evidence):
        return {}
    strays = count_unknown_truth(evidence)
    void = {label: count for label, count in strays.items() if label in VOID_LABELS}
    others = set(strays) - set(void) - set(count_no_data(evidence))
    last = evidence.interpretation.num_classes
    if others == {last} and last not in evidence.pairs.prediction_counts():
        void[last] = strays[last]
    return void

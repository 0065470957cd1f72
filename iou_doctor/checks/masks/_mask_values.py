"""Mask values that are not class ids but stand for them: greys, stretched ids, JPEG noise."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side

LARGEST_CHANCE = 0.01
"""Largest probability at which a fit by chance is ruled out."""
GREY_VALUES = 256
"""Number of values of an 8-bit grey image."""


def count_mask_labels(evidence: Evidence) -> dict[int, int]:
    """Return the number of pixels of each mask label without the ignore label.

    The result is empty if the masks do not hold labels.
    """
    if evidence.interpretation.y_true is not Encoding.LABELS:
        return {}
    return {
        label: count
        for label, count in evidence.pairs.count_truths().items()
        if not is_no_class(label) and label != evidence.interpretation.ignore_index
    }


def infer_num_classes(evidence: Evidence) -> int:
    """Return the number of classes that is declared or that the predictions show.

    It does not depend on the masks, whose values may not be class ids.
    """
    interpretation = evidence.interpretation
    if (
        interpretation.num_classes_declared
        or interpretation.y_pred.is_dense
        or interpretation.y_pred.is_thresholded
    ):
        return interpretation.num_classes
    predicted = [label for label in evidence.pairs.count_predictions() if 0 <= label < 255]
    return max(predicted, default=0) + 1


def are_outside_classes(evidence: Evidence, labels: Iterable[int]) -> bool:
    """Return whether most of these labels, 0 aside, are too large to be class ids."""
    classes = infer_num_classes(evidence)
    nonzero = [label for label in labels if label != 0]
    beyond = [label for label in nonzero if label >= classes]
    return bool(nonzero) and 2 * len(beyond) > len(nonzero)


def may_fit_by_chance(labels: Iterable[int], known: int) -> bool:
    """Return whether random labels might all lie in a set of `known` grey values.

    0 is left out, because it is in every such set.
    """
    drawn = [label for label in labels if label != 0]
    return bool((known / GREY_VALUES) ** len(drawn) > LARGEST_CHANCE)


def suggest_mapping(evidence: Evidence, expression: str, mapped: Collection[int]) -> str:
    """Return the statement that repairs the masks and keeps all labels that are not mapped.

    Args:
        evidence: the facts.
        expression: NumPy code that maps `masks`.
        mapped: the mask values that it maps.
    """
    kept = [
        label
        for label in evidence.pairs.count_truths()
        if label not in mapped and not is_no_class(label)
    ]
    if kept:
        expression = f"np.where(np.isin(masks, {kept}), masks, {expression})"
    dtype = '"uint8"' if all(0 <= label < GREY_VALUES for label in kept) else "int"
    return f"masks = {expression}.astype({dtype})"


def build_value_repair(
    evidence: Evidence,
    name: str,
    table: Mapping[int, int],
    *,
    safe: bool,
    void: int | None = None,
) -> Repair:
    """Return the repair that maps mask values to class ids and sets the number of classes.

    Args:
        evidence: the facts.
        name: the repair in the imperative.
        table: class id of each mask value.
        safe: whether no two classes become one.
        void: the id in the table that means no class, if there is one.
    """
    interpretation = evidence.interpretation
    most = max((label for label in table.values() if label != void), default=0) + 1
    return build_relabelling(
        name,
        side=Side.MASKS,
        table=table,
        safe=safe,
        num_classes=None
        if interpretation.num_classes_declared
        else max(2, most, infer_num_classes(evidence)),
        ignore_index=void if interpretation.ignore_index is None else None,
    )

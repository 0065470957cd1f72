"""The masks contain NaN, infinite values or a no-data value.

Raster files mark places without data by NaN, -9999 or the largest 16-bit number. None of these is
a class. A cast to integer turns NaN into a huge negative number, which Keras 3.15 silently drops
and other tools wrap around to some class.

    masks = np.where(np.isfinite(masks) & (masks != -9999), masks, 255)    # then ignore 255

Map these values to one ignore label and pass it to the metric.
"""

from iou_doctor.arrays.interpretation import VOID_LABELS, Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import count_no_data
from iou_doctor.checks.wording import (
    describe_first,
    describe_labels,
    describe_non_finite,
    format_count,
    join_words,
)
from iou_doctor.counts.label_decoding import NAIVE_LIMIT, NO_CLASS, VALUE_LIMIT
from iou_doctor.repairs.fill_missing import FillMissing
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU311",
    name="non-finite-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.NON_FINITE,
    claim="the masks contain NaN, infinite or no-data values",
    explains=Symptom.METRIC | Symptom.BASELINE,
    also_explains=("label-out-of-range", "unlabelled-class-predicted"),
)

IGNORE_LABEL = VOID_LABELS[0]
"""The ignore label to use if none is declared."""


def find(evidence: Evidence) -> Result:
    """Look for NaN, infinite values and labels that mean missing data."""
    values = evidence.stats.y_true
    no_data = count_no_data(evidence)
    parts = describe_non_finite(values)
    huge = _count_huge_values(evidence)
    if no_data:
        parts.append(f"the no-data {describe_labels(no_data)}")
    for value, count in huge.items():
        shown = str(evidence.pair.y_true.dtype.type(value))
        parts.append(f"the no-data value {shown} in {format_count(count, 'pixel')}")
    values_to_fill = (*no_data, *huge)
    if not parts:
        return []
    return [
        Finding(
            RULE,
            message=f"masks contain {join_words(parts)}",
            help=_write_help(evidence, list(values_to_fill)),
            facts={
                "nan": values.nan,
                "infinite": values.infinite,
                "no_data": {
                    str(label): count for label, count in (*no_data.items(), *huge.items())
                },
            },
            evidence=describe_first(values.first_non_finite, evidence),
            repair=_build_repair(evidence, values_to_fill),
        )
    ]


def _count_huge_values(evidence: Evidence) -> dict[float, int]:
    """Return the number of pixels of values that no label map can hold, such as -3.4e38.

    If there are several such values of the same sign, the largest one stands for all.
    """
    values, truths = evidence.stats.y_true, evidence.pairs.count_truths()
    if evidence.interpretation.y_true is not Encoding.LABELS:
        return {}
    found = {}
    for value, limit in ((values.minimum, -NAIVE_LIMIT), (values.maximum, NAIVE_LIMIT)):
        if value is not None and abs(value) >= VALUE_LIMIT:
            count = truths.get(NO_CLASS + limit, 0) - values.non_finite
            found[value] = max(count, 1)
    return found


def _build_repair(evidence: Evidence, labels: tuple[float, ...]) -> Repair:
    """Return the mapping to the declared ignore label, or to the usual one, which it declares."""
    declared = evidence.interpretation.ignore_index
    ignore_index = IGNORE_LABEL if declared is None else declared
    step = FillMissing(Side.MASKS, labels, ignore_index)
    return Repair(
        name=f"map them to the ignore label {ignore_index}",
        safe=True,
        steps=(step,),
        ignore_index=ignore_index if declared is None else None,
    )


def _write_help(evidence: Evidence, no_data: list[float]) -> str:
    if evidence.interpretation.layout.y_true.is_dense:
        return (
            "find out where these values come from; for pixels without a label, use integer masks"
            " with an ignore label"
        )
    declared = evidence.interpretation.ignore_index
    if declared is not None:
        return f"map them to the ignore label: {_write_mapping(evidence, no_data, declared)}"
    options = f"--ignore-index {IGNORE_LABEL}"
    if evidence.metric.takes is None:
        options += f", ignore_class={IGNORE_LABEL}"
    mapping = _write_mapping(evidence, no_data, IGNORE_LABEL)
    return f"map them to an ignore label and declare it ({options}): {mapping}"


def _write_mapping(evidence: Evidence, no_data: list[float], ignore_index: int) -> str:
    """Return the statement that maps the values to the ignore label."""
    missing = ["~np.isfinite(masks)"] if evidence.stats.y_true.non_finite else []
    if no_data:
        missing.append(f"np.isin(masks, {no_data})")
    # an unsigned or narrow dtype may not hold the ignore label
    masks = "masks.astype(int)" if evidence.pair.y_true.dtype.kind in "iu" else "masks"
    return f"masks = np.where({' | '.join(missing)}, {ignore_index}, {masks})"

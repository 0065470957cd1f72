"""The masks contain NaN, infinite values or a no-data value.

Raster files mark places without data by NaN, -9999 or the largest 16-bit number. None of these is
a class. A cast to integer turns NaN into a huge negative number, which Keras 3.15 silently drops
and other tools wrap around to some class.

    masks = np.where(np.isfinite(masks) & (masks != -9999), masks, 255)    # then ignore 255

Map these values to one ignore label and pass it to the metric.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import count_no_data
from iou_doctor.checks.wording import describe_labels, describe_place, format_count
from iou_doctor.repairs.fill_missing import FillMissing
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU311",
    name="non-finite-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.NON_FINITE,
    claim="the masks hold NaN, infinite or no-data values",
    explains=frozenset(
        {
            "label-out-of-range",
            "dropped-pixels",
            "metric-misreads-arrays",
            "unlabelled-class-predicted",
            "score-regression",
        }
    ),
)


IGNORE_LABEL = 255
"""What most data sets call void."""


def find(evidence: Evidence) -> Result:
    """Count NaN and Inf, and look for labels that stand for missing data."""
    values = evidence.stats.y_true
    no_data = count_no_data(evidence)
    parts = []
    if values.non_finite:
        parts.append(
            f"{format_count(values.nan, 'NaN')} and"
            f" {format_count(values.infinite, 'infinite value')}"
        )
    if no_data:
        parts.append(f"the no-data {describe_labels(no_data)}")
    if not parts:
        return []
    first = values.first_non_finite
    return [
        Finding(
            RULE,
            message=f"masks hold {' and '.join(parts)}",
            help=_help(evidence.interpretation.ignore_index),
            facts={
                "nan": values.nan,
                "infinite": values.infinite,
                "no_data": {str(label): count for label, count in no_data.items()},
            },
            evidence=f"first: {describe_place(first, evidence)}" if first else None,
            repair=_repair(evidence, tuple(no_data)),
        )
    ]


def _repair(evidence: Evidence, labels: tuple[int, ...]) -> Repair:
    """Return the mapping to the ignore label that is given, or to the usual one, which then is."""
    declared = evidence.interpretation.ignore_index
    ignore_index = IGNORE_LABEL if declared is None else declared
    step = FillMissing(Side.MASKS, labels, ignore_index)
    return Repair(
        name=f"map them to the ignore label {ignore_index}",
        safe=True,
        steps=(step,),
        ignore_index=ignore_index if declared is None else None,
    )


def _help(declared: int | None) -> str:
    if declared is not None:
        return f"map them to the ignore label: np.where(np.isfinite(masks), masks, {declared})"
    label = IGNORE_LABEL
    return f"map them to {label} and name it: --ignore-index {label}, ignore_class={label}"

"""The masks hold NaN, Inf or a no-data value.

Rasters mark places without data by NaN, -9999 or the largest 16-bit number. None of these is a
class. A cast to integer makes NaN a huge negative number, which Keras 3.15 drops without a word
and other tools wrap into some class.

    masks = np.where(np.isfinite(masks) & (masks >= 0), masks, 255)    then ignore 255

Map them to one ignore label and tell the metric about it.
"""

from iou_doctor.checks import Result
from iou_doctor.checks._strays import no_data_labels
from iou_doctor.checks._words import amount, labels_in, place
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Rule, Severity, Suspicion
from iou_doctor.repair import Repair, Side, Step

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


def find(evidence: Evidence) -> Result:
    """Count NaN and Inf, and look for labels that stand for missing data."""
    values = evidence.stats.y_true
    no_data = no_data_labels(evidence)
    parts = []
    if values.non_finite:
        parts.append(f"{amount(values.nan, 'NaN')} and {amount(values.infinite, 'infinite value')}")
    if no_data:
        parts.append(f"the no-data {labels_in(no_data)}")
    if not parts:
        return []
    first = values.first_non_finite
    return [
        Finding(
            RULE,
            message=f"masks hold {' and '.join(parts)}",
            help="map them to 255 and name it: --ignore-index 255, ignore_class=255",
            facts={
                "nan": values.nan,
                "infinite": values.infinite,
                "no_data": {str(label): count for label, count in no_data.items()},
            },
            evidence=f"first: {place(first, evidence)}" if first else None,
            repair=Repair(
                name="map them to the ignore label 255",
                safe=True,
                steps=(Step("void", Side.MASKS, {"labels": tuple(no_data), "ignore_index": 255}),),
            ),
        )
    ]

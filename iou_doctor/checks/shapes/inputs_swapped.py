"""Predictions and masks were given in each other's place.

The predictions hold whole class ids, or one-hot pixels, and the masks hold scores with fractions:
people draw ids and models give scores, so the two files, or `y_true` and `y_pred`, were probably
exchanged. IoU is the same both ways, but everything else is not: the ignore label is looked for
in the wrong array, and the metric's flags fit the wrong sides.

    metric.update_state(y_pred, y_true)      the wrong way round
    metric.update_state(y_true, y_pred)

If your masks really are soft (distilled from a model), this is no fault.
"""

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_percent
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU108",
    name="inputs-swapped",
    severity=Severity.WARNING,
    suspicion=Suspicion.SHAPES,
    claim="predictions and masks were probably given in each other's place",
    also_explains=("dropped-pixels",),
)

MOST = 0.5
"""Resized masks keep most pixels whole; scores are fractions in at least this share."""
OFF_GRID = 0.1
"""Masks divided by 255 lie on that grid; of scores, those near 0 and 1 may seem to as well."""
LEAST_LOGIT = -1.0
"""Logits go below this; interpolated masks overshoot 0 by less."""
BINARY = frozenset({0, 1, 255})
"""Ids that masks of two classes hold; one channel of scores decides between no more."""
SMOOTHED = 1.02
"""Label smoothing gives every pixel the same largest channel; scores differ by more than this."""


def find(evidence: Evidence) -> Result:
    """Look for scores in the masks beside ids in the predictions."""
    interpretation = evidence.interpretation
    ids = interpretation.y_pred is Encoding.ONE_HOT or (
        interpretation.y_pred is Encoding.LABELS and not evidence.stats.y_pred.fractional
    )
    what = _scores(evidence)
    if not ids or what is None:
        return []
    values = evidence.stats.y_true
    return [
        Finding(
            RULE,
            message=f"masks look like predictions: {what},"
            f" {format_percent(values.fractional, values.values)} of the values with fractions;"
            f" predictions look like masks: {interpretation.y_pred.value} without fractions",
            help="give the predictions first and the masks second: iou-doctor check PREDICTIONS"
            " MASKS; in code metric.update_state(y_true, y_pred)",
            facts={
                "masks": {
                    "dtype": str(evidence.pair.y_true.dtype),
                    "fractional": values.fractional,
                    "values": values.values,
                },
                "predictions": {
                    "dtype": str(evidence.pair.y_pred.dtype),
                    "encoding": interpretation.y_pred.value,
                },
            },
            repair=Repair(
                name="swap predictions and masks",
                safe=True,
                relabel=lambda pairs: _swapped(evidence, pairs),
            ),
        )
    ]


def _scores(evidence: Evidence) -> str | None:
    """Return what kind of scores the masks hold, if they do."""
    encoding, values = evidence.interpretation.y_true, evidence.stats.y_true
    if evidence.pair.y_true.dtype.kind != "f" or values.fractional < MOST * values.values:
        return None
    signed = values.minimum is not None and values.minimum < LEAST_LOGIT
    if encoding is Encoding.LOGITS:
        return "channels outside [0, 1]" if signed else None
    if encoding is Encoding.PROBABILITIES:
        return "channels in [0, 1]" if _varied(values) else None
    if evidence.interpretation.layout.y_true.is_dense or not set(_ids(evidence)) <= BINARY:
        return None
    if encoding is Encoding.BINARY_LOGITS:
        return "one channel outside [0, 1]" if signed else None
    off_grid = values.off_255_grid >= OFF_GRID * values.values
    return "one channel in [0, 1]" if values.within_unit and off_grid else None


def _ids(evidence: Evidence) -> list[int]:
    return list(evidence.pairs.count_predictions())


def _varied(values: ValueCounts) -> bool:
    """Return whether pixels differ in their largest channel, as smoothed labels do not."""
    top, most = values.minimum_top, values.maximum
    smoothed = top is None or most is None or most <= SMOOTHED * top
    return not smoothed and values.one_hot < MOST * values.pixels


def _swapped(evidence: Evidence, pairs: PairCounts) -> PairCounts:
    """Return the doctor's pairs with the sides exchanged, one channel of scores thresholded."""
    cut = evidence.stats.tables.get(Pairing(LabelDecoding.BINS, LabelDecoding.LABELS))
    if cut is None or evidence.interpretation.layout.y_true.is_dense:
        return pairs.swap_sides()
    logits = evidence.interpretation.y_true is Encoding.BINARY_LOGITS

    def above(codes: NDArray[np.int64]) -> NDArray[np.int64]:
        compared = codes // 3 if logits else codes % 3
        return np.where(is_no_class(codes), codes, compared.clip(max=1))

    return cut.relabel(truth=above).swap_sides()

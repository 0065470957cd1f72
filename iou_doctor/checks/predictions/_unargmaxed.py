"""What the two rules about class scores without an argmax have in common."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import (
    describe_first,
    describe_score_handling,
    format_percent,
    suggest_call,
)
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule


def find_unargmaxed(evidence: Evidence, rule: Rule, encoding: Encoding, noun: str) -> Result:
    """Return the finding if the metric does not take the argmax of scores of this encoding.

    Args:
        evidence: the facts.
        rule: the rule to report.
        encoding: probabilities or logits.
        noun: what to call such scores.
    """
    interpretation = evidence.interpretation
    if interpretation.y_pred is not encoding or evidence.metric.takes_scores:
        return []
    values = evidence.stats.y_pred
    if values.minimum is None:
        return []  # no value is finite, which non-finite-predictions reports
    below_one = values.values - values.at_least_one - values.non_finite
    message = (
        f"predictions are {evidence.pair.y_pred.dtype} {noun} with"
        f" {interpretation.layout.y_pred.channels} channels on axis"
        f" {interpretation.layout.y_pred.channel}"
    )
    if evidence.metric.contract is not None:
        message += f"; {describe_score_handling(evidence)}"
    elif encoding is Encoding.PROBABILITIES:
        message += (
            f"; the cast to integer turns {format_percent(below_one, values.values)} of them into 0"
        )
    else:
        message += (
            f", from {values.minimum:.4g} to {values.maximum:.4g}; the cast to integer reads them"
            " as class ids"
        )
    return [
        Finding(
            rule,
            message=message,
            help=suggest_call(evidence),
            facts={
                "channels": interpretation.layout.y_pred.channels,
                "class_axis": interpretation.layout.y_pred.channel,
                "minimum": values.minimum,
                "maximum": values.maximum,
                "channel_sum_minimum": values.minimum_sum,
                "channel_sum_maximum": values.maximum_sum,
                "values_below_one": below_one,
                "values": values.values,
            },
            evidence=describe_first(values.first, evidence),
            repair=_build_repair(evidence),
        )
    ]


def _build_repair(evidence: Evidence) -> Repair:
    both = evidence.interpretation.layout.y_true.is_per_class and evidence.metric.reads_mask_labels
    sides = (Side.PREDICTIONS, Side.MASKS) if both else (Side.PREDICTIONS,)
    return Repair(
        name="argmax predictions and masks" if both else "argmax the predictions",
        safe=True,
        steps=tuple(Argmax(side) for side in sides),
    )

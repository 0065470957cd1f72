"""What the two rules about class scores without an argmax have in common."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.background_channel import (
    advise_on_background,
    lacks_background_channel,
)
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import suggest_call
from iou_doctor.checks.wording import describe_first, describe_score_handling, format_percent
from iou_doctor.counts.value_counts import ValueCounts
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
    axes = interpretation.layout.y_pred
    return [
        Finding(
            rule,
            message=f"predictions are {evidence.pair.y_pred.dtype} {noun} with {axes.channels}"
            f" channels on axis {axes.channel}{_describe_reading(evidence)}",
            help=_write_help(evidence),
            facts={
                "channels": axes.channels,
                "class_axis": axes.channel,
                "minimum": values.minimum,
                "maximum": values.maximum,
                "channel_sum_minimum": values.minimum_sum,
                "channel_sum_maximum": values.maximum_sum,
                "values_below_one": count_below_one(values),
                "values": values.values,
            },
            evidence=describe_first(values.first, evidence),
            repair=_build_repair(evidence),
        )
    ]


def _write_help(evidence: Evidence) -> str:
    values, axis = evidence.stats.y_pred, evidence.interpretation.layout.y_pred.channel
    if lacks_background_channel(evidence):
        return advise_on_background(evidence)
    call = suggest_call(evidence)
    if values.fractional or values.are_bytes or (values.minimum or 0) < 0:
        return call
    return (
        f"{call}, if these are scores; if one channel holds class ids, as in panoptic maps,"
        f" predictions = np.take(predictions, 0, axis={axis})"
    )


def _describe_reading(evidence: Evidence) -> str:
    """Return how the metric reads the scores, as the end of a sentence."""
    values = evidence.stats.y_pred
    if evidence.metric.contract is not None:
        return f"; {describe_score_handling(evidence)}"
    if evidence.interpretation.y_pred is Encoding.PROBABILITIES:
        lost = format_percent(count_below_one(values), values.values)
        return f"; the cast to integer turns {lost} of them into 0"
    return (
        f", from {values.minimum:.4g} to {values.maximum:.4g}; the cast to integer reads them as"
        " class ids"
    )


def count_below_one(values: ValueCounts) -> int:
    """Return the number of finite values that a cast to integer makes 0 or negative."""
    return values.values - values.at_least_one - values.non_finite


def _build_repair(evidence: Evidence) -> Repair:
    both = evidence.interpretation.layout.y_true.is_per_class and evidence.metric.reads_mask_labels
    sides = (Side.PREDICTIONS, Side.MASKS) if both else (Side.PREDICTIONS,)
    return Repair(
        name="argmax predictions and masks" if both else "argmax the predictions",
        safe=True,
        steps=tuple(Argmax(side) for side in sides),
    )

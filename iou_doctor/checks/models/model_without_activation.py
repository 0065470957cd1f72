"""The model ends without softmax or sigmoid: its output is logits.

This is not a fault. The class with the largest logit also has the largest probability, and a loss
with `from_logits=True` trains such a model well. But the code that uses the output must allow for
logits.

    argmax over classes                   the same for logits and probabilities
    MeanIoU(sparse_y_pred=False)          takes the argmax, so it needs no softmax
    a threshold for one channel           0 and not 0.5, since sigmoid(0) is 0.5
    BinaryIoU(threshold=0.5)              thresholds at a probability of 0.62 (IOU214)
    a loss with from_logits=False         is wrong for this output

iou-doctor reads this from the graph or the last layer if it can, and otherwise from values outside
[0, 1].
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import suggest_call
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU802",
    name="model-without-activation",
    severity=Severity.NOTE,
    suspicion=Suspicion.DEFINITIONS,
    claim="the model's output is logits, without softmax or sigmoid",
)
LOGITS = (Encoding.LOGITS, Encoding.BINARY_LOGITS)
"""Encodings that are logits by their values."""
SCORES = (*LOGITS, Encoding.PROBABILITIES, Encoding.SIGMOID)
"""Encodings that may be logits if the last layer has no activation."""


def find(evidence: Evidence) -> Result:
    """Examine the last operation of the model, or else the values of its output."""
    model, interpretation = evidence.model, evidence.interpretation
    if model is None:
        return Skipped("no model was given")
    activation = model.activation
    last = activation.place if activation and activation.name == "linear" else None
    values = evidence.stats.y_pred
    if interpretation.y_pred not in (SCORES if last and not _has_sums_of_one(evidence) else LOGITS):
        return []
    low, high = values.minimum, values.maximum
    span = "" if low is None or high is None else f" from {low:.4g} to {high:.4g}"
    where = f"in {last} without activation: logits" if last else "in logits"
    return [
        Finding(
            RULE,
            message=f"the {model.kind} ends {where}{span}",
            help=_suggest_threshold(evidence),
            facts={
                "output": model.output_name,
                "last": last,
                "minimum": low,
                "maximum": high,
            },
        )
    ]


def _has_sums_of_one(evidence: Evidence) -> bool:
    """Return whether the channels of all pixels sum to 1, so they are probabilities in any case."""
    return evidence.interpretation.layout.y_pred.is_dense and evidence.stats.y_pred.sum_off == 0


def _suggest_threshold(evidence: Evidence) -> str:
    if evidence.interpretation.layout.y_pred.is_dense:
        call = suggest_call(evidence)
        return f"{call} takes the argmax of logits as well; set `from_logits=True` in the loss"
    return "threshold at 0 and not at 0.5; set `from_logits=True` in the loss"

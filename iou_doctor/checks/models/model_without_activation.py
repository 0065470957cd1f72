"""The model ends without softmax or sigmoid: its output is logits.

That is no fault: the largest logit is the largest probability, and a loss with `from_logits=True`
trains such a model well. But everything behind the model must know it.

    argmax over classes                   as good on logits as on probabilities
    MeanIoU(sparse_y_pred=False)          argmaxes, so it needs no softmax
    a threshold for one channel           0, not 0.5: sigmoid(0) is 0.5
    BinaryIoU(threshold=0.5)              cuts at a probability of 0.62 (IOU214)
    a loss with from_logits=False         trains on nonsense

The graph or the last layer tells where it can be read, otherwise values outside [0, 1] do.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import suggest_call
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU802",
    name="model-without-activation",
    severity=Severity.NOTE,
    suspicion=Suspicion.DEFINITIONS,
    claim="the model's output is logits, without softmax or sigmoid",
)
LOGITS = (Encoding.LOGITS, Encoding.BINARY_LOGITS)
SCORES = (*LOGITS, Encoding.PROBABILITIES, Encoding.SIGMOID)


def find(evidence: Evidence) -> Result:
    """Look at the last operation of the model, else at the values of its output."""
    model, interpretation = evidence.model, evidence.interpretation
    if model is None:
        return Skipped("no model was given")
    activation = model.activation
    last = activation.place if activation and activation.name == "linear" else None
    values = evidence.stats.y_pred
    if interpretation.y_pred not in (SCORES if last and not _sum_to_one(evidence) else LOGITS):
        return []
    low, high = values.minimum, values.maximum
    span = "" if low is None or high is None else f" from {low:.4g} to {high:.4g}"
    where = f"in {last} without activation: logits" if last else "in logits"
    return [
        Finding(
            RULE,
            message=f"the {model.kind} ends {where}{span}",
            help=_help(evidence),
            facts={
                "output": model.output_name,
                "last": last,
                "minimum": low,
                "maximum": high,
            },
        )
    ]


def _sum_to_one(evidence: Evidence) -> bool:
    """Return whether channels are probabilities, whatever the last layer does to them."""
    return evidence.interpretation.layout.y_pred.is_dense and evidence.stats.y_pred.sum_off == 0


def _help(evidence: Evidence) -> str:
    if evidence.interpretation.layout.y_pred.is_dense:
        return f"{suggest_call(evidence)} argmaxes logits as well; `from_logits=True` in the loss"
    return "cut at 0, not at 0.5; `from_logits=True` in the loss"

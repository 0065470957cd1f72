"""The model's output cannot fit the masks: another rank, other channels, another size.

The output of a classifier has no pixels, a network without its last upsampling outputs a quarter of
the height and width, and a head with one channel too few cannot predict every class. The exported
model may differ from the trained one, or the wrong output was chosen.

    masks   (30, 180, 240), labels 0..10      num_classes=11
    output  (30, 45, 60, 11)                  the decoder stops at a quarter of the size
    output  (30, 180, 240, 10)                the last class has no channel

Choose another output with `--output-name` or another signature with `--signature`, or change the
last layers of the model. If the images were resized for the model, `--resize` resizes its outputs
to the size of the masks.
"""

from iou_doctor.arrays.model import ModelFacts
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_shape, join_words
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion, Symptom

SIGNS = ("shape-mismatch", "resolution-mismatch", "channel-count-mismatch")
"""Rules that detect the same in any arrays, whether a model predicted them or not."""

RULE = Rule(
    code="IOU801",
    name="model-output-mismatch",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="the model's output cannot fit the masks",
    explains=Symptom.METRIC,
    also_explains=(
        "channel-count-mismatch",
        "missing-one-hot",
        "never-predicted-class",
        "resolution-mismatch",
        "sample-count-mismatch",
        "shape-mismatch",
    ),
    after=SIGNS,
)


def find(evidence: Evidence) -> Result:
    """Check whether a rule about shapes has found a fault in the output of a model."""
    model, layout = evidence.model, evidence.interpretation.layout
    if model is None:
        return Skipped("no model was given")
    signs = [f for f in evidence.found if f.rule.name in SIGNS and not _is_about_masks(f)]
    if not signs or layout.mismatched:
        return []
    pred, true, classes = layout.y_pred, layout.y_true, evidence.interpretation.num_classes
    return [
        Finding(
            RULE,
            message=f"output `{model.output_name}` of the {model.kind} is"
            f" {format_shape(pred.shape)}, and masks are {format_shape(true.shape)} with"
            f" num_classes={classes}",
            help=_suggest_output(model),
            facts={
                "output": model.output_name,
                "output_shape": list(pred.shape),
                "masks": list(true.shape),
                "num_classes": classes,
            },
            repair=_choose_repair(signs),
        )
    ]


def _is_about_masks(finding: Finding) -> bool:
    return finding.facts.get("array") == "masks"


def _suggest_output(model: ModelFacts) -> str:
    others = [f"`{name}`" for name in model.outputs if name != model.output_name]
    if others:
        return f"choose another output with --output-name: {join_words(others)}"
    return "end the model with one channel for each class, in the size of the masks"


def _choose_repair(signs: list[Finding]) -> Repair | None:
    """Return the first repair of these findings, for the arrays that the model has predicted."""
    return next((finding.repair for finding in signs if finding.repair), None)

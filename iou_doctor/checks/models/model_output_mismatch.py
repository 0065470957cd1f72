"""The model's output cannot fit the masks: another rank, other channels, another size.

A classifier's output has no pixels, a network without its last upsampling gives a quarter of the
height and width, and a head with one channel too few cannot predict every class. The model that
was trained and the one that was exported may differ, or the wrong output was taken.

    masks   (30, 180, 240), labels 0..10      num_classes=11
    output  (30, 45, 60, 11)                  the decoder stops at a quarter of the size
    output  (30, 180, 240, 10)                the last class has no channel

Take another output with `--output-name` or another signature with `--signature`, or put right
the model's last layers. `--resize` brings outputs back to the size that the images had.
"""

from iou_doctor.arrays.model import ModelFacts
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_shape, join_words
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion, Symptom

SIGNS = ("shape-mismatch", "resolution-mismatch", "channel-count-mismatch")
"""Rules that see the same in the arrays, whoever made them."""

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
    """Look whether a rule on shapes has found the output of a model at fault."""
    model, layout = evidence.model, evidence.interpretation.layout
    if model is None:
        return Skipped("no model was given")
    signs = [f for f in evidence.found if f.rule.name in SIGNS and not _is_of_masks(f)]
    if not signs or layout.mismatched:
        return []
    pred, true, classes = layout.y_pred, layout.y_true, evidence.interpretation.num_classes
    return [
        Finding(
            RULE,
            message=f"output `{model.output_name}` of the {model.kind} is"
            f" {format_shape(pred.shape)}, and masks are {format_shape(true.shape)} with"
            f" num_classes={classes}",
            help=_help(model),
            facts={
                "output": model.output_name,
                "output_shape": list(pred.shape),
                "masks": list(true.shape),
                "num_classes": classes,
            },
            repair=_repair(signs),
        )
    ]


def _is_of_masks(finding: Finding) -> bool:
    return finding.facts.get("array") == "masks"


def _help(model: ModelFacts) -> str:
    others = [f"`{name}`" for name in model.outputs if name != model.output_name]
    if others:
        return f"--output-name takes another output: {join_words(others)}"
    return "end the model with one channel for each class, as large as the masks"


def _repair(signs: list[Finding]) -> Repair | None:
    """Return the repair that the first sign knows: nobody repairs a model by mending arrays."""
    return next((finding.repair for finding in signs if finding.repair), None)

"""Every image gets the same output, though images and masks differ.

The model does not look at its input any more: all its scores come from biases. Each image is then
scored with the same map, and the mean IoU does not move, whatever is given.

Look first at what the model is given: images that were divided by 255 twice, or not at all, push
every activation to one side (`--input-scale 1/255`). Then at the model: dead ReLUs after a
learning rate too high, weights that were never loaded, BatchNormalization with statistics of zero.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU803",
    name="constant-output",
    severity=Severity.ERROR,
    suspicion=Suspicion.COLLAPSE,
    claim="the model gives every image the same output",
    explains=Symptom.BASELINE,
    also_explains=("collapsed-predictions", "never-predicted-class"),
)


def find(evidence: Evidence) -> Result:
    """Look whether outputs are equal where images and masks are not."""
    if evidence.model is None:
        return Skipped("no model was given")
    if not evidence.model.constant or not _masks_differ(evidence):
        return []
    samples = evidence.interpretation.layout.samples
    return [
        Finding(
            RULE,
            message=f"output `{evidence.model.output_name}` is the same for all"
            f" {format_count(samples, 'image')}, though the images differ",
            help="check what the model is given (--input-scale 1/255?), and whether its weights"
            " were loaded",
            facts={"output": evidence.model.output_name, "images": samples},
        )
    ]


def _masks_differ(evidence: Evidence) -> bool:
    """Return whether masks differ: an empty street has one right answer for every image."""
    pairs = evidence.pairs
    some = (pairs.select_images(image, image + 1) for image in range(pairs.image_span[1] + 1))
    truths = (image.count_truths() for image in some if len(image))
    first = next(truths, None)
    return any(other != first for other in truths)

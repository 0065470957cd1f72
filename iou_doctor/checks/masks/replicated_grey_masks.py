"""The masks are grey images with three equal channels.

`cv2.imread` and `convert("RGB")` turn a label image into three equal channels. The ids are right,
but each pixel has three: a metric that flattens its input gets three times as many mask values as
predictions, and one that takes the argmax over equal channels returns 0 everywhere.

    masks = masks[..., 0]

Or read the file unchanged: `cv2.imread(path, cv2.IMREAD_UNCHANGED)`, `np.array(Image.open(path))`.
"""

from iou_doctor.checks.colours import (
    build_one_channel_repair,
    count_colours,
    describe_equal_channels,
    is_all_grey,
    suggest_one_channel,
)
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_COLOURS
from iou_doctor.checks.wording import describe_first, join_words
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU313",
    name="replicated-grey-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the masks repeat one label image in several channels",
    explains=OF_COLOURS,
    also_explains=("num-classes-too-large",),
)


def find(evidence: Evidence) -> Result:
    """Look for masks whose red, green and blue are equal in every pixel."""
    counts = count_colours(evidence, Side.MASKS)
    if not is_all_grey(counts):
        return []
    labels = sorted(code & 255 for code in counts)
    where = describe_equal_channels(evidence, Side.MASKS)
    return [
        Finding(
            RULE,
            message=f"masks of shape {evidence.pair.y_true.shape} hold the same label image"
            f" {where}, with the labels {join_words(labels)}",
            help=suggest_one_channel(evidence, Side.MASKS, counts),
            facts={
                "channels": evidence.interpretation.layout.y_true.channels,
                "labels": labels,
            },
            evidence=describe_first(evidence.stats.y_true.first, evidence),
            repair=build_one_channel_repair(evidence, Side.MASKS, counts),
        )
    ]

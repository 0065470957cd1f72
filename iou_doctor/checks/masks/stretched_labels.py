"""The masks hold class ids stretched over 0..255.

To make ids 0..C-1 visible, tools save them as k * 255 / (C - 1). Here such a copy is used as the
masks: with three classes they hold 0, 127 and 255. Keras 3.15 silently drops values that are not
class ids, so only background is left; other tools raise an error.

    masks = np.rint(masks / 255 * (3 - 1)).astype("uint8")    # 0 127 255 becomes 0 1 2

If each image was stretched on its own (`masks / masks.max() * 255`), the same value means
different classes in different images, and no arithmetic recovers the ids.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._mask_values import CONSEQUENCES, mask_labels, value_repair
from iou_doctor.checks.masks._stretched import stretched, stretched_by_image
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import join_words
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU309",
    name="stretched-labels",
    severity=Severity.ERROR,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks hold class ids stretched over 0..255",
    explains=CONSEQUENCES,
)


def find(evidence: Evidence) -> Result:
    """Look for equally spaced values up to 255, in all images alike or in each on its own."""
    if evidence.has_found("palette-read-as-grey", "jpeg-masks", "interpolated-masks"):
        return []
    table = stretched(evidence)
    if table is not None:
        return [_finding(evidence, table)]
    images = stretched_by_image(evidence)
    if not images:
        return []
    return [
        Finding(
            RULE,
            message=f"in each of {images} images the masks reach 255 in equal steps, but the steps"
            " differ: each image was stretched on its own, so equal values mean different classes",
            help="save the ids as they are, without masks / masks.max() * 255 or `imshow` copies",
            facts={"images": images, "per_image": True, "labels": {}},
        )
    ]


def _finding(evidence: Evidence, table: dict[int, int]) -> Finding:
    classes = max(max(table.values()) + 1, len(set(table.values())))
    step = max(table) / max(table.values())
    counts = mask_labels(evidence)
    return Finding(
        RULE,
        message=f"masks hold {join_words(sorted(counts))}: ids"
        f" {join_words(sorted(set(table.values())))} times {step:.5g}",
        help=f'masks = np.rint(masks / {step:.5g}).astype("uint8")',
        facts={
            "images": evidence.stats.samples,
            "per_image": False,
            "labels": {str(value): table[value] for value in sorted(table)},
        },
        repair=value_repair(
            evidence, f"divide the masks by {step:.5g}", table, safe=len(table) <= classes
        ),
    )

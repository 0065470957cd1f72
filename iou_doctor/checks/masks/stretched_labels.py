"""The masks hold class ids stretched over 0..255.

To make ids 0..C-1 visible, tools save them as k * 255 / (C - 1). Here such a copy is used as the
masks: with three classes they hold 0, 127 and 255. Keras 3.15 silently drops values that are not
class ids, so only background is left; other tools raise an error.

    masks = np.rint(masks / 255 * (3 - 1)).astype("uint8")    # 0 127 255 becomes 0 1 2

If each image was stretched on its own (`masks / masks.max() * 255`), the same value means
different classes in different images, and no arithmetic recovers the ids.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._mask_values import build_value_repair, suggest_mapping
from iou_doctor.checks.masks._stretched import count_images_stretched_alone, find_stretched_ids
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_MASK_VALUES
from iou_doctor.checks.wording import join_words
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU309",
    name="stretched-labels",
    severity=Severity.ERROR,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks hold class ids stretched over 0..255",
    explains=OF_MASK_VALUES,
    after=("byte-scores", "palette-read-as-grey", "jpeg-masks", "interpolated-masks"),
)


def find(evidence: Evidence) -> Result:
    """Look for ids stretched over 0..255, in all images alike or in each image on its own."""
    if evidence.has_found("palette-read-as-grey", "jpeg-masks", "interpolated-masks"):
        return []
    table = find_stretched_ids(evidence)
    if table is not None:
        return [_build_finding(evidence, table)]
    images = count_images_stretched_alone(evidence)
    if not images:
        return []
    return [
        Finding(
            RULE,
            message=f"in each of {images} images the masks reach 255 in equal steps, but the steps"
            " differ: each image was stretched on its own, so equal values mean different classes",
            help="save the ids as they are, without masks / masks.max() * 255",
            facts={"images": images, "per_image": True, "labels": {}},
        )
    ]


def _build_finding(evidence: Evidence, table: dict[int, int]) -> Finding:
    classes = max(max(table.values()) + 1, len(set(table.values())))
    step = max(table) / max(table.values())
    return Finding(
        RULE,
        message=f"masks hold {join_words(sorted(table))}, which are the ids"
        f" {join_words(sorted(set(table.values())))} times {step:.5g}",
        help=suggest_mapping(evidence, f"np.rint(masks / {step:.5g})", table),
        facts={
            "images": evidence.stats.samples,
            "per_image": False,
            "labels": {str(value): table[value] for value in sorted(table)},
        },
        repair=build_value_repair(
            evidence, f"divide the masks by {step:.5g}", table, safe=len(table) <= classes
        ),
    )

"""The masks went through JPEG, which changes values near every edge.

JPEG preserves what the eye sees, not exact values: a mask of 0 and 255 comes back with 0..8 and
247..255 around its edges. Each new value is another class id or none, so the borders of all
objects are scored wrongly and small objects vanish.

    cv2.imwrite("mask.jpg", mask)    # 0 0 3 1 252 255
    cv2.imwrite("mask.png", mask)    # 0 0 0 0 255 255

Save masks as PNG. Snapping each value to the nearest frequent one repairs most pixels, but what
JPEG blurred at the edges stays lost.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._jpeg_levels import expected_levels, jpeg_modes, nearest_mode
from iou_doctor.checks.masks._mask_values import (
    CONSEQUENCES,
    mask_labels,
    predicted_classes,
    value_repair,
)
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, format_percent, join_words
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU306",
    name="jpeg-masks",
    severity=Severity.WARNING,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks went through JPEG, which changes values near every edge",
    explains=CONSEQUENCES,
)


def find(evidence: Evidence) -> Result:
    """Look for many rare values close to few frequent ones."""
    modes = jpeg_modes(evidence)
    if not modes:
        return []
    counts = mask_labels(evidence)
    extras = {label: count for label, count in counts.items() if label not in modes}
    pixels, total = sum(extras.values()), sum(counts.values())
    ids = _ids(evidence, modes)
    foreign = any(mode >= predicted_classes(evidence) for mode in modes)
    return [
        Finding(
            RULE,
            message=f"masks hold {join_words(modes)} and {len(extras)} other values close to them"
            f" in {format_count(pixels, 'pixel')} ({format_percent(pixels, total)}), as JPEG leaves"
            " them",
            help='masks = (masks > 127).astype("uint8"), and save masks as PNG'
            if modes == [0, 255]
            else "save masks as PNG; snap each value to the nearest of these",
            facts={
                "modes": modes,
                "other_values": len(extras),
                "other_pixels": pixels,
                "pixels": total,
            },
            repair=value_repair(
                evidence,
                f"snap the masks to {join_words(modes)}"
                + ("" if ids == modes else ", then to ids"),
                {label: ids[modes.index(nearest_mode(label, modes))] for label in counts},
                safe=False,
            ),
            # with frequent values that are no classes, the metric's number is wrong for certain
            severity_override=Severity.ERROR if foreign else None,
        )
    ]


def _ids(evidence: Evidence, modes: list[int]) -> list[int]:
    """Return the id of each mode: its place, where all modes are of one stretch of ids."""
    for classes in dict.fromkeys((len(modes), predicted_classes(evidence))):
        table = expected_levels(classes)
        if set(modes) <= set(table):
            return [table[mode] for mode in modes]
    return modes

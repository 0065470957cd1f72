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
from iou_doctor.checks.masks._jpeg_levels import (
    find_jpeg_levels,
    find_nearest_level,
    map_visible_levels,
)
from iou_doctor.checks.masks._mask_values import (
    build_value_repair,
    count_mask_labels,
    infer_num_classes,
    suggest_mapping,
)
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_MASK_VALUES
from iou_doctor.checks.wording import format_count, format_percent, join_words
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU306",
    name="jpeg-masks",
    severity=Severity.WARNING,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks went through JPEG, which changes values near every edge",
    explains=OF_MASK_VALUES,
)


def find(evidence: Evidence) -> Result:
    """Look for many rare values close to few frequent ones."""
    levels = find_jpeg_levels(evidence)
    if not levels:
        return []
    counts = count_mask_labels(evidence)
    others = {label: count for label, count in counts.items() if label not in levels}
    pixels, total = sum(others.values()), sum(counts.values())
    ids = _map_to_ids(evidence, levels)
    foreign = any(level >= infer_num_classes(evidence) for level in levels)
    return [
        Finding(
            RULE,
            message=f"masks hold {join_words(levels)}, and {len(others)} other values near them"
            f" in {format_count(pixels, 'pixel')} ({format_percent(pixels, total)}), as JPEG leaves"
            " them",
            help=f"save masks as PNG; to repair these: {_write_repair(evidence, levels, ids)}",
            facts={
                "modes": levels,
                "other_values": len(others),
                "other_pixels": pixels,
                "pixels": total,
            },
            repair=build_value_repair(
                evidence,
                f"snap the masks to {join_words(levels)}"
                + ("" if ids == levels else ", then map them to ids"),
                {label: ids[levels.index(find_nearest_level(label, levels))] for label in counts},
                safe=False,
            ),
            # if a frequent value is not a class, the metric's number is certainly wrong
            severity_override=Severity.ERROR if foreign else None,
        )
    ]


def _map_to_ids(evidence: Evidence, levels: list[int]) -> list[int]:
    """Return the class id of each level; the levels themselves unless they are stretched ids."""
    for classes in dict.fromkeys((len(levels), infer_num_classes(evidence))):
        table = map_visible_levels(classes)
        if set(levels) <= set(table):
            return [table[level] for level in levels]
    return levels


def _write_repair(evidence: Evidence, levels: list[int], ids: list[int]) -> str:
    """Return the statement that maps each mask value to the id of the nearest level."""
    if (levels, ids) == ([0, 255], [0, 1]):
        expression = "(masks > 127)"
    else:
        expression = f"np.abs(masks[..., None] - np.array({levels})).argmin(-1)"
        if ids != list(range(len(ids))):
            expression = f"np.array({ids})[{expression}]"
    return suggest_mapping(evidence, expression, count_mask_labels(evidence))

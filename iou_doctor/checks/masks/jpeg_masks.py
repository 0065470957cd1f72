"""The masks went through JPEG, which changes values near every edge.

JPEG preserves what the eye sees, not exact values: a mask of 0 and 255 comes back with 0..8 and
247..255 around its edges. Each new value is another class id or none, so the borders of all
objects are scored wrongly and small objects vanish.

    cv2.imwrite("mask.jpg", mask)    # 0 0 3 1 252 255
    cv2.imwrite("mask.png", mask)    # 0 0 0 0 255 255

A resize with Lanczos or cubic interpolation scatters values, too, but leaves soft edges and no
blocks: see IOU305.

Save masks as PNG. Snapping each value to the nearest frequent one repairs most pixels, but what
JPEG blurred at the edges stays lost. Class ids such as 0..11 lie too close for that, so the rule
tells them by the names of their files, or by the blocks of 8 × 8 pixels that JPEG works in.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.jpeg_files import are_jpeg_files
from iou_doctor.checks.masks._jpeg_levels import find_jpeg_levels
from iou_doctor.checks.masks._mask_values import (
    build_value_repair,
    count_mask_labels,
    infer_num_classes,
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
    also_explains=("interpolated-masks",),
)

FEWEST_VALUES = 6
"""Minimum number of values of masks in which blocks are looked for. JPEG leaves far more."""
MOST_MAPS = 2
"""Maximum number of maps in which blocks are looked for. JPEG changes every map."""
LEAST_GREY_RATIO = 3
"""Minimum ratio of the largest value to the number of classes for greys that stand for classes."""


def find(evidence: Evidence) -> Result:
    """Look for many rare values close to few frequent ones."""
    levels = find_jpeg_levels(evidence)
    counts = count_mask_labels(evidence)
    if not levels:
        seen = _describe_origin(evidence, counts)
        return [_report_ids(evidence, counts, seen)] if seen else []
    # only with such levels
    from iou_doctor.checks.masks._snapping import are_classes, build_snapping, suggest_snapping
    from iou_doctor.checks.masks._soft_edges import were_resized

    if were_resized(evidence, levels):
        return []
    others = {label: count for label, count in counts.items() if label not in levels}
    pixels, total = sum(others.values()), sum(counts.values())
    return [
        Finding(
            RULE,
            message=f"masks hold {join_words(levels)}, and {len(others)} other values near them"
            f" in {format_count(pixels, 'pixel')} ({format_percent(pixels, total)}), as JPEG leaves"
            " them",
            help=f"save masks as PNG; to repair these: {suggest_snapping(evidence, levels)}",
            facts={
                "modes": levels,
                "other_values": len(others),
                "other_pixels": pixels,
                "pixels": total,
            },
            repair=build_snapping(evidence, levels),
            # if a frequent value is not a class, the metric's number is certainly wrong
            severity_override=None if are_classes(evidence, levels) else Severity.ERROR,
        )
    ]


def _describe_origin(evidence: Evidence, counts: dict[int, int]) -> str | None:
    """Return what shows that masks of class ids went through JPEG; `None` if nothing does."""
    if len(counts) > 2 and are_jpeg_files(evidence.pair.y_true):
        return f"are JPEG files of {len(counts)} different values"
    if len(counts) < FEWEST_VALUES or evidence.sampled is None:
        return None
    from iou_doctor.checks.masks._jpeg_blocks import has_jpeg_blocks  # only for many values

    if not has_jpeg_blocks(evidence.sampled.crops.y_true[:MOST_MAPS]):
        return None
    return f"hold {len(counts)} different values, which change in blocks of 8 × 8 pixels"


def _report_ids(evidence: Evidence, counts: dict[int, int], seen: str) -> Finding:
    """Report masks of class ids: near edges, JPEG makes other ids of them."""
    outside = {
        label: n for label, n in counts.items() if not 0 <= label < infer_num_classes(evidence)
    }
    share = format_percent(sum(outside.values()), sum(counts.values()))
    lost = f", of which {len(outside)}, in {share} of the pixels, are no class" if outside else ""
    are_greys = max(counts) >= LEAST_GREY_RATIO * infer_num_classes(evidence)
    ids = _guess_ids(evidence) if are_greys else {}
    return Finding(
        RULE,
        message=f"masks {seen}{lost}: JPEG changes ids near every edge",
        help="save masks as PNG, from the original ids: those near edges are lost in these files",
        facts={
            "modes": [],
            "other_values": len(outside),
            "other_pixels": sum(outside.values()),
            "pixels": sum(counts.values()),
        },
        repair=build_value_repair(
            evidence, "map each grey to the class predicted there", ids, safe=False
        )
        if ids
        else None,
        severity_override=Severity.ERROR if outside else None,
    )


def _guess_ids(evidence: Evidence) -> dict[int, int]:
    """Return, for each mask value, the class that most of its pixels are predicted as.

    The table is empty if no pixel is predicted as a class.
    """
    pairs, best = evidence.pairs.pool(), dict[int, tuple[int, int]]()
    classes = infer_num_classes(evidence)
    for truth, found, count in zip(
        pairs.truth.tolist(), pairs.prediction.tolist(), pairs.count.tolist(), strict=True
    ):
        if 0 <= found < classes and count > best.get(truth, (0, 0))[0]:
            best[truth] = count, found
    return {truth: found for truth, (_, found) in best.items()}

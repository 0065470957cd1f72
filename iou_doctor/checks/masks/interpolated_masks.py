"""The masks were resized with interpolation, which invents ids in between.

A bilinear, bicubic or antialiased resize averages class ids. In PASCAL VOC, between background (0)
and person (15), it writes 7.5: a metric truncates that to 7, which is car, and an integer array
rounds it to 8, which is cat. Every border is then scored against classes that are not there, and
rare classes suffer most.

    mask.resize(size)                   # 0 0 8 15 (Pillow's default for grey images is bicubic)
    mask.resize(size, Image.NEAREST)    # 0 0 15 15

Resize the original masks with nearest neighbour: `cv2.INTER_NEAREST`, or
`tf.image.resize(masks, size, method="nearest")`. The labels of the border pixels cannot be
recovered from these arrays.
"""

from iou_doctor.arrays.interpretation import VOID_LABELS, Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._jpeg_levels import find_jpeg_levels
from iou_doctor.checks.masks._mask_values import build_value_repair, count_mask_labels
from iou_doctor.checks.ramps import (
    FEWEST_LABELS_WITH_RAMPS,
    count_strays_at_edges,
    find_ramps,
)
from iou_doctor.checks.registry import Result
from iou_doctor.checks.seams import FEWEST_SEAM_LABELS, list_seam_candidates, measure_seams
from iou_doctor.checks.slopes import find_slopes
from iou_doctor.checks.symptoms import OF_MASK_VALUES
from iou_doctor.checks.unknown_labels import count_unknown_truth
from iou_doctor.checks.wording import describe_first, format_percent, join_words
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU305",
    name="interpolated-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks were resized with interpolation, which invents ids in between",
    explains=OF_MASK_VALUES,
    after=("masks-divided-by-255", "jpeg-masks", "soft-masks"),
)

FEWEST_STRAYS = 30
"""Minimum number of labels that are no classes, if nothing but thin lines speaks for a resize."""
LEAST_LINING_SHARE = 0.9
"""Minimum share of their pixels that line the edges of regions."""
FEWEST_LABELS = 3
"""Two labels have no other label in between."""
LARGEST_FRACTION_SHARE = 0.5
"""Share of the values that interpolation can turn into fractions, because it changes borders only.
If most values are fractions, they are scores, unless ids are among them: ringing goes further."""
HELP = (
    "resize the original masks with nearest neighbour (Image.NEAREST, cv2.INTER_NEAREST,"
    " tf.image.resize(..., method='nearest'))"
)


def find(evidence: Evidence) -> Result:
    """Look for fractions, and for ids that only form seams between two others."""
    if evidence.has_found("masks-divided-by-255", "jpeg-masks", "soft-masks"):
        return []
    if _are_mostly_fractions(evidence):
        return [_report_fractions(evidence)] if _are_interpolated_ids(evidence) else []
    if evidence.interpretation.y_true is not Encoding.LABELS:
        return []
    if evidence.stats.y_true.fractional:
        return [_report_fractions(evidence)]
    levels = find_jpeg_levels(evidence)
    if levels:
        from iou_doctor.checks.masks._soft_edges import were_resized  # only with such levels

        return [_report_levels(evidence, levels)] if were_resized(evidence, levels) else []
    return _find_in_maps(evidence)


def _find_in_maps(evidence: Evidence) -> Result:
    """Look for ids that only form seams or ramps between others."""
    labels = count_mask_labels(evidence)
    if len(labels) < FEWEST_LABELS:
        return []
    if evidence.sampled is None or not evidence.sampled.crops.y_true:
        return Skipped(
            "no maps at full resolution were kept, which seams need: only 2-D images have them"
        )
    candidates = list_seam_candidates(evidence, labels)
    # among labels that are no classes, seams show only those that are classes
    found = _find_ramps(evidence) if _list_strays(evidence) else []
    if not found and len(candidates) >= FEWEST_SEAM_LABELS:
        found = _find_seams(evidence, candidates) or _find_slopes(evidence)
    return found or _find_ramps(evidence) or _find_strays(evidence)


def _are_mostly_fractions(evidence: Evidence) -> bool:
    values = evidence.stats.y_true
    return values.fractional > LARGEST_FRACTION_SHARE * values.values


def _are_interpolated_ids(evidence: Evidence) -> bool:
    """Return whether ids are among the fractions, and not all pixels only lack rounding."""
    from iou_doctor.checks.masks._fractional_ids import LARGEST_REST, measure_fractional_ids

    return 0 < measure_fractional_ids(evidence) < 1 - LARGEST_REST


def _report_fractions(evidence: Evidence) -> Finding:
    values = evidence.stats.y_true
    return Finding(
        RULE,
        message=f"{format_percent(values.fractional, values.values)} of the mask values are"
        f" fractions between {values.minimum:g} and {values.maximum:g}, which are not class ids",
        help=HELP,
        facts={"fractional": values.fractional, "values": values.values, "labels": []},
        evidence=describe_first(values.first_fractional, evidence),
    )


def _report_levels(evidence: Evidence, levels: list[int]) -> Finding:
    """Report edges that are spread over several pixels between a few frequent values."""
    # only if the rule fires
    from iou_doctor.checks.masks._snapping import are_classes, build_snapping, suggest_snapping

    counts = count_mask_labels(evidence)
    others = {label: count for label, count in counts.items() if label not in levels}
    pixels = sum(others.values())
    return Finding(
        RULE,
        message=f"masks hold {join_words(levels)}, and {len(others)} other values at soft edges in"
        f" {format_percent(pixels, sum(counts.values()))} of the pixels, as a resize with"
        " interpolation leaves them",
        help=f"{HELP}; to repair these: {suggest_snapping(evidence, levels)}",
        facts={"fractional": 0, "values": pixels, "labels": sorted(others)},
        repair=build_snapping(evidence, levels),
        severity_override=Severity.WARNING if are_classes(evidence, levels) else Severity.ERROR,
    )


def _find_seams(evidence: Evidence, candidates: list[int]) -> list[Finding]:
    assert evidence.sampled is not None
    found = measure_seams(evidence.sampled.crops.y_true, neutral=_list_neutral_labels(evidence))
    thin = {label: found[label] for label in candidates if label in found and found[label].is_thin}
    if len(thin) < FEWEST_SEAM_LABELS:
        return []
    pixels = sum(seam.pixels for seam in thin.values())
    between = sum(seam.between for seam in thin.values())
    return [_report_seams(evidence, list(thin), pixels, between)]


def _find_slopes(evidence: Evidence) -> list[Finding]:
    assert evidence.sampled is not None
    neutral, void = _list_neutral_labels(evidence), set[int]()
    if _list_strays(evidence):
        neutral, void = set(), neutral
    found = find_slopes(
        evidence,
        evidence.sampled.crops.y_true,
        counts=count_mask_labels(evidence).keys() | void,
        others=evidence.pairs.count_predictions().keys() | void,
        neutral=neutral,
    )
    if found is None:
        return []
    return [_report_seams(evidence, list(found.labels), found.pixels, found.between)]


def _find_ramps(evidence: Evidence) -> list[Finding]:
    assert evidence.sampled is not None
    if len(evidence.pairs.count_truths()) < FEWEST_LABELS_WITH_RAMPS:
        return []
    crops, strays = evidence.sampled.crops, _list_strays(evidence)
    neutral = set() if strays else _list_neutral_labels(evidence)
    found = find_ramps(crops.y_true, crops.y_pred, neutral=neutral)
    if found is None:
        return []
    labels, pixels = sorted({*found.labels, *strays}), found.found + found.outside
    return [_report_seams(evidence, labels, pixels, found.found, overshoots=found.beyond > 0)]


def _find_strays(evidence: Evidence) -> list[Finding]:
    """Look for many labels between the classes and void that all line other regions."""
    assert evidence.sampled is not None
    strays = _list_strays(evidence)
    void = max((label for label in _list_neutral_labels(evidence)), default=-1)
    if len(strays) < FEWEST_STRAYS or min(strays) < 0 or max(strays) > void:
        return []
    pixels, lining = count_strays_at_edges(evidence.sampled.crops.y_true, strays)
    if not pixels or lining < LEAST_LINING_SHARE * pixels:
        return []
    return [_report_seams(evidence, strays, pixels, lining)]


def _list_strays(evidence: Evidence) -> list[int]:
    """Return the labels that are neither classes nor void, if there are several.

    Void is then one end of a ramp of such labels.
    """
    strays = [label for label in count_unknown_truth(evidence) if label not in VOID_LABELS]
    return strays if len(strays) >= FEWEST_SEAM_LABELS else []


def _list_neutral_labels(evidence: Evidence) -> set[int]:
    """Return the labels that count as neither smaller nor larger than any other: void."""
    neutral = {-1} if evidence.interpretation.num_classes == 2 else set(VOID_LABELS)
    ignored = evidence.interpretation.ignore_index
    return neutral if ignored is None else neutral | {ignored}


def _report_seams(
    evidence: Evidence, labels: list[int], pixels: int, between: int, *, overshoots: bool = False
) -> Finding:
    beyond = " or just beyond them" if overshoots else ""
    return Finding(
        RULE,
        message=f"labels {join_words(labels)} lie between a smaller and a larger label{beyond} in"
        f" {format_percent(between, pixels)} of {pixels:,} sampled pixels, as a resize with"
        " interpolation leaves them",
        help=HELP,
        facts={"fractional": 0, "values": pixels, "labels": labels},
        repair=_build_binary_repair(evidence),
        severity_override=Severity.ERROR if _are_no_classes(evidence, labels) else Severity.WARNING,
    )


def _are_no_classes(evidence: Evidence, labels: list[int]) -> bool:
    """Return whether a resize explains all labels that are no classes, or made two classes many."""
    strays = _list_strays(evidence)
    return _is_stretched_binary(evidence) or bool(strays and set(labels).issuperset(strays))


def _is_stretched_binary(evidence: Evidence) -> bool:
    """Return whether two classes are stored as 0 and a larger value, such as 255."""
    return evidence.interpretation.num_classes == 2 and max(count_mask_labels(evidence)) > 1


def _build_binary_repair(evidence: Evidence) -> Repair | None:
    if not _is_stretched_binary(evidence):
        return None
    labels = count_mask_labels(evidence)
    middle = max(labels) // 2
    table = {label: int(label > middle) for label in labels}
    return build_value_repair(evidence, f"masks > {middle}", table, safe=False)

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

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._jpeg_levels import jpeg_modes
from iou_doctor.checks.masks._mask_values import CONSEQUENCES, mask_labels, value_repair
from iou_doctor.checks.registry import Result
from iou_doctor.checks.seams import measure_seams
from iou_doctor.checks.slopes import find_slopes
from iou_doctor.checks.unknown_labels import VOID_LABELS
from iou_doctor.checks.wording import describe_place, format_percent, join_words
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU305",
    name="interpolated-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks were resized with interpolation, which invents ids in between",
    explains=CONSEQUENCES,
)

MOST_FRACTIONS = 0.5
"""Interpolation spoils borders; where most values are fractions, they are scores."""
FEWEST_SEAMS = 2
"""One thin label between two others may be the outline class of a data set."""
LARGEST_SHARE = 0.05
"""Of all pixels: what covers more than this is no mere seam."""
LEARNT = 0.2
"""From this recall on the model has learnt the label, so it is a class; seams are not learnt."""
HELP = (
    "resize masks with nearest neighbour, from the original files (Image.NEAREST,"
    " cv2.INTER_NEAREST, method='nearest')"
)


def find(evidence: Evidence) -> Result:
    """Look for fractions, or for ids that are only seams between a smaller and a larger one."""
    if evidence.interpretation.y_true is not Encoding.LABELS or evidence.has_found(
        "masks-divided-by-255"
    ):
        return []
    values = evidence.stats.y_true
    if values.fractional:
        if values.fractional > MOST_FRACTIONS * values.values:
            return []
        return [_fractions(evidence)]
    candidates = _candidates(evidence)
    if len(candidates) < FEWEST_SEAMS or jpeg_modes(evidence):
        return []
    if evidence.sampled is None or not evidence.sampled.crops.y_true:
        return Skipped("no maps at full resolution were kept: seams show on 2-D images only")
    return _seams(evidence, candidates) or _slopes(evidence)


def _fractions(evidence: Evidence) -> Finding:
    values = evidence.stats.y_true
    first = values.first_fractional
    return Finding(
        RULE,
        message=f"{format_percent(values.fractional, values.values)} of the mask values are"
        f" fractions between {values.minimum:g} and {values.maximum:g}, which no class id is",
        help=HELP,
        facts={"fractional": values.fractional, "values": values.values, "labels": []},
        evidence=f"first: {describe_place(first, evidence)}" if first else None,
    )


def _candidates(evidence: Evidence) -> list[int]:
    """Return rare labels that the model does not predict where the masks have them."""
    counts = mask_labels(evidence)
    total = sum(counts.values())
    pairs = evidence.pairs.pooled()
    right = pairs.where(pairs.truth == pairs.prediction).truth_counts()
    return [
        label
        for label, count in counts.items()
        if count <= LARGEST_SHARE * total
        and min(counts) < label < max(counts)
        and right.get(label, 0) < LEARNT * count
    ]


def _seams(evidence: Evidence, candidates: list[int]) -> list[Finding]:
    assert evidence.sampled is not None
    found = measure_seams(evidence.sampled.crops.y_true, neutral=_neutral(evidence))
    thin = {label: found[label] for label in candidates if label in found and found[label].is_thin}
    if len(thin) < FEWEST_SEAMS:
        return []
    pixels, between = (sum(getattr(s, key) for s in thin.values()) for key in ("pixels", "between"))
    return [_in_between(evidence, list(thin), pixels, between)]


def _slopes(evidence: Evidence) -> list[Finding]:
    assert evidence.sampled is not None
    found = find_slopes(
        evidence,
        evidence.sampled.crops.y_true,
        counts=mask_labels(evidence),
        others=evidence.pairs.prediction_counts(),
        neutral=_neutral(evidence),
    )
    if found is None:
        return []
    return [_in_between(evidence, list(found.labels), found.pixels, found.between)]


def _neutral(evidence: Evidence) -> set[int]:
    """Return the labels that are neither smaller nor larger than any."""
    neutral = {-1} if evidence.interpretation.num_classes == 2 else set(VOID_LABELS)
    ignored = evidence.interpretation.ignore_index
    return neutral if ignored is None else neutral | {ignored}


def _in_between(evidence: Evidence, labels: list[int], pixels: int, between: int) -> Finding:
    return Finding(
        RULE,
        message=f"labels {join_words(labels)} occur only as seams between a smaller and a larger"
        f" label, as a resize leaves them ({format_percent(between, pixels)} of"
        f" {pixels:,} pixels looked at)",
        help=HELP,
        facts={"fractional": 0, "values": pixels, "labels": labels},
        repair=_binary_repair(evidence),
        severity_override=Severity.ERROR if _is_0_to_255(evidence) else Severity.WARNING,
    )


def _is_0_to_255(evidence: Evidence) -> bool:
    """Return whether two classes are stored as 0 and 255, with all between them at edges."""
    return evidence.interpretation.num_classes == 2 and max(mask_labels(evidence)) > 1


def _binary_repair(evidence: Evidence) -> Repair | None:
    if not _is_0_to_255(evidence):
        return None
    labels = mask_labels(evidence)
    middle = max(labels) // 2
    table = {label: int(label > middle) for label in labels}
    return value_repair(evidence, f"masks > {middle}", table, safe=False)

"""The masks went through the normalisation of the images, so they no longer hold class ids.

A transform that is meant for images was applied to the masks as well: `(m - mean) / std`, a
division by the largest value, or a scaling to [-1, 1]. The masks then hold as many numbers as
classes, at equal distances, and no metric can use them: a cast to integer merges classes.

    masks = (masks - masks.mean()) / masks.std()     # -0.5 and 2.0 in place of 0 and 1
    masks = (masks > 0.75).astype("uint8")           # 0 and 1 again

Apply such transforms to the images only (with albumentations, pass `mask=` and `image=`). If each
mask was normalised on its own, its numbers differ from those of the others.

Arithmetic and resampling also leave 0.99997 in place of 1. The cast to integer makes it 0, so round
before it: `np.rint(masks)`.
"""

from iou_doctor.arrays.interpretation import NEAR_ID, Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._levels import Levels, find_levels
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_MASK_VALUES
from iou_doctor.checks.wording import (
    describe_first,
    format_near_id,
    format_percent,
    join_words,
    name_samples,
)
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.rescale import Rescale
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU314",
    name="normalised-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks went through arithmetic that is meant for images",
    explains=OF_MASK_VALUES,
    also_explains=(
        "interpolated-masks",
        "inputs-swapped",
        "stretched-labels",
        "reading-drift",
    ),
    after=("masks-divided-by-255", "soft-masks"),
)

ROUNDING = 'round before the cast: masks = np.rint(masks).astype("uint8")'


def find(evidence: Evidence) -> Result:
    """Look for a few numbers at equal distances that are no class ids."""
    if evidence.has_found("masks-divided-by-255", "soft-masks"):
        return []
    if evidence.interpretation.y_true is Encoding.BINARY_LOGITS and _lack_rounding(evidence):
        return [_report_unrounded(evidence)]
    levels = find_levels(evidence)
    return [] if levels is None else [_report(evidence, levels)]


def _lack_rounding(evidence: Evidence) -> bool:
    from iou_doctor.checks.masks._fractional_ids import LARGEST_REST, measure_fractional_ids

    return measure_fractional_ids(evidence) >= 1 - LARGEST_REST


def _report_unrounded(evidence: Evidence) -> Finding:
    """Report masks of which only rounding makes class ids."""
    from iou_doctor.checks.masks._fractional_ids import round_ids

    return Finding(
        RULE,
        message=_describe_unrounded(evidence),
        help=ROUNDING,
        facts={"values": [], "ids": []},
        repair=Repair(
            name="round the masks to class ids",
            safe=True,
            steps=(Rescale(Side.MASKS, 0.0, 1.0),),
            relabel=lambda _: round_ids(evidence),
        ),
    )


def _describe_unrounded(evidence: Evidence) -> str:
    values = evidence.stats.y_true
    assert values.first_fractional is not None
    share = format_percent(values.fractional, values.values)
    return (
        f"{share} of the mask values are fractions beside a class id, such as"
        f" {format_near_id(values.first_fractional.values[0])}, which the cast to integer truncates"
    )


def _report(evidence: Evidence, levels: Levels) -> Finding:
    shown = [f"{value:.4g}" for value in levels.values]
    steps = () if levels.by_image else (levels.step,)
    return Finding(
        RULE,
        message=_write_message(evidence, levels, shown),
        help=_write_help(levels),
        facts={"values": [float(shown_value) for shown_value in shown], "ids": list(levels.ids)}
        | ({"faulty": list(levels.odd)} if levels.odd else {}),
        evidence=describe_first(
            evidence.stats.y_true.first_fractional or evidence.stats.y_true.first, evidence
        ),
        repair=Repair(
            name="map the numbers in the masks back to class ids",
            safe=not levels.by_image,
            steps=steps,
            relabel=levels.relabel,
            num_classes=None
            if evidence.interpretation.num_classes_declared
            else max(evidence.interpretation.num_classes, *(one + 1 for one in levels.ids)),
        ),
    )


def _are_unrounded_ids(levels: Levels) -> bool:
    """Return whether the numbers are class ids but for what rounding would take away."""
    pairs = zip(levels.values, levels.ids, strict=True)
    return not levels.by_image and all(abs(value - label) <= NEAR_ID for value, label in pairs)


def _write_message(evidence: Evidence, levels: Levels, shown: list[str]) -> str:
    values = evidence.stats.y_true
    if _are_unrounded_ids(levels) and values.first_fractional:
        return _describe_unrounded(evidence)
    if levels.odd:
        named = name_samples(evidence, levels.odd)
        return (
            f"the mask{'s' * (len(levels.odd) > 1)} of {named} hold{'s' * (len(levels.odd) == 1)}"
            f" numbers such as {join_words(shown)} in place of class ids, at equal distances, as a"
            " normalisation leaves them, and the other masks hold ids"
        )
    where = " in each mask, others in every mask," if levels.by_image else ""
    return (
        f"masks hold the numbers {join_words(shown)}{where} in place of class ids, at equal"
        " distances, as a normalisation leaves them"
    )


def _write_help(levels: Levels) -> str:
    if _are_unrounded_ids(levels):
        return ROUNDING
    use = "normalise the images only"
    if levels.by_image:
        return f"{use}, and load the masks again"
    step, dtype = levels.step, '"uint8"'
    if levels.ids == (0, 1):
        middle = step.low + step.distance / 2
        return f"{use}; to repair these: masks = (masks > {middle:.4g}).astype({dtype})"
    first = f" + {step.first}" if step.first else ""
    sign = "+" if step.low < 0 else "-"
    return (
        f"{use}; to repair these: masks = (np.rint((masks {sign} {abs(step.low):.4g})"
        f" / {step.distance:.4g}){first}).astype({dtype})"
    )

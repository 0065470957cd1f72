"""The masks went through the normalisation of the images, so they no longer hold class ids.

A transform that is meant for images was applied to the masks as well: `(m - mean) / std`, a
division by the largest value, or a scaling to [-1, 1]. The masks then hold as many numbers as
classes, at equal distances, and no metric can use them: a cast to integer merges classes.

    masks = (masks - masks.mean()) / masks.std()     # -0.5 and 2.0 in place of 0 and 1
    masks = (masks > 0.75).astype("uint8")           # 0 and 1 again

Apply such transforms to the images only (with albumentations, pass `mask=` and `image=`). If each
mask was normalised on its own, its numbers differ from those of the others.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._levels import Levels, find_levels
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_MASK_VALUES
from iou_doctor.checks.wording import describe_first, join_words
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU314",
    name="normalised-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks went through the normalisation of the images",
    explains=OF_MASK_VALUES,
    also_explains=(
        "interpolated-masks",
        "inputs-swapped",
        "stretched-labels",
        "reading-drift",
    ),
    after=("masks-divided-by-255", "soft-masks"),
)


def find(evidence: Evidence) -> Result:
    """Look for a few numbers at equal distances that are no class ids."""
    if evidence.has_found("masks-divided-by-255", "soft-masks"):
        return []
    levels = find_levels(evidence)
    return [] if levels is None else [_report(evidence, levels)]


def _report(evidence: Evidence, levels: Levels) -> Finding:
    shown = [f"{value:.4g}" for value in levels.values]
    where = " in each mask, others in every mask," if levels.by_image else ""
    steps = () if levels.by_image else (levels.step,)
    return Finding(
        RULE,
        message=f"masks hold the numbers {join_words(shown)}{where} in place of class ids, at equal"
        " distances, as a normalisation leaves them",
        help=_write_help(levels),
        facts={"values": [float(shown_value) for shown_value in shown], "ids": list(levels.ids)},
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


def _write_help(levels: Levels) -> str:
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

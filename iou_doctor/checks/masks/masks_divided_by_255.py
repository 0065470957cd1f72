"""Masks of class ids were divided by 255.

`ToTensor`, `rescale=1/255` or another normalisation for images was applied to the masks. Class 7
became 0.0275, and the cast to integer makes it 0: only background is left. If the predictions are
probabilities, which are cast to 0 as well, the score is a perfect 1.0.

    masks = np.rint(masks * 255).astype("uint8")

`skimage.transform.resize` divides and averages at once, unless it is told `order=0,
preserve_range=True, anti_aliasing=False`. The ids at edges are lost then.

Never normalise masks. (A mask of 0 and 255 divided by 255 holds 0 and 1, which is right.)
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._divided_samples import DividedSamples, find_divided_samples
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import describe_first, format_percent, join_words, name_samples
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.times_255 import Times255
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU304",
    name="masks-divided-by-255",
    severity=Severity.ERROR,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks are class ids divided by 255",
    explains=Symptom.METRIC | Symptom.BASELINE | Symptom.CLASSES | Symptom.CLASS_SHARES,
    also_explains=("reading-drift",),
)

LARGEST_OFF_SHARE = 0.5
"""Maximum share of the fractions that are no id divided by 255, as a resize with interpolation
leaves them at edges. Of small areas it leaves 0.3."""


def find(evidence: Evidence) -> Result:
    """Look for fractions that are all k/255 for class ids k."""
    values = evidence.stats.y_true
    if not values.fractional:
        return []
    some = find_divided_samples(evidence)
    if some is not None:
        return [_report_some(evidence, some)]
    ids = list_divided_ids(evidence)
    if not ids or values.off_255_grid > LARGEST_OFF_SHARE * values.fractional:
        return []
    if values.off_255_grid:
        return [_report_interpolated(evidence, ids)]
    return [
        Finding(
            RULE,
            message=f"masks hold the ids {join_words(ids)} divided by 255, as"
            f" {evidence.pair.y_true.dtype}; the cast to integer turns"
            f" {format_percent(values.fractional, values.values)} of them into 0",
            help='masks = np.rint(masks * 255).astype("uint8")',
            facts={"labels": ids, "fractional": values.fractional, "values": values.values},
            evidence=describe_first(values.first_fractional, evidence),
            repair=Repair(
                name="masks times 255, rounded",
                safe=True,
                steps=(Times255(Side.MASKS),),
            ),
        )
    ]


def _report_interpolated(evidence: Evidence, ids: list[int]) -> Finding:
    """Report ids divided by 255 that were also averaged at the edges."""
    values = evidence.stats.y_true
    between = format_percent(values.off_255_grid, values.values)
    return Finding(
        RULE,
        message=f"masks hold the ids {join_words(ids)} divided by 255, as"
        f" {evidence.pair.y_true.dtype}, and values between them in {between} of the pixels: they"
        " were divided by 255 and resized with interpolation",
        help="resize the original masks with skimage.transform.resize(mask, size, order=0,"
        " preserve_range=True, anti_aliasing=False), or Image.NEAREST; to repair these:"
        ' masks = np.rint(masks * 255).astype("uint8"), in which ids at edges stay wrong',
        facts={
            "labels": ids,
            "fractional": values.fractional,
            "between": values.off_255_grid,
            "values": values.values,
        },
        evidence=describe_first(values.first_fractional, evidence),
        repair=Repair(name="masks times 255, rounded", safe=False, steps=(Times255(Side.MASKS),)),
    )


def _report_some(evidence: Evidence, divided: DividedSamples) -> Finding:
    samples, values = divided.samples, evidence.stats.y_true
    some = f"masks[{samples}]"
    are_files = evidence.pair.y_true.names is not None
    return Finding(
        RULE,
        message=f"the mask{'s' * (len(samples) > 1)} of {name_samples(evidence, samples)}"
        f" {'hold' if len(samples) > 1 else 'holds'} the ids {join_words(divided.ids)} divided by"
        f" 255, as {evidence.pair.y_true.dtype}, and the other masks hold ids",
        help="save the masks of these samples again, with the ids of the others"
        if are_files
        else f"{some} = np.rint({some} * 255)",
        facts={"labels": divided.ids, "fractional": values.fractional, "faulty": samples},
        evidence=describe_first(values.first_fractional, evidence),
        repair=Repair(
            name="the masks of these samples times 255, rounded",
            safe=True,
            relabel=divided.restore,
        ),
    )


def list_divided_ids(evidence: Evidence) -> list[int]:
    """Return the masks times 255, as labels; none unless they are class ids, or 255 for void.

    0 and 255 alone come from masks of 0 and 1: their fractions are only not rounded.
    """
    classes, scaled = evidence.interpretation.num_classes, evidence.times_255
    ids = list(scaled.count_truths()) if scaled else []
    if {0, 255}.issuperset(ids) or any(label >= classes and label != 255 for label in ids):
        return []
    return ids

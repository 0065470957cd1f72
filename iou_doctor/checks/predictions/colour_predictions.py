"""The predictions hold colours instead of class ids.

They were painted with a palette for display, or a label image was read as RGB. No metric knows
what a colour means: one that flattens its input gets three values for each pixel, and one that
takes the argmax returns the strongest colour.

    predictions.shape    # (8, 64, 96, 3), with (0, 0, 0), (128, 0, 0), (0, 128, 0): PASCAL VOC
    ids.shape            # (8, 64, 96), with 0, 1, 2

Save the ids (with `np.save`, or as PNG files of one channel) and paint copies only.
"""

from collections.abc import Mapping

from iou_doctor.arrays.interpretation import MOST_CLASSES
from iou_doctor.checks.colours import (
    build_one_channel_repair,
    count_colours,
    describe_equal_channels,
    format_colour,
    is_all_grey,
    suggest_one_channel,
)
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.palette import Palette, build_palette_repair, find_palette
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import describe_first, format_count
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU212",
    name="colour-predictions",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the predictions hold colours instead of class ids",
    explains=Symptom.METRIC
    | Symptom.BASELINE
    | Symptom.ENCODING
    | Symptom.CLASSES
    | Symptom.PERFECT_SCORE,
    also_explains=("collapsed-predictions", "num-classes-too-large", "prediction-out-of-range"),
)


def find(evidence: Evidence) -> Result:
    """Look for predictions whose channels are red, green and blue."""
    counts = count_colours(evidence, Side.PREDICTIONS)
    if not counts:
        return []
    return [_report_grey(evidence, counts) if is_all_grey(counts) else _report(evidence, counts)]


def _report_grey(evidence: Evidence, counts: Mapping[int, int]) -> Finding:
    where = describe_equal_channels(evidence, Side.PREDICTIONS)
    return Finding(
        RULE,
        message=f"predictions of shape {evidence.pair.y_pred.shape} hold the same grey image"
        f" {where}, with {format_count(len(counts), 'value')}",
        help=suggest_one_channel(evidence, Side.PREDICTIONS, counts),
        facts=_collect_facts(evidence, counts, None),
        evidence=describe_first(evidence.stats.y_pred.first, evidence),
        repair=build_one_channel_repair(evidence, Side.PREDICTIONS, counts),
    )


def _report(evidence: Evidence, counts: Mapping[int, int]) -> Finding:
    palette = find_palette(evidence, Side.PREDICTIONS)
    source = f" from the palette of {palette.title}" if palette and palette.title else ""
    return Finding(
        RULE,
        message=f"predictions of shape {evidence.pair.y_pred.shape} hold"
        f" {format_count(len(counts), 'colour')}{source}",
        help="save class ids, and apply a palette to copies only"
        if len(counts) <= MOST_CLASSES
        else "no palette has so many: if the channels are scores, divide them by the number that"
        " stands for 1; if these are pictures, give the predicted label maps or scores",
        facts=_collect_facts(evidence, counts, palette),
        evidence=describe_first(evidence.stats.y_pred.first, evidence),
        repair=build_palette_repair(evidence, Side.PREDICTIONS, palette) if palette else None,
    )


def _collect_facts(
    evidence: Evidence, counts: Mapping[int, int], palette: Palette | None
) -> dict[str, object]:
    return {
        "channels": evidence.interpretation.layout.y_pred.channels,
        "colours": len(counts),
        "grey": is_all_grey(counts),
        "palette": palette.title if palette else None,
        "ids": {
            format_colour(code): palette.ids[code]
            for code in counts
            if palette and code in palette.ids
        },
    }

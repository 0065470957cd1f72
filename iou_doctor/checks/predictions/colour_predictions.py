"""The predictions hold colours instead of class ids.

They were painted with a palette for display, or a label image was read as RGB. No metric knows
what a colour means: one that flattens its input gets three values for each pixel, and one that
takes the argmax returns the strongest colour.

    predictions.shape    # (8, 64, 96, 3), with (0, 0, 0), (128, 0, 0), (0, 128, 0): PASCAL VOC
    ids.shape            # (8, 64, 96), with 0, 1, 2

Save the ids (with `np.save`, or as PNG files of one channel) and paint copies only.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.palette import (
    build_one_channel_repair,
    build_palette_repair,
    count_colours,
    find_palette,
    format_colour,
    is_all_grey,
)
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import describe_place
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU212",
    name="colour-predictions",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the predictions hold colours instead of class ids",
    explains=frozenset(
        {
            "missing-one-hot",
            "prediction-out-of-range",
            "dropped-pixels",
            "metric-misreads-arrays",
            "collapsed-predictions",
            "never-predicted-class",
            "num-classes-too-large",
            "suspicious-perfect-score",
            "unlabelled-class-predicted",
            "score-regression",
            "reading-drift",
        }
    ),
)


def find(evidence: Evidence) -> Result:
    """Look for predictions whose channels are red, green and blue."""
    counts = count_colours(evidence, Side.PREDICTIONS)
    if not counts:
        return []
    grey = is_all_grey(counts)
    palette = None if grey else find_palette(evidence)
    repair = build_palette_repair(evidence, Side.PREDICTIONS, palette) if palette else None
    if grey:
        repair = build_one_channel_repair(evidence, Side.PREDICTIONS, counts)
    known = f" of the palette of {palette.title}" if palette and palette.title else ""
    what = "grey values, three times each" if grey else f"colours{known}"
    channels, first = evidence.interpretation.layout.y_pred.channels, evidence.stats.y_pred.first
    return [
        Finding(
            RULE,
            message=f"predictions of shape {evidence.pair.y_pred.shape} hold {channels} channels"
            f" of {len(counts)} different {what}",
            help="predictions[..., 0]" if grey else "save class ids and paint copies of them only",
            facts={
                "channels": channels,
                "colours": len(counts),
                "grey": grey,
                "palette": palette.title if palette else None,
                "ids": {
                    format_colour(code): palette.ids[code]
                    for code in counts
                    if palette and code in palette.ids
                },
            },
            evidence=f"first: {describe_place(first, evidence)}" if first else None,
            repair=repair,
        )
    ]

"""The number of predictions differs from the number of masks.

A dropped last batch, a failed image or a forgotten file shifts all samples after it. Arrays are
scored on as many samples as both have, in the order given, which is right only if the missing ones
were the last ones. Folders are scored on the files that have a partner.

    masks        (100, 64, 96)
    predictions  ( 96, 64, 96)      drop_remainder=True with a batch size of 8

Predict again without dropping the remainder (`drop_remainder=False`), or remove the masks without
a prediction.
"""

import re

from iou_doctor.arrays.layout import Layout
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, join_words
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion
from iou_doctor.safety.safe_text import escape_name

RULE = Rule(
    code="IOU102",
    name="sample-count-mismatch",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="the numbers of predictions and masks differ",
    also_explains=("metric-misreads-arrays", "missing-one-hot"),
)


def find(evidence: Evidence) -> Result:
    """Compare the numbers of samples, or list the files without a partner."""
    pair = evidence.pair
    if pair.unpaired_true or pair.unpaired_pred:
        return [_report_unpaired_files(evidence)]
    layout = evidence.interpretation.layout
    true, pred = layout.y_true.samples, layout.y_pred.samples
    if true == pred:
        return []
    return [
        Finding(
            RULE,
            message=f"{format_count(true, 'mask')} but {format_count(pred, 'prediction')}; the"
            f" score is that of the first {format_count(layout.samples, 'pair')}, which is right"
            " only if the others are missing at the end",
            help=_suggest_channels(layout)
            or "predict every sample (`drop_remainder=False`), or remove the masks without a"
            " prediction",
            facts={"masks": true, "predictions": pred, "scored": layout.samples},
        )
    ]


def _suggest_channels(layout: Layout) -> str | None:
    """Return how to read (K, 1, H, W) beside one mask or one prediction: as K objects of it."""
    sides = [(Side.MASKS, layout.y_true), (Side.PREDICTIONS, layout.y_pred)]
    (_, single), (side, stack) = sorted(sides, key=lambda side: side[1].samples)
    if single.samples != 1 or stack.channels != 1 or stack.channel != 1:
        return None
    return (
        f"{side} = {side}.squeeze(1), if they are {stack.samples} objects of one image, as Mask"
        " R-CNN returns, or candidates for one; otherwise predict the same samples"
    )


def _report_unpaired_files(evidence: Evidence) -> Finding:
    true, pred = evidence.pair.unpaired_true, evidence.pair.unpaired_pred
    masks, predictions = (join_words(map(escape_name, names)) for names in (true, pred))
    parts = []
    if true:
        parts.append(f"{format_count(len(true), 'mask')} without a prediction ({masks})")
    if pred:
        parts.append(f"{format_count(len(pred), 'prediction')} without a mask ({predictions})")
    paired = evidence.interpretation.layout.samples
    return Finding(
        RULE,
        message=f"{' and '.join(parts)}; the score is that of the {format_count(paired, 'pair')}",
        help="predict the missing images, or remove the files without a partner",
        facts={
            "masks_without_prediction": list(true),
            "predictions_without_mask": list(pred),
            "scored": paired,
        },
        evidence=_describe_shift(true, pred, paired),
    )


def _describe_shift(true: tuple[str, ...], pred: tuple[str, ...], paired: int) -> str | None:
    """Return what it may mean that the first name of one side and the last of the other are left.

    Args:
        true: the masks without a prediction.
        pred: the predictions without a mask.
        paired: the number of pairs.
    """
    if len(true) != 1 or len(pred) != 1:
        return None
    mask, prediction = (re.findall("[0-9]+", names[0]) for names in (true, pred))
    if not mask or not prediction:
        return None
    apart = int(mask[-1]) - int(prediction[-1])
    if abs(apart) != paired + 1:
        return None
    early, late = ("predictions", "masks") if apart > 0 else ("masks", "predictions")
    return (
        f"the numbers of the {early} start one lower than those of the {late}: if both count the"
        " same images, every pair is off by one, and the files have to be renamed"
    )

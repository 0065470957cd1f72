"""One of the arrays holds photographs: the input images, in place of label maps or scores.

A wrong folder, a wrong variable, or `model.predict` whose input was saved instead of its output. A
photograph has three channels, like the scores of three classes, so an argmax returns the strongest
colour of each pixel.

    predictions.shape    # (8, 64, 96, 3), uint8: (87, 102, 64), (86, 101, 66), (90, 104, 70) ...

Give the label maps or scores that belong to the masks. Coloured masks that went through JPEG have
as many colours: save them as PNG. Three channels of scores stored as bytes are told apart by how
well their argmax fits, and because hardly any pixel is dark, or bright, in all of them.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import COLOUR_CHANNELS, Axes
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_COLOURS
from iou_doctor.checks.wording import describe_first
from iou_doctor.counts.value_counts import MOST_BYTE, ValueCounts
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU216",
    name="images-as-predictions",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="pictures of many colours stand in place of label maps",
    explains=OF_COLOURS | Symptom.NUMBERING | Symptom.ALIGNMENT | Symptom.ABSENT_CLASSES,
    also_explains=(
        "channels-first",
        "channel-count-mismatch",
        "channels-not-normalised",
        "faulty-samples",
        "inputs-swapped",
        "unargmaxed-logits",
        "unargmaxed-probabilities",
        "unthresholded-sigmoid",
    ),
    after=("objects-as-channels",),
)

DARK, BRIGHT = 0.25, 0.7
"""Sums of the channels, as shares of the largest possible one, that some pixels of photographs are
below and above. Class scores compete: where one is high, the others are low."""
LEAST_SPREAD = 0.05
"""Share of the full scale by which the sums of the channels differ, apart from rounding."""
MOST_OVER_MAJORITY = 0.05
"""Share of the pixels by which the argmax of a photograph may agree with the masks better than if
all pixels were of the most frequent class."""


def find(evidence: Evidence) -> Result:
    """Look for three or four channels of bytes, in more colours than a palette has."""
    layout, stats = evidence.interpretation.layout, evidence.stats
    if evidence.has_found("objects-as-channels"):
        return []  # channels of bytes that fit the masks are scores
    if evidence.interpretation.is_multilabel:
        return []  # channels of 0 and 255 that overlap hold as many colours as a picture
    found = []
    if evidence.interpretation.y_true is Encoding.COLOUR and not layout.y_true.is_colour:
        found.append(_report(evidence, Side.MASKS, layout.y_true, stats.y_true))
    if _are_photographs(evidence, layout.y_pred, stats.y_pred):
        found.append(_report(evidence, Side.PREDICTIONS, layout.y_pred, stats.y_pred))
    return found[:1]


def _are_photographs(evidence: Evidence, axes: Axes, values: ValueCounts) -> bool:
    """Return whether the predicted channels are those of photographs, as bytes or divided by 255.

    Few colours are colours of classes, and have been found as such.
    """
    if axes.channels not in COLOUR_CHANNELS or axes.is_colour or values.non_finite:
        return False
    low, high, least, most = (
        values.minimum,
        values.maximum,
        values.minimum_sum,
        values.maximum_sum,
    )
    if low is None or high is None or least is None or most is None or low < 0:
        return False
    if values.fractional:
        full, on_grid = 1.0, values.off_255_grid == 0 and high <= 1
    else:
        full, on_grid = float(MOST_BYTE), 1 < high <= MOST_BYTE
    if not on_grid or not values.sum_off or most - least <= LEAST_SPREAD * full:
        return False
    whole = axes.channels * full
    has_range = least < DARK * whole and most > BRIGHT * whole
    may_compete = not has_range or evidence.interpretation.num_classes_declared
    return not (may_compete and _fit_masks(evidence, axes.channels))


def _fit_masks(evidence: Evidence, channels: int) -> bool:
    """Return whether the channels may be those of classes: as many, and their argmax fits."""
    interpretation, pairs = evidence.interpretation, evidence.pairs.pool()
    truths = pairs.count_truths()
    if interpretation.num_classes_declared and interpretation.num_classes != channels:
        return False
    if not truths:
        return True
    agreeing = int(pairs.count[pairs.truth == pairs.prediction].sum())
    return agreeing > max(truths.values()) + MOST_OVER_MAJORITY * pairs.total


def _report(evidence: Evidence, side: Side, axes: Axes, values: ValueCounts) -> Finding:
    source = evidence.pair.y_true if side is Side.MASKS else evidence.pair.y_pred
    other = (
        "give the masks, not the images; if these are coloured masks, JPEG has changed the colours:"
        " save them as PNG"
        if side is Side.MASKS
        else "give the predicted label maps or scores, not the images"
    )
    return Finding(
        RULE,
        message=f"{side} of shape {source.shape} are pictures with too many colours for a palette:"
        f" {axes.channels} channels of {source.dtype} from {values.minimum:g} to"
        f" {values.maximum:g}, as photographs have"
        + (" and coloured masks in JPEG files" if side is Side.MASKS else ""),
        help=other,
        facts={
            "side": side.value,
            "channels": axes.channels,
            "minimum": values.minimum,
            "maximum": values.maximum,
        },
        evidence=describe_first(values.first, evidence),
    )

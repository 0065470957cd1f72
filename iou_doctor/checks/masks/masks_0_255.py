"""Binary masks hold 0 and 255 instead of 0 and 1.

Image editors save foreground as 255, which is not a class id. Keras 3.15 silently drops those
pixels, so only background is left: a model that predicts no foreground scores 1, and any other
model scores half the share of background that it found. Older versions raise an error. Code that
multiplies masks and predictions reports scores above 1 or below 0.

    masks = (masks > 127).astype("uint8")

The same happens if 255 is declared as the ignore label, as some frameworks do by default: the
object is left out. The rule then asks that the predictions of class 1 lie on 255, or that there are
none, or, in a training, that no mask of an epoch holds class 1.

Soft (antialiased) edges add greys between 0 and 255, which the same line rounds.

A single grey between them, such as 128, is void or a mean of both, if only two classes are
predicted. With three, 0, 128 and 255 are stretched ids: see IOU309.

If most pixels are 255, it may be the background instead: `reduce_zero_label` turns 0 into 255 and 1
into 0.

255 along the borders of objects is a void label instead: see IOU406. The rule assumes this if the
masks also hold class 1, or if it only forms thin lines around other regions and the predictions do
not follow these lines.
"""

from typing import TYPE_CHECKING

from iou_doctor.arrays.byte_scores import are_mostly_ends
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._mask_values import infer_num_classes
from iou_doctor.checks.masks._outlines import is_outline
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import suggest_multilabel
from iou_doctor.checks.wording import format_count, format_percent
from iou_doctor.counts.channel_sums import has_only_0_and_255
from iou_doctor.metrics.input_spec import PixelContent
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

if TYPE_CHECKING:
    from iou_doctor.checks.masks._value_between import ValueBetween

RULE = Rule(
    code="IOU303",
    name="masks-0-255",
    severity=Severity.ERROR,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks hold 255 instead of class 1",
    explains=Symptom.METRIC
    | Symptom.BASELINE
    | Symptom.CLASSES
    | Symptom.CLASS_SHARES
    | Symptom.ABSENT_CLASSES
    | Symptom.PERFECT_SCORE,
    also_explains=("label-out-of-range", "undeclared-void-label"),
    after=("byte-scores", "jpeg-masks", "interpolated-masks"),
)

TWO_CLASSES = 2
FEWEST_GREYS = 8
"""Minimum number of greys between 0 and 255. Fewer may be classes."""
LEAST_LIFT = 2.0
"""How many times as often as elsewhere class 1 is predicted on 255 if 255 is the object."""


def find(evidence: Evidence) -> Result:
    """Look for masks of exactly 0 and 255 in a problem of two classes, or in channels."""
    if evidence.interpretation.is_multilabel:
        return _find_in_channels(evidence)
    if _are_one_hot(evidence):
        return [_report_one_hot(evidence)]
    counts = evidence.pairs.pool().count_truths()
    if 255 not in counts:
        return []
    from iou_doctor.checks.masks._value_between import find_value_between  # seldom needed

    between = find_value_between(evidence)
    if between is not None:
        return [_report_between(evidence, between)]
    classes = evidence.interpretation.num_classes
    if TWO_CLASSES not in (classes, infer_num_classes(evidence)) or is_outline(evidence, 255):
        return []
    if not counts.keys() <= {0, 255}:
        return [_report_greys(evidence, counts)] if _are_soft_edges(evidence, counts) else []
    return _find_objects(evidence, counts) if classes == TWO_CLASSES else []


def _find_objects(evidence: Evidence, counts: dict[int, int]) -> list[Finding]:
    """Look for masks of exactly 0 and 255, in which 255 is the object."""
    is_ignored = evidence.interpretation.ignore_index == 255
    if is_ignored and not _is_ignored_object(evidence):
        return []
    hits = _count_object_pixels(evidence)
    return [
        Finding(
            RULE,
            message=_describe_ignored(counts, hits)
            if is_ignored
            else f"masks hold only 0 and 255: {_describe_share(counts)} belong to neither class 0"
            " nor class 1",
            help='masks = (masks > 127).astype("uint8")' + _warn_of_background(counts),
            facts={"pixels_255": counts[255], "pixels": sum(counts.values())},
            repair=build_relabelling("masks > 127", side=Side.MASKS, table={255: 1}, safe=True),
            severity_override=Severity.WARNING if is_ignored and not hits else None,
        )
    ]


def _report_between(evidence: Evidence, between: "ValueBetween") -> Finding:
    counts = evidence.pairs.count_truths()
    return Finding(
        RULE,
        message=between.describe(),
        help=between.write_help(),
        facts={
            "pixels_255": counts[255],
            "pixels_between": counts[between.value],
            "between": between.value,
            "pixels": sum(counts.values()),
        },
        repair=between.build_repair(evidence),
    )


def _are_one_hot(evidence: Evidence) -> bool:
    """Return whether the masks are one-hot with 255 for 1, and the metric computes with that."""
    takes, values = evidence.metric.takes, evidence.stats.y_true
    if takes is None or takes.masks is not PixelContent.ONE_HOT or values.maximum != 255:
        return False
    is_one_hot = evidence.interpretation.layout.y_true.is_per_class and not values.fractional
    return is_one_hot and values.minimum_sum == values.maximum_sum == 255


def _report_one_hot(evidence: Evidence) -> Finding:
    return Finding(
        RULE,
        message=f"the masks are one-hot with 255 in place of 1, and {evidence.metric.short_name}"
        " computes with these numbers",
        help='masks = (masks > 127).astype("uint8")',
        facts={"pixels": evidence.stats.y_true.pixels},
    )


def _find_in_channels(evidence: Evidence) -> list[Finding]:
    """Look for overlapping channels of 0 and 255."""
    sums, masks = evidence.stats.sums, evidence.stats.y_true
    if masks.maximum != 255 or masks.one_hot or (sums and not has_only_0_and_255(sums)):
        return []  # beside 1, it is void, or stands for 1 in some samples
    help_text = 'masks = (masks > 127).astype("uint8")'
    if evidence.stats.y_pred.maximum == 255 and not evidence.stats.y_pred.fractional:
        help_text += '; predictions = (predictions > 127).astype("uint8")'
    repaired = 1 + help_text.count(";")
    if evidence.stats.y_true.minimum_sum == evidence.stats.y_true.maximum_sum:
        help_text += ", then take the argmax of both, because each pixel has one channel"
    elif evidence.metric.contract is None:
        help_text += f"; {suggest_multilabel(evidence)}"
    steps = (Relabel(Side.MASKS, {255: 1}), Threshold(Side.PREDICTIONS, 127.5))
    return [
        Finding(
            RULE,
            message="the channels of the masks hold only 0 and 255, but the metric counts 1 as"
            " part of a channel",
            help=help_text,
            facts={"pixels": evidence.stats.y_true.pixels},
            repair=Repair("masks > 127", safe=True, steps=steps[:repaired]),
        )
    ]


def _are_soft_edges(evidence: Evidence, counts: dict[int, int]) -> bool:
    """Return whether the values other than 0 and 255 are greys of edges that were drawn soft."""
    if evidence.has_found("jpeg-masks", "interpolated-masks"):
        return False
    greys = [label for label in counts if label not in (0, 255)]
    dark = sum(label <= 127 for label in greys)
    spread = len(greys) >= FEWEST_GREYS and dark >= 2 and len(greys) - dark >= 2
    return spread and are_mostly_ends(counts)


def _report_greys(evidence: Evidence, counts: dict[int, int]) -> Finding:
    greys = [label for label in counts if label not in (0, 255)]
    pixels, total = sum(counts[label] for label in greys), sum(counts.values())
    return Finding(
        RULE,
        message=f"masks hold 0, 255 and {len(greys)} greys in between in"
        f" {format_percent(pixels, total)} of the pixels, as soft edges leave them",
        help='masks = (masks > 127).astype("uint8")',
        facts={"pixels_255": counts[255], "greys": len(greys), "pixels": total},
        repair=build_relabelling(
            "masks > 127",
            side=Side.MASKS,
            table={label: int(label > 127) for label in counts},
            safe=False,
            num_classes=None if evidence.interpretation.num_classes_declared else TWO_CLASSES,
        ),
    )


def _is_ignored_object(evidence: Evidence) -> bool:
    """Return whether 255 is the object although it is the ignore label.

    No mask holds class 1. Either this is known of all masks, or nothing is predicted as class 1,
    so that the score is that of background alone, or what is predicted as class 1 mostly has the
    label 255.
    """
    if evidence.lacks_object:
        return True
    pairs = evidence.pairs.pool()
    predicted, hits = pairs.count_predictions().get(1, 0), _count_object_pixels(evidence)
    labelled = pairs.count_truths()[255]
    if not predicted:
        return True
    is_found = 2 * hits > labelled or hits * pairs.total > LEAST_LIFT * predicted * labelled
    return 2 * hits > predicted and is_found


def _count_object_pixels(evidence: Evidence) -> int:
    """Return the number of pixels of 255 that are predicted as class 1."""
    pairs = evidence.pairs.pool()
    return pairs.keep_rows((pairs.truth == 255) & (pairs.prediction == 1)).total


def _warn_of_background(counts: dict[int, int]) -> str:
    """Return what else 255 may be if most pixels have it: the end of the help."""
    if 2 * counts[255] <= sum(counts.values()):
        return ""
    return (
        "; if 255 is the background, reduce_zero_label has turned 0 into 255 and 1 into 0: switch"
        " it off"
    )


def _describe_share(counts: dict[int, int]) -> str:
    share = format_percent(counts[255], sum(counts.values()))
    return f"{format_count(counts[255], 'pixel')} ({share})"


def _describe_ignored(counts: dict[int, int], hits: int) -> str:
    text = f"masks hold only 0 and 255, and 255 is the ignore label: {_describe_share(counts)} are"
    if not hits:
        return f"{text} left out, and the score is that of class 0 alone"
    return (
        f"{text} left out, of which {format_percent(hits, counts[255])} are predicted as class 1,"
        " and no mask holds class 1"
    )

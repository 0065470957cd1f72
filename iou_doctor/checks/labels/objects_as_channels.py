"""The channels of one array are objects, candidates or regions, and not classes of the other one.

Segmenters of instances return a stack of binary masks, one for each object that they find, and
SAM returns three candidates for one object. Read as classes, object 0 becomes class 0, and pixels
of no object have no class. Nothing then agrees with a mask of 0 and 1.

    predictions  (96, 120, 13)     13 objects
    masks        (96, 120)         0 and 1
    predictions = predictions.any(axis=2)

The union of the objects can be compared with the mask. To score single objects, match those of
both arrays and use a metric for instances. Of several candidates, keep the one that the model
scores highest.

Channels may also be the labels 1 to C, with none for background. An argmax then gives all of the
background to some class. That most of it lies in no channel tells them from all classes.

    predictions  (8, 3, 96, 96)     sigmoid scores of three organs
    masks        (8, 96, 96)        0 to 3
    predictions = np.where(predictions.max(1) > 0.5, predictions.argmax(1) + 1, 0)

Networks for brain tumours predict regions that lie inside each other: the whole tumour, its core,
and what enhances. The masks hold an id for each part, so a region is a union of ids.

    predictions  (2, 3, 96, 96, 96)     sigmoid scores of three regions
    masks        (2, 96, 96, 96)        0, 1, 2 and 4
    masks = np.stack([masks > 0, np.isin(masks, [1, 4]), masks == 4], axis=1)

Score each region on its own. An argmax over nested regions finds the outer one nearly everywhere.
A region that no mask holds has a channel without a label.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Axes, Relation
from iou_doctor.checks.background_channel import MOST_CANDIDATES
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    LEAST_ADVANTAGE,
    is_far_better,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_MASK_VALUES
from iou_doctor.checks.wording import format_percent
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.repairs.any_channel import AnyChannel
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.repair import Labels, Repair
from iou_doctor.repairs.step import Side, Step
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU414",
    name="objects-as-channels",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the channels of one array are not the classes of the other",
    explains=OF_MASK_VALUES | Symptom.ENCODING | Symptom.ALIGNMENT,
    also_explains=(
        "channel-count-mismatch",
        "channels-not-normalised",
        "channels-first",
        "height-width-swapped",
        "invalid-one-hot",
        "masks-0-255",
        "one-hot-masks",
        "stretched-labels",
        "unargmaxed-logits",
        "unargmaxed-probabilities",
    ),
    needs=Needs.NEW_DATA,
)

TWO_CLASSES = 2


@record
class Stack:
    """Channels that leave out pixels, beside an array of one mask."""

    side: Side
    axes: Axes
    empty: int
    """Pixels that are 0 in all channels."""
    pixels: int
    is_binary: bool
    """Whether the channels hold 0 and 1 only."""
    is_255: bool
    """Whether the other array holds 255 in place of 1."""


def find(evidence: Evidence) -> Result:
    """Look for channels that leave out pixels, nested regions, and scores of the foreground."""
    stack = _find_stack(evidence)
    if stack is None:
        return _find_regions(evidence) or _find_foreground(evidence)
    repair = _choose_union(evidence, stack)
    if not is_far_better(evidence, repair) or not _do_objects_fit(evidence, repair):
        return []
    return [_report(evidence, stack, repair)]


def _find_regions(evidence: Evidence) -> list[Finding]:
    if evidence.by_channels is None:
        return []
    from iou_doctor.checks.labels._nested_regions import find_nested_regions  # rarely needed

    return find_nested_regions(RULE, evidence)


def _find_foreground(evidence: Evidence) -> list[Finding]:
    interpretation, stats = evidence.interpretation, evidence.stats
    sides = ((interpretation.y_true, stats.y_true), (interpretation.y_pred, stats.y_pred))
    is_one_hot = any(kind is Encoding.ONE_HOT and values.all_zero for kind, values in sides)
    if evidence.by_top is None and not is_one_hot:
        return []
    from iou_doctor.checks.labels._foreground_channels import find_foreground_channels

    return find_foreground_channels(RULE, evidence)


def _find_stack(evidence: Evidence) -> Stack | None:
    interpretation, stats = evidence.interpretation, evidence.stats
    masks, predictions, layout = interpretation.y_true, interpretation.y_pred, interpretation.layout
    if masks.is_dense == predictions.is_dense or layout.relation is Relation.MISMATCHED:
        return None
    if interpretation.num_classes_declared and interpretation.num_classes > TWO_CLASSES:
        return None  # the other array may hold two of more classes
    if masks.is_dense:
        side, encoding, values, axes = Side.MASKS, masks, stats.y_true, layout.y_true
    else:
        side, encoding, values, axes = Side.PREDICTIONS, predictions, stats.y_pred, layout.y_pred
    if not values.all_zero or values.fractional or values.minimum != 0:
        return None
    pairs = evidence.pairs.pool()
    counts = pairs.count_predictions() if side is Side.MASKS else pairs.count_truths()
    others = {label for label in counts if not is_no_class(label)}
    others -= {interpretation.ignore_index}
    is_255 = others == {0, 255}
    if not is_255 and others - {255} != {0, 1}:
        return None
    is_binary = encoding is Encoding.ONE_HOT
    return Stack(side, axes, values.all_zero, values.pixels, is_binary, is_255)


def _choose_union(evidence: Evidence, stack: Stack) -> Repair:
    """Return the repair that joins all channels, or the first ones if these fit clearly better."""
    channels = stack.axes.channels
    whole = _build_repair(stack, channels)
    if channels > MOST_CANDIDATES or not stack.is_binary:
        return whole
    fewer = [_build_repair(stack, count) for count in range(1, channels)]
    best = max(fewer, key=lambda repair: score_repaired(evidence, repair), default=whole)
    gain = score_repaired(evidence, best) - score_repaired(evidence, whole)
    return best if gain >= LEAST_ADVANTAGE else whole


def _build_repair(stack: Stack, count: int) -> Repair:
    """Return the repair that joins the first channels.

    A pixel of several channels was counted as the first of them, so the labels tell exactly which
    pixels lie in the first channels.
    """

    def join(labels: Labels) -> Labels:
        return (~is_no_class(labels) & (labels < count)).astype(np.int64)

    def replace_255(labels: Labels) -> Labels:
        return np.where(labels == 255, 1, labels) if stack.is_255 else labels

    def relabel(pairs: PairCounts) -> PairCounts:
        if stack.side is Side.MASKS:
            return pairs.relabel(truth=join, prediction=replace_255)
        return pairs.relabel(truth=replace_255, prediction=join)

    channels, other = stack.axes.channels, _get_other(stack)
    which = "all channels" if count == channels else f"the first {count} of {channels} channels"
    also = f", and use 1 for 255 in the {other}" if stack.is_255 else ""
    steps: tuple[Step, ...] = (AnyChannel(stack.side, count),)
    return Repair(
        name=f"join {which} of the {stack.side}{also}",
        safe=False,
        steps=(*steps, Relabel(other, {255: 1})) if stack.is_255 else steps,
        relabel=relabel,
        num_classes=2,
    )


def _get_other(stack: Stack) -> Side:
    return Side.MASKS if stack.side is Side.PREDICTIONS else Side.PREDICTIONS


def _do_objects_fit(evidence: Evidence, repair: Repair) -> bool:
    """Return whether most pixels of the objects in each array are objects in the other one.

    Background alone agrees with any other background.
    """
    pairs = evidence.pairs.pool()
    after = repair.relabel(pairs) if repair.relabel else pairs
    both = after.keep_rows((after.truth == 1) & (after.prediction == 1)).total
    true, predicted = after.count_truths().get(1, 0), after.count_predictions().get(1, 0)
    return 2 * both > max(true, predicted)


def _report(evidence: Evidence, stack: Stack, repair: Repair) -> Finding:
    joined = repair.steps[0]
    assert isinstance(joined, AnyChannel)
    channels, is_whole = stack.axes.channels, joined.channels == stack.axes.channels
    before, after = score_as_given(evidence), score_repaired(evidence, repair)
    what = "their union" if is_whole else f"the union of the first {joined.channels}"
    return Finding(
        RULE,
        message=f"{stack.side} of shape {stack.axes.shape} have {channels} channels, and"
        f" {format_percent(stack.empty, stack.pixels)} of the pixels are 0 in all of them, while"
        f" the {_get_other(stack)} are a single mask: the mean IoU is {before:.4f} as given and"
        f" {after:.4f} with {what}",
        help=_write_help(stack, joined.channels, is_whole=is_whole),
        facts={
            "array": stack.side.value,
            "channels": channels,
            "joined": joined.channels,
            "no_channel": stack.empty,
            "pixels": stack.pixels,
        },
        repair=repair,
    )


def _write_help(stack: Stack, count: int, *, is_whole: bool) -> str:
    name, axis, other = stack.side.value, stack.axes.channel, _get_other(stack)
    chosen = name if is_whole else f"np.take({name}, range({count}), axis={axis})"
    also = f"; {other} = {other} > 127" if stack.is_255 else ""
    use = (
        "then match the objects to score each of them, if the channels are objects"
        if is_whole
        else "or keep the candidate that the model scores highest"
    )
    return f"{name} = {chosen}.any(axis={axis}){also}, {use}"

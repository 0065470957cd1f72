"""Put the repairs of all root causes together as one block of Python to paste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Axes, Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.diagnosis.account import ROUNDING
from iou_doctor.diagnosis.metric_lines import Read, write_metric
from iou_doctor.diagnosis.root_cause import list_repairs
from iou_doctor.diagnosis.what_if import Recount, repair_evidence
from iou_doctor.metrics.user.user_metric import DEFAULT_THRESHOLD
from iou_doctor.record import record
from iou_doctor.repairs.any_channel import AnyChannel
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.one_hot import OneHot
from iou_doctor.repairs.permute_channels import PermuteChannels
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side, Stage, Step
from iou_doctor.repairs.step_code import write_step
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.repair_block import RepairBlock
from iou_doctor.report.repair_plan import NO_CLASS_LABELS, build_plan
from iou_doctor.report.report import Report


@record
class Array:
    """One of the two arrays: what it holds, and what is to be done to it."""

    side: Side
    axes: Axes
    steps: tuple[Step, ...]
    """In an order that works on labels: channels, decoding, moves, labels."""
    unflattened: tuple[int, ...] | None
    """The spatial shape to move pixels in, if the stored one is flattened."""
    threshold: float | None = None
    """Where the metric has to cut scores; `None` if the steps do, or there are none."""
    must_pair_up: bool = False
    """Whether both arrays need the same axes: Keras flattens them, and NumPy does not."""

    @property
    def name(self) -> str:
        """The name of the array in code."""
        return self.side.value

    @property
    def keeps_channels(self) -> bool:
        """Whether the metric gets one value for each class, and reduces them itself."""
        return self.axes.is_dense and not any(step.stage is Stage.DECODE for step in self.steps)


def write_block(report: Report, evidence: Evidence, recount: Recount) -> RepairBlock | None:
    """Return the block after which the metric reads the score that the report promises.

    Args:
        report: the report, with the repairs that it offers.
        evidence: the facts.
        recount: counts the label pairs again after steps that move pixels or samples.

    Returns:
        `None` if no score is to be repaired, or if code cannot do it: a repair that only new files
        can make, images of different sizes, or channels that overlap.
    """
    repairs = list_repairs(report)
    promised = report.verdict.mean_iou_after_all
    if promised is None or not all(map(_is_code, repairs)) or _is_odd(evidence):
        return None
    if all(repair.keeps_scores for repair in repairs):
        return None
    after = repair_evidence(repairs, evidence, recount)
    if abs((after.repaired.mean_iou or 0) - promised) > ROUNDING:
        return None
    if any(repair.exchanges_sides for repair in repairs):
        return None if len(repairs) > 1 else _exchange(evidence, after, promised)
    arrays = _prepare(report, evidence, after)
    if arrays is None:
        return None
    masks, predictions = arrays
    lines = [line for array in (predictions, masks) for line in _write_array(array)]
    read = Read(after, masks.keeps_channels, predictions.keeps_channels, predictions.threshold)
    return RepairBlock(tuple(lines), tuple(write_metric(read)), promised)


def _is_code(repair: Repair) -> bool:
    """Return whether code on the two arrays can make a repair."""
    if repair.exchanges_sides or repair.steps:
        return True
    changes_call = repair.num_classes is not None or repair.ignore_index is not None
    return changes_call and repair.relabel is None


def _is_odd(evidence: Evidence) -> bool:
    """Return whether the arrays are no two NumPy arrays whose pixels code can pair up."""
    interpretation, layout = evidence.interpretation, evidence.interpretation.layout
    return (
        interpretation.is_multilabel
        or layout.relation is Relation.MISMATCHED
        or layout.y_true.samples != layout.y_pred.samples
        or evidence.pair.stated_turn is not None
        or None in (*layout.y_true.shape, *layout.y_pred.shape)
    )


def _exchange(evidence: Evidence, after: Evidence, promised: float) -> RepairBlock | None:
    """Return the block that gives both arrays each other's name."""
    layout, scores = evidence.interpretation.layout, evidence.interpretation.y_true
    read = Read(after, layout.y_pred.is_per_class, layout.y_true.is_per_class)
    if not layout.y_true.is_dense and evidence.stats.y_true.fractional:
        cut = 0.0 if scores is Encoding.BINARY_LOGITS else DEFAULT_THRESHOLD
        read = replace(read, threshold=cut)
    elif evidence.interpretation.num_classes != after.interpretation.num_classes:
        return None  # whole numbers that stand for scores
    lines = write_metric(read)
    return RepairBlock(("masks, predictions = predictions, masks",), tuple(lines), promised)


def _prepare(report: Report, evidence: Evidence, after: Evidence) -> tuple[Array, Array] | None:
    """Return masks and predictions with their steps; `None` if no step decodes their colours."""
    plan = build_plan(report, unsafe=True)
    layout = evidence.interpretation.layout
    flat = layout.relation is Relation.FLATTENED
    is_numpy = Read(after, has_mask_channels=False, has_prediction_channels=False).library is None
    arrays = []
    for side, axes, other in (
        (Side.MASKS, layout.y_true, layout.y_pred),
        (Side.PREDICTIONS, layout.y_pred, layout.y_true),
    ):
        is_flat = flat and len(axes.spatial) < len(other.spatial)
        shape = tuple(size or 0 for size in other.spatial_shape) if is_flat else None
        steps = [s for s in plan.steps[side] if not isinstance(s, (Arrange, OneHot))]
        array = Array(side, axes, _order(steps), shape, must_pair_up=is_numpy)
        if axes.is_colour and array.keeps_channels:
            return None
        arrays.append(_reduce(array, evidence, after))
    return arrays[0], arrays[1]


def _order(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return steps with the reduction to labels before the moves, which do the same to labels."""

    def rank(step: Step) -> int:
        if isinstance(step, PermuteChannels):
            return 0
        return {Stage.DECODE: 1, Stage.MOVE: 2}.get(step.stage, 3)

    return tuple(sorted(steps, key=rank))


def _reduce(array: Array, evidence: Evidence, after: Evidence) -> Array:
    """Return the array with a step that reduces it to labels where the metric cannot do that."""
    interpretation = evidence.interpretation
    is_masks = array.side is Side.MASKS
    labels = evidence.pairs.truth if is_masks else evidence.pairs.prediction
    lacks_class = bool(is_no_class(labels).any())
    reduction = next((step for step in array.steps if isinstance(step, (Argmax, Threshold))), None)
    others = tuple(step for step in array.steps if step is not reduction)
    leaves_it = not lacks_class and not (reduction and others)
    read = Read(after, has_mask_channels=False, has_prediction_channels=False)
    if any(isinstance(step, AnyChannel) for step in others):
        return array  # it leaves no channels
    if array.axes.is_per_class:
        if read.can_reduce and leaves_it:
            return replace(array, steps=others)
        reduction = reduction or Argmax(array.side)
    elif interpretation.y_pred.is_thresholded and not is_masks:
        if read.can_threshold and leaves_it and not after.interpretation.layout.y_true.is_dense:
            # a repair may cut elsewhere than where the scores were read
            cut = reduction if isinstance(reduction, Threshold) else interpretation
            return replace(array, steps=others, threshold=cut.threshold)
        reduction = reduction or Threshold(array.side, interpretation.threshold)
    if reduction is None:
        return array
    no_class = _choose_no_class(evidence, array.side) if lacks_class else None
    return replace(array, steps=_order([replace(reduction, no_class=no_class), *others]))


def _choose_no_class(evidence: Evidence, side: Side) -> int:
    interpretation = evidence.interpretation
    if side is Side.MASKS and interpretation.ignore_index is not None:
        return interpretation.ignore_index
    return next(label for label in NO_CLASS_LABELS if label >= interpretation.num_classes)


def _write_array(array: Array) -> Iterator[str]:
    """Yield the lines that change one array."""
    axes, name, steps = array.axes, array.name, list(array.steps)
    axis = axes.channel
    spatial = len(array.unflattened or axes.spatial)
    needs_places = any(step.stage is Stage.MOVE for step in steps)
    simple = steps and isinstance(steps[0], Argmax) and steps[0].no_class is None
    if simple and not axes.is_reshaped:
        yield f"{name} = {name}.argmax({axis})"
        steps = steps[1:]
        is_dense = False
    else:
        is_dense = axes.is_dense
        yield from _write_channels_last(array)
    is_single = needs_places and not axes.has_sample_axis
    if is_single:
        yield f"{name} = {name}[np.newaxis]"
    if (needs_places or array.must_pair_up) and axis is not None and not axes.is_dense:
        yield f"{name} = {name}.squeeze({axis + is_single})"
    if needs_places and array.unflattened:
        sizes = ", ".join(map(str, array.unflattened))
        yield f"{name} = {name}.reshape(len({name}), {sizes}{', -1' if is_dense else ''})"
    for step in steps:
        yield from write_step(step, spatial=spatial)


def _write_channels_last(array: Array) -> Iterator[str]:
    """Yield the line that moves the channels last, or undoes a wrong reshape."""
    axes, name = array.axes, array.name
    if not axes.is_dense or axes.channel is None:
        return
    if axes.is_reshaped:
        sizes = [size or 0 for size in axes.shape]
        if axes.images > 1:
            whole = f"{name}.reshape({axes.images}, {axes.channels}, -1)"
            yield f"{name} = np.moveaxis({whole}, 1, -1).reshape(-1, {axes.channels})"
        elif axes.has_channels_last:
            samples = sizes[:1] if axes.has_sample_axis else []
            rest = sizes[len(samples) : -1]
            shape = ", ".join(map(str, [*samples, axes.channels, *rest]))
            yield f"{name} = np.moveaxis({name}.reshape({shape}), {len(samples)}, -1)"
        else:
            del sizes[axes.channel]
            yield f"{name} = {name}.reshape({', '.join(map(str, [*sizes, axes.channels]))})"
    elif not axes.has_channels_last:
        yield f"{name} = np.moveaxis({name}, {axes.channel}, -1)"

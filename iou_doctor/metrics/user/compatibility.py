"""Find out whether the user's metric takes arrays of this layout, and what is counted for it."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.arrays.layout import Axes, Layout
from iou_doctor.arrays.pairings import count_flat_labels, find_flat_pairing
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.metrics.definition import Average, Choices, Contract, Floats
from iou_doctor.metrics.input_spec import Flattens, InputSpec, Mismatch, PixelContent
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.metrics.metric import Metric

ONE_SCORE = frozenset({Floats.THRESHOLDED, Floats.ABOVE})
"""The ways to read floats that turn a single score into a class."""
SUMMED = frozenset({Floats.SOFT, Floats.SQUARED, Floats.ABOVE, Floats.NON_ZERO})
"""The ways to read floats that need sums of scores."""
VALUES = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS, flat=True)
"""The pairing of a metric that reads every stored value as a class id."""


def adapt_to_layout(metric: Metric, layout: Layout) -> Metric:
    """Return the metric with the decodings that it uses for arrays of this layout."""
    contract = metric.contract
    if contract is None or contract.pairing is not None:
        return metric
    takes, choices = contract.takes, contract.choices
    single = has_one_channel(takes, layout)
    y_true = LabelDecoding.LABELS
    if takes.masks is PixelContent.ONE_HOT or (
        takes.masks is PixelContent.EITHER and layout.y_true.is_dense
    ):
        y_true = LabelDecoding.LABELS if single else LabelDecoding.ARGMAX_LAST
    return replace(
        metric, y_true=y_true, y_pred=_choose_prediction_decoding(takes, choices, layout)
    )


def _choose_prediction_decoding(
    takes: InputSpec, choices: Choices, layout: Layout
) -> LabelDecoding:
    wanted = takes.predictions in {PixelContent.ONE_HOT, PixelContent.SCORES}
    single = has_one_channel(takes, layout)
    if (layout.y_pred.is_dense and takes.predictions is not PixelContent.IDS) or (
        wanted and not single
    ):
        return LabelDecoding.ARGMAX_LAST
    if single and choices.floats is Floats.ALL_FOREGROUND:
        return LabelDecoding.ARGMAX  # of scores; ids of one channel are read as they are
    return LabelDecoding.BINS if _reads_one_score(choices, takes) else LabelDecoding.LABELS


def _reads_one_score(choices: Choices, takes: InputSpec) -> bool:
    soft = (
        choices.floats in {Floats.SOFT, Floats.SQUARED} and takes.predictions is PixelContent.SCORES
    )
    by_doctor = choices.floats is Floats.READ
    return choices.floats in ONE_SCORE or soft or by_doctor


def has_one_channel(takes: InputSpec, layout: Layout) -> bool:
    """Return whether both sides have the single channel that stands for two classes."""
    if takes.channel_optional:
        return not (layout.y_true.is_dense or layout.y_pred.is_dense)
    return takes.one_channel and all(
        not axes.is_dense
        and axes.channel is not None
        and locate_class_axis(axes) == locate_expected_axis(axes, takes)
        for axes in (layout.y_true, layout.y_pred)
    )


def locate_class_axis(axes: Axes) -> int:
    """Return where the class axis is, counted with a sample axis at 0."""
    return (axes.channel or 0) + (0 if axes.has_sample_axis else 1)


def locate_expected_axis(axes: Axes, takes: InputSpec) -> int:
    """Return where the metric looks for the classes, counted in the same way."""
    return takes.axis % (len(axes.shape) + (0 if axes.has_sample_axis else 1))


def find_metric_pairing(metric: Metric, layout: Layout) -> Pairing | None:
    """Return the pairing that the pass counts for the metric alone; `None` if there is none."""
    contract = metric.contract
    if contract is None or contract.pairing is not None:
        return _find_flat_metric_pairing(layout, metric)
    return VALUES if _is_flattened(contract.takes, layout) else None


def _find_flat_metric_pairing(layout: Layout, metric: Metric) -> Pairing | None:
    """Return the pairing of a metric that flattens, or `None` if the two lengths differ.

    Such a metric pairs values in storage order. If that is the doctor's order too, the doctor's
    table is used for both.
    """
    return find_flat_pairing(layout, metric.y_true, metric.y_pred, axis=metric.axis)


def needs_sums(metric: Metric) -> bool:
    """Return whether the metric needs sums of scores."""
    return metric.contract is not None and metric.contract.choices.floats in SUMMED


def _is_flattened(takes: InputSpec, layout: Layout) -> bool:
    """Return whether the metric reads every stored value of these arrays as a class id."""
    if (
        not (layout.y_true.is_dense or layout.y_pred.is_dense)
        or find_mismatch(takes, layout) is None
    ):
        return False
    if takes.flattens is Flattens.NEVER or layout.mismatched:
        return False
    y_true, y_pred = count_flat_labels(layout, VALUES)
    equal = y_true is not None and y_true == y_pred
    return equal and (takes.flattens is Flattens.ALWAYS or has_equal_shapes(layout))


def has_equal_shapes(layout: Layout) -> bool:
    """Return whether both arrays have one shape."""
    return layout.y_true.shape == layout.y_pred.shape


def find_mismatch(takes: InputSpec, layout: Layout, *, integers: bool = False) -> Mismatch | None:
    """Return the first way in which the arrays differ from those that a metric takes.

    Args:
        takes: the arrays that the metric takes.
        layout: the layout of the arrays.
        integers: whether the predictions have an integer dtype.
    """
    y_true, y_pred = layout.y_true, layout.y_pred
    if has_one_channel(takes, layout):
        return None
    found = {
        Mismatch.MASK_CHANNELS: y_true.is_dense and takes.masks is PixelContent.IDS,
        Mismatch.PREDICTION_CHANNELS: y_pred.is_dense and takes.predictions is PixelContent.IDS,
        Mismatch.MASK_IDS: not y_true.is_dense and takes.masks is PixelContent.ONE_HOT,
        Mismatch.PREDICTION_IDS: not y_pred.is_dense
        and takes.predictions in {PixelContent.ONE_HOT, PixelContent.SCORES},
        Mismatch.AXIS: any(is_class_axis_elsewhere(axes, takes) for axes in (y_true, y_pred)),
        Mismatch.INTEGERS: takes.needs_floats and integers and y_pred.is_dense,
        Mismatch.SHAPES: takes.refuses_extra_axes
        and _get_label_shape(y_true) != _get_label_shape(y_pred),
    }
    return next((kind for kind, holds in found.items() if holds), None)


def is_class_axis_elsewhere(axes: Axes, takes: InputSpec) -> bool:
    """Return whether the metric looks for the classes on another axis."""
    return (
        axes.is_dense
        and not takes.any_axis
        and locate_class_axis(axes) != locate_expected_axis(axes, takes)
    )


def _get_label_shape(axes: Axes) -> tuple[int | None, ...]:
    return axes.label_shape if axes.is_dense else axes.shape


def sums_ids(contract: Contract, layout: Layout, inputs: MetricInputs) -> bool:
    """Return whether a metric that sums scores gets one channel of class ids as scores."""
    by_sums = contract.choices.floats in SUMMED and inputs.form is PredictionForm.LABELS
    return by_sums and has_one_channel(contract.takes, layout)


def take_foreground(contract: Contract) -> Contract:
    """Return the contract for one channel, which is that of class 1."""
    if contract.choices.average is Average.PER_CLASS:
        return contract
    return replace(contract, choices=replace(contract.choices, average=Average.FOREGROUND))

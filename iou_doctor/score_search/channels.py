"""Channels that are thresholded each on its own, as for classes that overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from iou_doctor.counts.channel_sums import ChannelSums, Quantity
from iou_doctor.metrics.engine.areas import Areas
from iou_doctor.metrics.engine.evaluate import compute_outcome
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.candidate import Candidate
from iou_doctor.score_search.conventions import list_conventions
from iou_doctor.score_search.evaluate_contracts import weigh_convention
from iou_doctor.score_search.faults.label_faults import BATCH_SIZES, split_into_batches
from iou_doctor.score_search.odd_means import average_wrongly

ONE_BY_ONE = Cause(
    "averaging-gap",
    "each channel is thresholded on its own, as for classes that overlap",
    "argmax both arrays if each pixel has one class",
    prior=0.4,
)


def list_batch_sizes(inputs: MetricInputs) -> tuple[int, ...]:
    """Return the user's batch size, or those that are tried."""
    return BATCH_SIZES if inputs.batch_size is None else (inputs.batch_size,)


def evaluate_channels(
    given: Cause, sums: ChannelSums | None, inputs: MetricInputs
) -> Iterator[Candidate]:
    """Yield what definitions give for channels that are thresholded each on its own.

    Args:
        given: the cause, if the images are not split into batches.
        sums: the sums of each image and channel.
        inputs: for the number of samples and the batch size.
    """
    areas = _sum_channels(sums)
    if areas is None:
        return
    inputs = replace(inputs, num_classes=areas.truth.shape[1], ignore_index=None)
    for cause, changed in ((given, inputs), *split_into_batches(inputs)):
        for contract in list_conventions(changed):
            value = compute_outcome(contract.choices, areas, changed).value
            if value is not None:
                weight = cause.prior * weigh_convention(contract, inputs.num_classes)
                yield Candidate(value, cause, contract.short, weight, contract.name)
    yield from average_wrongly(areas, list_batch_sizes(inputs))


def _sum_channels(sums: ChannelSums | None) -> Areas | None:
    """Return the areas of the thresholded channels of each image."""
    if sums is None:
        return None
    truth, predicted, both = (
        sums.compute_total(quantity)
        for quantity in (Quantity.TRUTH, Quantity.ABOVE, Quantity.TRUTH_ABOVE)
    )
    return Areas(truth, predicted, both)

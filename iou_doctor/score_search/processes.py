"""Evaluation by several processes, and loaders that leave out the last batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from iou_doctor.metrics.engine.class_ids import TWO_CLASSES
from iou_doctor.metrics.engine.evaluate import evaluate
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.metrics.libraries import distributed
from iou_doctor.metrics.sharding import Sharding
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.candidate import Candidate

_MEAN = Cause(
    "averaging-gap",
    "a mean over the values of {ranks} processes, each of which has samples of its own",
    "add up the counts of the processes before the division (torchmetrics does)",
    prior=0.25,
)
_REPEATED = Cause(
    "averaging-gap",
    "a sampler for {ranks} processes repeats the first samples, so that all have as many",
    "leave out the repeated samples, or evaluate in one process",
    prior=0.25,
)
_LEFT_OUT = Cause(
    "averaging-gap",
    "a sampler for {ranks} processes leaves out the last samples (drop_last)",
    "evaluate with drop_last=False, or in one process",
    prior=0.2,
)
_LAST_BATCH = Cause(
    "averaging-gap",
    "the last, smaller batch is left out (drop_last, or steps = samples // batch size)",
    "evaluate with drop_last=False",
    prior=0.25,
)


def evaluate_processes(inputs: MetricInputs, batch_sizes: tuple[int, ...]) -> Iterator[Candidate]:
    """Yield what several processes report, or one that leaves out the last batch.

    Args:
        inputs: the arrays as class ids.
        batch_sizes: the sizes of batches to try.
    """
    for contract in distributed.CONTRACTS:
        sharding = contract.choices.sharding
        if sharding is None or (contract.binary and inputs.num_classes != TWO_CLASSES):
            continue
        sizes = batch_sizes if sharding.drops_last_batch else (None,)
        for size in sizes:
            if not sharding.changes(inputs.samples, size):
                continue
            value = evaluate(contract, replace(inputs, batch_size=size)).value
            if value is not None:
                cause = _describe(sharding, size)
                yield Candidate(value, cause, contract.short, cause.prior, contract.name)


def _describe(sharding: Sharding, batch_size: int | None) -> Cause:
    if sharding.drops_last_batch:
        claim = f"{_LAST_BATCH.claim}, batches of {batch_size}"
        return replace(_LAST_BATCH, claim=claim)
    cause = _LEFT_OUT if sharding.drops else _REPEATED
    cause = _MEAN if sharding.averages else cause
    return replace(cause, claim=cause.claim.format(ranks=sharding.ranks))

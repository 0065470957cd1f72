"""Evaluate every implementation and every convention on arrays, with a fault or without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from iou_doctor.counts.label_decoding import LabelDecoding, Pairing, decode_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Contract, Group
from iou_doctor.metrics.engine.evaluate import evaluate_value
from iou_doctor.metrics.implementations import find_applicable
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.candidate import Candidate
from iou_doctor.score_search.conventions import list_conventions
from iou_doctor.score_search.faults.label_faults import AS_CLASS_IDS

MOST_PAIR_ROWS = 200_000
"""Rows of label pairs up to which averages over images are evaluated for every fault.

Each of these faults takes a pass over the table for each contract that averages images.
"""
BY_DEFINITION = "by definition"
"""The library of the contracts in `metrics/libraries/plain.py`."""
LIBRARY_WEIGHTS = {
    "keras": 1.0,
    "torchmetrics": 0.8,
    "mmsegmentation": 0.7,
    "scikit-learn": 0.6,
    BY_DEFINITION: 0.6,
    "segmentation_models": 0.5,
    "segmentation_models_pytorch": 0.5,
    "Keras backend": 0.4,
}
"""An estimate of how likely it is that somebody used a library, relative to Keras."""
OTHER_LIBRARY_WEIGHT = 0.3
"""The weight of a library that is not in `LIBRARY_WEIGHTS`."""
UNCOMMON_CONTRACT_FACTOR = 0.6
"""Applied to the weight of a contract that is not in the short table."""
RARE_PRIOR = 0.1
"""Faults with a lower prior are combined with common implementations only."""
LEAST_PRIOR_FOR_CONVENTIONS = 0.38
"""Faults with a lower prior are not combined with the conventions of scripts."""
CONVENTION_WEIGHT = 0.36
"""The weight of a convention that no library has."""
ANOTHER_DEFINITION = Cause(
    "averaging-gap",
    "the arrays as class ids, under another definition of the score",
    "compare only numbers of the same definition",
    prior=0.9,
)
ONE_CLASS_FACTOR = 0.3
"""Applied to the weight of one class alone, and of a mean without one class in the middle."""


def prepare_label_inputs(inputs: MetricInputs, pairs: PairCounts) -> MetricInputs:
    """Return the arrays as class ids, as a user who interprets both correctly would pass them.

    Args:
        inputs: the arrays as they are.
        pairs: their label pairs, correctly interpreted.
    """
    labels = pairs.relabel(truth=decode_no_class, prediction=decode_no_class)
    integers = np.dtype(np.int64)
    flat = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS, flat=True)
    return replace(
        inputs,
        form=PredictionForm.LABELS,
        labels=labels,
        interpreted=None,
        true_dtype=integers,
        pred_dtype=integers,
        bins=None,
        exact=None,
        sums=None,
        flat={flat: labels},
        lengths={},
    )


def evaluate_contracts(
    cause: Cause, inputs: MetricInputs, *, all_implementations: bool, possible: bool = True
) -> Iterator[Candidate]:
    """Yield what every implementation reports.

    Args:
        cause: the fault that the arrays have.
        inputs: the arrays with it.
        all_implementations: whether to form averages over images however many rows there are.
        possible: whether the user's arrays allow the fault.
    """
    if inputs.form is PredictionForm.LABELS and inputs.flat:
        inputs = replace(inputs, flat=dict.fromkeys(inputs.flat, inputs.labels))
    whole = _pool_images(inputs)
    images = all_implementations or len(inputs.labels.count) <= MOST_PAIR_ROWS
    rare = cause.prior < RARE_PRIOR
    for contract in find_applicable(inputs, all_implementations=True):
        if rare and not (contract.common or contract.library == BY_DEFINITION):
            continue
        over_images = (
            contract.choices.group is not Group.DATA_SET or contract.choices.averages_batches
        )
        if over_images and not images:
            continue
        pooled = not over_images and inputs.form is PredictionForm.LABELS
        value = evaluate_value(contract, whole if pooled else inputs)
        if value is not None:
            weight = cause.prior * _weigh_contract(contract)
            name = contract.name
            yield Candidate(value, cause, contract.short or name, weight, name, possible)


def _pool_images(inputs: MetricInputs) -> MetricInputs:
    """Return label maps with all images as one."""
    return replace(
        inputs,
        samples=1,
        labels=inputs.labels.pool(),
        interpreted=None,
        exact=None if inputs.exact is None else inputs.exact.pool(),
        flat={key: table.pool() for key, table in inputs.flat.items()},
    )


def evaluate_conventions(cause: Cause, inputs: MetricInputs) -> Iterator[Candidate]:
    """Yield what the conventions of scripts give for arrays of class ids.

    Args:
        cause: the fault that the arrays have.
        inputs: the arrays with it.
    """
    if cause == AS_CLASS_IDS:
        cause = ANOTHER_DEFINITION
    if cause.prior < LEAST_PRIOR_FOR_CONVENTIONS or len(inputs.labels.count) > MOST_PAIR_ROWS:
        return
    for contract in list_conventions(inputs):
        value = evaluate_value(contract, inputs)
        if value is not None:
            weight = cause.prior * weigh_convention(contract, inputs.num_classes)
            yield Candidate(value, cause, contract.short, weight, contract.name)


def weigh_convention(contract: Contract, classes: int) -> float:
    """Return how likely a convention is, relative to Keras' mean IoU."""
    targets = contract.choices.target_class_ids
    if targets is None or targets in {tuple(range(classes - 1)), tuple(range(1, classes))}:
        return CONVENTION_WEIGHT
    return CONVENTION_WEIGHT * ONE_CLASS_FACTOR


def _weigh_contract(contract: Contract) -> float:
    prior = LIBRARY_WEIGHTS.get(contract.library, OTHER_LIBRARY_WEIGHT)
    return prior if contract.common else UNCOMMON_CONTRACT_FACTOR * prior

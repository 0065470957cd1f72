"""Measure the facts about a pair of arrays that formulas need."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.score_search.faults.formula import Facts
from iou_doctor.score_search.faults.label_changes import drop_truth


def measure_facts(inputs: MetricInputs, *, arrays: Evidence | None = None) -> Facts:
    """Measure the facts about a pair of arrays.

    Args:
        inputs: the arrays as class ids, correctly interpreted.
        arrays: the evidence, for what the arrays store; `None` if that rules nothing out.
    """
    pairs = drop_truth(inputs, inputs.ignore_index).labels
    pairs = pairs.keep_rows((pairs.truth >= 0) & (pairs.truth < inputs.num_classes))
    areas = np.bincount(pairs.truth, weights=pairs.count, minlength=inputs.num_classes)
    right = pairs.count[pairs.truth == pairs.prediction].sum()
    with np.errstate(invalid="ignore"):
        accuracy = float(right / areas.sum())
    shares = areas / max(1.0, areas.sum())
    facts = Facts(tuple(map(float, shares)), accuracy, _compute_softmax_dice(pairs))
    if arrays is None or arrays.inputs is None:
        return facts
    largest = arrays.stats.y_true.maximum or 0.0
    return replace(
        facts,
        has_channels=arrays.inputs.form is PredictionForm.CHANNELS,
        has_one_channel=arrays.inputs.form is PredictionForm.ONE_CHANNEL,
        largest_mask=largest,
    )


def _compute_softmax_dice(pairs: PairCounts) -> float:
    rows = pairs.relabel(prediction=np.zeros_like)
    if not len(rows.count):
        return float("nan")
    pixels = np.bincount(rows.image, weights=rows.count)[rows.image]
    classes = np.bincount(rows.image)
    dice = np.bincount(rows.image, weights=2 * rows.count / (pixels + rows.count))
    return float((dice[classes > 0] / classes[classes > 0]).mean())

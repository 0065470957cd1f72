"""All answers that are known for a contract: recorded ones, and those of `by_hand.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from metrics.build_inputs import arrange
from metrics.by_hand import Maps, RaisesError, of_labels, of_scores, one_hot
from metrics.golden import NAN, RAISES, Answer, Fixture, agrees, fixtures

from iou_doctor.metrics.inputs import PredictionForm
from iou_doctor.metrics.score import ContractScore

NOT_RECORDED = frozenset(
    {
        # compared with the library itself in test_contracts_against_libraries.py
        "torchmetrics.JaccardIndex[multilabel]",
        "torchmetrics.segmentation.GeneralizedDiceScore",
        # like another contract but for one choice: test_contracts_with_one_other_choice.py
        "torchmetrics.JaccardIndex[macro]@0.11",
        "ultralytics.SemanticMetrics[nc=1]",
    }
)


@cache
def collect_answers() -> dict[str, list[tuple[Fixture, Answer, int | None]]]:
    """Return all answers of each contract, with the batch size that gives them."""
    found = defaultdict(list)
    for fixture in fixtures():
        for answer in fixture.answers:
            found[answer.contract] += [(fixture, answer, size) for size in fixture.splits(answer)]
        for size in (None, *fixture.batch_sizes):
            for answer in _answer_by_hand(fixture, size):
                found[answer.contract].append((fixture, answer, size))
    return dict(found)


def describe_difference(score: ContractScore, answer: Answer) -> str:
    """Return how a score differs from the known answer; empty where it does not."""
    reported = f"{score.value} (error: {score.error}, note: {score.note}), not {answer.value}"
    if not agrees(score.value, answer):
        return reported
    if (score.error is not None) != (answer.value == RAISES):
        return reported
    if answer.value == NAN and score.note != "NaN":
        return reported
    if answer.per_class is not None and score.per_class != pytest.approx(
        answer.per_class, abs=2e-6
    ):
        return f"classes {score.per_class}, not {answer.per_class}"
    return ""


def _answer_by_hand(fixture: Fixture, batch_size: int | None) -> Iterator[Answer]:
    """Yield the answers of contracts that nobody could record for these arrays."""
    true, pred, form = arrange(fixture.y_true, fixture.y_pred, fixture.layout)
    n, classes = len(true), fixture.num_classes
    ids = pred.argmax(-1) if form is PredictionForm.CHANNELS else pred
    labels = true.argmax(-1) if true.ndim > ids.ndim else true
    size = batch_size or n
    table = {}
    if form is not PredictionForm.ONE_CHANNEL and ids.dtype.kind != "f":
        maps = [side.reshape(n, -1).astype(np.int64) for side in (labels, ids)]
        table = of_labels(Maps(*maps, classes, fixture.ignore_index), size)
        if form is PredictionForm.LABELS:
            table |= of_scores(*(one_hot(side, classes) for side in maps), size)
    if form is PredictionForm.CHANNELS and np.isfinite(pred).all():
        dense = true if true.shape == pred.shape else one_hot(labels, classes)
        table |= of_scores(dense.reshape(n, -1, classes), pred.reshape(n, -1, classes), size)
    if form is PredictionForm.ONE_CHANNEL and np.isfinite(pred).all():
        table = of_scores(true.reshape(n, -1, 1), pred.reshape(n, -1, 1), size)
    for name, work in table.items():
        try:
            value = work()
        except RaisesError:
            value = RAISES
        found = NAN if value != RAISES and np.isnan(value) else value
        tolerance = 2e-6 if isinstance(found, str) else max(2e-6, 1e-5 * abs(found))
        yield Answer(name, batch_size, found, None, tolerance)

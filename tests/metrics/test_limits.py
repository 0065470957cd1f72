"""Each limit of the metrics, just inside and just outside."""

from __future__ import annotations

import numpy as np
import pytest
from metrics.build_inputs import build_inputs

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.engine.cells import counts_in_bytes
from iou_doctor.metrics.engine.labels import FLOAT32_LIMIT, _saturate_counts
from iou_doctor.metrics.implementations import evaluate_all
from iou_doctor.metrics.libraries import fast_hist

BYTE_CELLS = fast_hist.CONTRACTS[-1].choices


def pair_of(truth: int, predicted: int, classes: int, dtype: str = "u1"):
    y_true, y_pred = (np.array([[[label]]], dtype) for label in (truth, predicted))
    return build_inputs(y_true=y_true, y_pred=y_pred, num_classes=classes)


@pytest.mark.parametrize(
    ("truth", "predicted", "classes", "in_bytes"),
    [
        (15, 0, 17, False),  # cell 255
        (15, 1, 17, True),  # cell 256
        (2, 0, 255, True),
        (2, 0, 256, False),  # NumPy refuses to multiply uint8 by 256
    ],
)
def test_cells_overflow_bytes_from_256_on(truth, predicted, classes, in_bytes):
    assert counts_in_bytes(pair_of(truth, predicted, classes), BYTE_CELLS) is in_bytes
    assert not counts_in_bytes(pair_of(truth, predicted, classes, "u2"), BYTE_CELLS)


def test_a_float32_counter_stops_at_its_limit():
    count = np.array([FLOAT32_LIMIT - 1, FLOAT32_LIMIT, FLOAT32_LIMIT + 1])
    assert np.float32(FLOAT32_LIMIT) + np.float32(1) == FLOAT32_LIMIT
    assert np.float32(FLOAT32_LIMIT - 1) + np.float32(1) == FLOAT32_LIMIT
    cells = PairCounts(np.zeros(3, int), np.arange(3), np.arange(3), count)
    assert _saturate_counts(cells, 1).count.tolist() == [count[0], count[1], count[1]]


@pytest.mark.parametrize(("difference", "explained"), [(4.9e-5, False), (5.1e-5, True)])
def test_a_difference_that_shows_in_four_decimals_is_explained(difference, explained):
    labels = np.array([[[0, 1, 1, 0]]])
    inputs = build_inputs(y_true=labels, y_pred=labels[..., ::-1], num_classes=2)
    scores = evaluate_all(inputs, all_implementations=True, doctor=1 - difference)
    notes = {one.name: one.note for one in scores if one.value == 1}
    assert len(notes) > 5
    assert (notes["sklearn.jaccard_score[macro]"] is not None) is explained
    assert explained or set(notes.values()) == {None}

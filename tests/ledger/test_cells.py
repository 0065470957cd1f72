"""Cells of one label are found, and no prediction in such cells beats the limit of the IoU."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from iou_doctor.ledger import cells
from iou_doctor.ledger.cells import find_cells


def enlarge(small, rows, columns):
    return small.repeat(rows, 0).repeat(columns, 1)


@pytest.mark.parametrize(("rows", "columns", "skipped"), [(8, 8, 0), (4, 6, 3), (1, 2, 1)])
def test_cells_of_enlarged_maps_are_found_wherever_the_map_begins(rows, columns, skipped):
    small = np.random.default_rng(0).integers(0, 3, (12, 14))
    whole = enlarge(small, rows, columns)[skipped:, skipped:]
    found = find_cells([whole, whole])
    if 1 in {rows, columns}:
        assert found is None  # most networks enlarge both sides
        return
    assert found.size == (rows, columns)
    assert found.starts == (((rows - skipped) % rows, (columns - skipped) % columns),) * 2


def test_maps_of_single_pixels_and_of_few_changes_have_none():
    noise = np.random.default_rng(0).integers(0, 3, (40, 40))
    assert find_cells([noise]) is None
    assert find_cells([enlarge(np.eye(4, dtype=int), 8, 8)]) is None
    assert find_cells([]) is None


def test_the_limit_is_the_best_of_all_predictions_in_cells(monkeypatch):
    monkeypatch.setattr(cells, "LEAST_CHANGES", 2)
    monkeypatch.setattr(cells, "LEAST_PIXELS", 5)
    rng = np.random.default_rng(3)
    for _ in range(10):
        y_true = (rng.random((9, 12)) < 0.2).astype(int)
        found = find_cells([enlarge(rng.permutation(12).reshape(3, 4), 3, 3)])
        best = 0.0
        for chosen in product([0, 1], repeat=12):
            y_pred = enlarge(np.reshape(chosen, (3, 4)), 3, 3)
            best = max(best, (y_true & y_pred).sum() / (y_true | y_pred).sum())
        assert found.limit_iou([y_true], 1) == pytest.approx(best)
    assert found.limit_iou([y_true], 7) is None

"""Maps that are kept in memory give the same counts as arrays that are read again."""

from __future__ import annotations

import numpy as np
import pytest

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.layout import Layout
from iou_doctor.diagnosis import pipeline
from iou_doctor.diagnosis.kept_maps import keep_maps
from iou_doctor.diagnosis.questions import OpenArrays
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.repairs.step import Side
from iou_doctor.score_search.pixel_estimates import LEFT_OUT
from iou_doctor.score_search.pixel_moves import KeepEvery, list_moves


def _make_labels(seed: int, shape: tuple[int, ...], classes: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, classes, shape).astype(np.uint8)


def _make_cases() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    masks = _make_labels(0, (5, 12, 18), 3)
    void = np.where(_make_labels(1, masks.shape, 9) == 0, 255, masks).astype(np.uint8)
    scores = np.random.default_rng(2).random((5, 12, 18, 3)).astype(np.float32)
    gaps = scores.copy()
    gaps[0, 0, 0] = np.nan
    sigmoid = np.random.default_rng(3).random((5, 12, 18)).astype(np.float32)
    return {
        "labels": (masks, _make_labels(4, masks.shape, 3)),
        "void": (void, void[::-1].copy()),
        "signed": (masks, _make_labels(5, masks.shape, 3).astype(np.int64) - 1),
        "far apart": (masks, _make_labels(6, masks.shape, 3).astype(np.int32) * 1000),
        "channels": (masks, scores),
        "NaN": (masks, gaps),
        "one channel": ((masks > 0).astype(np.uint8), sigmoid),
        "square": (masks[:, :, :12], _make_labels(7, (5, 12, 12), 3)),
    }


@pytest.mark.parametrize("name", _make_cases())
def test_every_move_is_counted_as_in_another_pass(name: str) -> None:
    masks, predictions = _make_cases()[name]
    classes = 2 if name == "one channel" else 3
    request = CheckRequest(
        masks=masks, predictions=predictions, options=Options(num_classes=classes)
    )
    arrays = OpenArrays(pipeline.open_arrays(request))
    evidence, recount = pipeline.examine(arrays.pair, request, arrays)
    kept = keep_maps(recount, arrays, pixels=masks.size)
    assert kept is not recount
    layout: Layout = evidence.interpretation.layout
    moves = list_moves(layout, is_square=name == "square", in_order=False)
    assert len(moves) > 50
    for _, step in moves:
        if name == "one channel" and isinstance(step, KeepEvery):
            continue  # the mark of the pixels left out is no score
        again = recount([step])
        assert kept([step]) == again.keep_rows(again.prediction != LEFT_OUT), step


def test_scores_of_a_smaller_picture_are_those_of_every_second_pixel() -> None:
    masks, scores = _make_cases()["one channel"]
    request = CheckRequest(masks=masks, predictions=scores, options=Options(num_classes=2))
    arrays = OpenArrays(pipeline.open_arrays(request))
    _, recount = pipeline.examine(arrays.pair, request, arrays)
    kept = keep_maps(recount, arrays, pixels=masks.size)([KeepEvery(Side.PREDICTIONS, 2, 0)])
    assert kept.total == masks[:, ::2, ::2].size
    right = (masks[:, ::2, ::2] == (scores[:, ::2, ::2] >= 0.5)).sum()
    assert kept.count[kept.truth == kept.prediction].sum() == right


def test_large_arrays_are_read_again() -> None:
    masks, predictions = _make_cases()["labels"]
    request = CheckRequest(masks=masks, predictions=predictions, options=Options(num_classes=3))
    arrays = OpenArrays(pipeline.open_arrays(request))
    _, recount = pipeline.examine(arrays.pair, request, arrays)
    assert keep_maps(recount, arrays, pixels=2**26) is recount

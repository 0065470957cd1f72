"""The block to paste gives the score that the report promises.

`python -m casebook --blocks` runs the blocks of all cases.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from build import diagnose
from casebook import blocks, combinations
from casebook.cases import Arrays
from checks.sick_arrays import SICK, T
from run import ROOT

import iou_doctor

pytest.importorskip("keras")
SAMPLES = {
    "channels_first": 3,
    "height_width_swapped": 3,
    "integer_masks_dense_predictions": 3,
    "masks_0_255": 2,
    "sigmoid": 2,
    "unargmaxed_one_hot": 3,
}
"""The samples that have a repair, with the number of their classes."""
PAIRS = range(0, len(list(combinations.pairs())), 9)


def load_sample(name):
    return (np.load(ROOT / "sample_data" / name / f"{side}.npy") for side in ("masks", "preds"))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_block_of_a_sample_gives_the_right_score(name):
    masks, predictions = load_sample(name)
    pasted = blocks.paste_arrays(
        name, Arrays(masks, predictions, {"num_classes": SAMPLES[name]}, None)
    )
    assert pasted.promised is not None
    assert pasted.right, pasted


def test_arrays_without_a_repair_have_no_block():
    for name in ("healthy", "wrong_num_classes", "imbalance"):
        masks, predictions = load_sample(name)
        assert iou_doctor.check(y_true=masks, y_pred=predictions).block is None


@pytest.mark.parametrize("code", SICK)
def test_the_block_of_each_rule_gives_what_it_promises(code):
    report = diagnose(**SICK[code])
    if report.block is None:
        return
    arrays = Arrays(SICK[code]["y_true"], SICK[code]["y_pred"])
    got = blocks.run_block(report.block, *blocks.read_arrays(arrays))
    assert got == pytest.approx(report.verdict.mean_iou_after_all, abs=blocks.TOLERANCE)


@pytest.mark.parametrize("number", PAIRS)
def test_the_block_for_two_faults_gives_what_it_promises(number):
    pasted = blocks.paste_numbered(number)
    assert pasted.right, pasted


def test_helps_call_keras_with_the_classes_after_all_repairs():
    scores, masks = (np.eye(5, dtype=np.float32)[T % 3] * 0.8 + 0.04), T % 3
    report = diagnose(y_true=np.where(T == 0, 255, masks), y_pred=scores, num_classes=5)
    assert report.block is not None
    assert list(blocks.list_contradictions(report, report.block)) == []
    wrong = replace(report.block, metric=("metric = keras.metrics.MeanIoU(num_classes=77)",))
    assert list(blocks.list_contradictions(report, wrong)) != []

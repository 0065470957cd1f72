"""What parts say is what a check says, byte for byte."""

from __future__ import annotations

import numpy as np
import pytest
from build import pair_of
from casebook import sick
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.model import ModelOptions
from iou_doctor.diagnosis.pipeline import check_pair, open_arrays
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.parts.make_report import make_report
from iou_doctor.render import json_v1
from parts.casebook import tell
from parts.sharded import compare, merge_at_random, scan_parts

EVERY = 45
"""One of so many sick cases is compared in the suite; `python -m parts.casebook` compares all."""


def make_labels(samples=9, seed=0, classes=4):
    rng = np.random.default_rng(seed)
    masks = rng.integers(0, classes, (samples, 5, 6)).repeat(6, 1).repeat(6, 2).astype(np.uint8)
    wrong = rng.random(masks.shape) < 0.2
    return masks, np.where(wrong, rng.integers(0, classes, masks.shape), masks).astype(np.uint8)


def make_scores(seed=1):
    masks, predictions = make_labels(seed=seed)
    logits = np.random.default_rng(seed).normal(0, 1, (*masks.shape, 4))
    scores = np.exp(logits + 3 * np.eye(4)[predictions])
    return masks, (scores / scores.sum(axis=-1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("shards", [1, 3, 7, 64])
@pytest.mark.parametrize("make", [make_labels, make_scores])
def test_parts_say_what_a_check_says(make, shards, tmp_path):
    masks, predictions = make()
    pair = pair_of(y_true=masks, y_pred=predictions)
    request = CheckRequest(options=Options(num_classes=4), all_implementations=True)
    wanted, found, rounds = compare(pair, request, shards, tmp_path, seed=shards)
    assert found == wanted
    assert rounds == 1


@settings(max_examples=12)
@given(
    samples=st.integers(1, 12),
    shards=st.integers(1, 9),
    seed=st.integers(0, 2**16),
    fault=st.sampled_from(
        ["none", "flip", "one flipped", "reversed", "off by one", "0 and 255", "two scales"]
    ),
)
def test_faults_are_found_in_any_grouping(samples, shards, seed, fault, tmp_path_factory):
    masks, predictions = make_labels(samples, seed, classes=2 if fault == "0 and 255" else 4)
    if fault == "flip":
        predictions = predictions[:, ::-1]
    elif fault == "one flipped":
        predictions[0] = predictions[0, ::-1]
    elif fault == "reversed":
        predictions = predictions[::-1]
    elif fault == "off by one":
        masks = masks + 1
    elif fault == "0 and 255":
        masks = masks * 255
    elif fault == "two scales":
        predictions = predictions.astype(np.float32)
        predictions[::3] /= 255
    pair = pair_of(y_true=masks, y_pred=predictions)
    request = CheckRequest(options=Options(num_classes=None))
    wanted, found, _ = compare(pair, request, shards, tmp_path_factory.mktemp("p"), seed=seed)
    assert found == wanted


@pytest.mark.parametrize("case", list(sick.cases())[::EVERY], ids=lambda case: case.sick.rule)
def test_sick_cases_are_as_sick_in_parts(case):
    assert tell(3, case).isdigit()


def test_scores_that_need_the_arrays_once_more_are_estimated(tmp_path):
    """Single samples are named by the repair, which no look over the data can foresee."""
    masks, predictions = make_labels(samples=12)
    predictions = predictions[[1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10]]
    pair = pair_of(y_true=masks, y_pred=predictions)
    request = CheckRequest(options=Options(num_classes=4))
    exact = check_pair(pair, request)
    estimated = make_report(merge_at_random(scan_parts(pair, request, 3, tmp_path), 0), request)
    assert estimated.primary.rule.name == exact.primary.rule.name == "shuffled-samples"
    assert estimated.again[0]["kind"] == "recount"
    assert estimated.primary.repair.estimated
    assert not exact.primary.repair.estimated
    near = pytest.approx(exact.primary.repair.mean_iou_after, abs=0.02)
    assert estimated.primary.repair.mean_iou_after == near
    assert estimated.ledger is None
    assert '"again": [' in json_v1.render(estimated)
    wanted, found, rounds = compare(pair, request, 3, tmp_path)
    assert found == wanted
    assert rounds == 2


def test_a_model_predicts_the_same_batches_in_parts(tmp_path):
    """The output depends a little on the batch, as that of real models does by rounding."""
    masks, scores = make_scores()
    images = scores

    def model(batch):
        return batch * (1 - 1e-4 * len(batch)) + 1e-5 * batch.mean()

    options = ModelOptions(images=images, batch_size=2)
    request = CheckRequest(
        predictions=model, masks=masks, model=options, options=Options(num_classes=4)
    )
    wanted, found, _ = compare(open_arrays(request), request, 3, tmp_path)
    assert found == wanted

from dataclasses import replace

import pytest
from build import diagnose, errors, found, logits, outcome, pair_of, scene

from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.report.finding import Status

MASKS = [[[0, 1], [1, 0]]] * 3
PREDICTIONS = [[[0, 1], [1, 1]]] * 2


def test_the_score_is_that_of_the_samples_that_both_have():
    report = diagnose(y_true=MASKS, y_pred=PREDICTIONS)
    assert found(report, "sample-count-mismatch").facts == {
        "masks": 3,
        "predictions": 2,
        "scored": 2,
    }
    assert report.mean_iou == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert errors(report) == ["sample-count-mismatch"]


def test_one_prediction_too_few_is_no_class_axis():
    report = diagnose(y_true=scene(1), y_pred=scene(1)[:1])
    assert errors(report) == ["sample-count-mismatch"]
    dense = diagnose(y_true=scene(1), y_pred=logits(scene(1), 2, classes=3)[:1])
    assert dense.verdict.primary == "sample-count-mismatch"
    assert dense.reading.layout.y_pred.letters == "NHWC"


def test_equal_numbers_pass():
    report = diagnose(y_true=MASKS[:2], y_pred=PREDICTIONS)
    assert outcome(report, "sample-count-mismatch").status is Status.PASSED


def test_files_without_a_partner_are_named():
    pair = pair_of(y_true=PREDICTIONS, y_pred=PREDICTIONS)
    pair = replace(pair, unpaired_true=("a",), unpaired_pred=("b", "c"))
    assert found(check_pair(pair, CheckRequest()), "sample-count-mismatch").message == (
        "1 mask without a prediction (a) and 2 predictions without a mask (b and c);"
        " the score is that of the 2 pairs"
    )


@pytest.mark.parametrize("masks", [scene(1)[0], scene(1)[:2]])
@pytest.mark.parametrize("is_last", [False, True])
def test_one_mask_beside_many_predictions_of_one_channel(masks, is_last):
    labels = scene(1, samples=5)
    report = diagnose(y_true=masks, y_pred=labels[..., None] if is_last else labels[:, None])
    is_named = "objects of one image" in found(report, "sample-count-mismatch").help
    assert is_named == (masks.ndim == 2 and not is_last)


def test_one_prediction_beside_many_masks_of_one_channel():
    report = diagnose(y_true=scene(1, samples=5)[:, None], y_pred=scene(1, samples=1)[0])
    assert found(report, "sample-count-mismatch").help.startswith("masks = masks.squeeze(1)")

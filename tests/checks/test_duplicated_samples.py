import numpy as np
import pytest
from build import after, diagnose, found, mean_iou, names
from scenes import boxes, model

from iou_doctor.scan import probing

T = boxes(1, samples=12)
P = model(T, 2)
RULE = "duplicated-samples"


def repeated(arrays, places):
    return np.concatenate([arrays, arrays[places]])


def test_a_last_batch_that_was_filled_up():
    report = diagnose(y_true=repeated(T, [0, 1, 2]), y_pred=repeated(P, [0, 1, 2]), num_classes=5)
    finding = found(report, RULE)
    assert finding.facts == {"samples": 15, "repeated": 3, "first": [0, 12], "at_the_end": True}
    assert finding.message.startswith("the last 3 samples of 15")
    assert finding.evidence == "sample 12 equals sample 0"
    assert after(report, RULE) == pytest.approx(mean_iou(T, P, 5))


def test_one_sample_that_was_listed_twice():
    places = [0, 1, 2, 1, *range(3, 12)]
    finding = found(diagnose(y_true=T[places], y_pred=P[places], num_classes=5), RULE)
    assert finding.facts == {"samples": 13, "repeated": 1, "first": [1, 3], "at_the_end": False}


def test_samples_behind_the_probe_are_known_by_their_counts(monkeypatch):
    monkeypatch.setattr(probing, "MANY", 4)
    arrays = {"y_true": repeated(T, [0, 9]), "y_pred": repeated(P, [0, 9])}
    report = diagnose(**arrays, num_classes=5)
    assert found(report, RULE).facts["repeated"] == 2
    assert found(report, RULE).evidence == "sample 12 equals sample 0"


def test_equal_counts_in_other_places_are_no_duplicates():
    report = diagnose(
        y_true=np.concatenate([T, T[:1, ::-1]]),
        y_pred=np.concatenate([P, P[:1, ::-1]]),
        num_classes=5,
    )
    assert RULE not in names(report)


def test_equal_masks_with_other_predictions_are_no_duplicates():
    masks = repeated(T, [0, 1])
    assert RULE not in names(diagnose(y_true=masks, y_pred=model(masks, 5), num_classes=5))


def test_plain_samples_are_not_recognised():
    plain = np.zeros((4, 48, 64), np.uint8)
    report = diagnose(
        y_true=np.concatenate([T, plain]), y_pred=np.concatenate([P, plain]), num_classes=5
    )
    assert RULE not in names(report)


def test_small_simple_images_behind_the_probe_may_agree_by_chance(monkeypatch):
    monkeypatch.setattr(probing, "MANY", 1)
    rng = np.random.default_rng(0)
    labels = (rng.random((300, 4, 4)) < 0.5).astype(np.uint8)
    predicted = np.where(rng.random(labels.shape) < 0.1, 1 - labels, labels)
    assert RULE not in names(diagnose(y_true=labels, y_pred=predicted, num_classes=2))

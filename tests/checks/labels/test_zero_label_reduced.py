import numpy as np
import pytest
from build import after, diagnose, found, logits, mean_iou, names, noisy, scene

T = scene(1, samples=4, height=24, width=36, classes=4).astype(int)
P = noisy(T, 2, classes=4)
CLEAN = mean_iou(T, P, 4)
REDUCED = np.where(T == 0, 255, T - 1)


@pytest.mark.parametrize(
    "declared", [{}, {"num_classes": 4}, {"num_classes": 4, "ignore_index": 255}]
)
def test_masks_whose_background_became_void(declared):
    report = diagnose(y_true=REDUCED, y_pred=P, **declared)
    finding = found(report, "zero-label-reduced")
    assert finding.facts["array"] == "masks"
    assert finding.facts["void_pixels"] == (T == 0).sum()
    assert report.verdict.primary == "zero-label-reduced"
    assert after(report, "zero-label-reduced") == pytest.approx(CLEAN)
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_reduced_twice():
    # both sides without background, the masks once more: class 1 of old is void with it
    once = np.where(P == 0, 0, P - 1)
    twice = np.where(T <= 1, 255, T - 2)
    report = diagnose(y_true=twice, y_pred=once, num_classes=3, ignore_index=255)
    assert report.verdict.primary == "zero-label-reduced"


def test_two_classes_with_a_declared_void():
    true, pred = T > 1, (P > 1).astype(int)
    report = diagnose(y_true=np.where(true, 0, 255), y_pred=pred, num_classes=2, ignore_index=255)
    assert report.verdict.primary == "zero-label-reduced"
    assert after(report, "zero-label-reduced") == pytest.approx(mean_iou(true, pred, 2))


def test_predictions_of_a_model_that_was_trained_without_background():
    masks = np.where(np.arange(36) < 3, 0, T.clip(1))
    reduced = noisy(masks.clip(1) - 1, 2, classes=3)
    report = diagnose(y_true=masks, y_pred=reduced, num_classes=4)
    clean = mean_iou(masks, reduced + 1, 4)
    assert report.verdict.primary == "zero-label-reduced"
    assert after(report, "zero-label-reduced") == pytest.approx(clean)
    assert found(report, "zero-label-reduced").facts["array"] == "predictions"
    assert "labels-off-by-one" not in names(report)


def test_void_borders_beside_predictions_from_1_are_another_rule():
    masks = np.where(np.arange(36) == 5, 255, T)
    report = diagnose(y_true=masks, y_pred=P + 1, num_classes=4, ignore_index=255)
    assert names(report)[0] == "labels-off-by-one"
    assert "zero-label-reduced" not in names(report)


def test_void_where_background_is_predicted_is_silent_beside_right_classes():
    masks = np.where((T == 0) & (np.arange(36) % 2 == 0), 255, T)
    report = diagnose(y_true=masks, y_pred=P, num_classes=4, ignore_index=255)
    assert "zero-label-reduced" not in names(report)


def test_a_model_that_predicts_background_only_is_silent():
    for options in ({}, {"num_classes": 4}, {"num_classes": 4, "ignore_index": 255}):
        report = diagnose(y_true=REDUCED, y_pred=0 * P, **options)
        assert "zero-label-reduced" not in names(report)


def test_a_channel_less_than_classes_is_a_consequence():
    masks = scene(1, samples=4, height=24, width=36, classes=5).astype(int)
    anywhere = np.random.default_rng(3).integers(0, 4, masks.shape)
    reduced = np.where(masks == 0, anywhere, noisy(masks, 2, classes=5) - 1).clip(0)
    scores = logits(reduced, 2, classes=4).transpose(0, 3, 1, 2)
    metric = 'JaccardIndex(task="multiclass", num_classes=5)'
    report = diagnose(y_true=masks, y_pred=scores, metric=metric)
    assert report.verdict.primary == "zero-label-reduced"
    assert "channel-count-mismatch" in report.consequences
    kept = masks > 0
    expected = mean_iou(masks[kept] - 1, reduced[kept], 4)
    assert report.verdict.mean_iou_after_all == pytest.approx(expected)

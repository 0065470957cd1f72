import numpy as np
import pytest
from build import after, diagnose, found, mean_iou, names, noisy, scene
from field.arrays import draw_masks, predict

T = scene(1, samples=6, height=32, width=48, classes=5)
P = noisy(T, 2, classes=5)


def test_classes_that_the_predictions_merge():
    merged = np.array([0, 0, 1, 1, 1])
    report = diagnose(y_true=T, y_pred=merged[P].astype(np.uint8), num_classes=2)
    finding = found(report, "recoded-class-ids")
    assert "the masks tell more classes apart than the predictions" in finding.message
    assert after(report, "recoded-class-ids") == pytest.approx(mean_iou(merged[T], merged[P], 2))


def test_classes_that_the_masks_merge():
    merged = np.array([0, 1, 1, 2, 2])
    report = diagnose(y_true=merged[T], y_pred=P, num_classes=5)
    finding = found(report, "recoded-class-ids")
    assert "the predictions tell more classes apart than the masks" in finding.message
    assert finding.facts["mapping"] == {"2": 1, "3": 2, "4": 2}
    assert after(report, "recoded-class-ids") == pytest.approx(mean_iou(merged[T], merged[P], 3))


def test_parts_of_the_object_beside_two_classes():
    report = diagnose(y_true=T, y_pred=P > 0, num_classes=2)
    assert found(report, "recoded-class-ids").facts["mapping"] == {"2": 1, "3": 1, "4": 1}
    assert after(report, "recoded-class-ids") == pytest.approx(mean_iou(T > 0, P > 0, 2))


def test_a_model_that_never_predicts_two_classes_is_silent():
    report = diagnose(y_true=T, y_pred=np.array([0, 1, 2, 1, 2])[P], num_classes=5)
    assert "recoded-class-ids" not in names(report)


@pytest.mark.parametrize(("share", "is_part"), [(0.74, False), (0.76, True)])
def test_a_third_label_of_two_classes_is_a_part_if_most_of_it_is_object(share, is_part):
    masks = np.zeros((1, 20, 100), np.uint8)
    masks[0, 5:10], masks[0, 10:12] = 1, 2
    predictions = (masks == 1).astype(np.uint8)
    predictions[0, 10:12, : int(100 * share)] = 1
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=2)
    assert ("recoded-class-ids" in names(report)) == is_part


@pytest.mark.parametrize("side", ["y_true", "y_pred"])
def test_a_cast_to_bool_merges_all_classes_but_one(side):
    truth = draw_masks((4, 48, 64), 5)
    arrays = {"y_true": truth, "y_pred": predict(truth, 5)}
    arrays[side] = arrays[side].astype(bool)
    report = diagnose(**arrays, num_classes=5)
    assert report.verdict.primary == "recoded-class-ids"
    assert "not as bool" in report.primary.help


def test_masks_without_the_classes_that_a_model_confuses_are_not_merged():
    truth = scene(3, samples=6, height=32, width=48, classes=2)
    predicted = truth.copy()
    predicted[:, :8][truth[:, :8] == 1] = 2
    predicted[:, 8:14][truth[:, 8:14] == 1] = 3
    assert "recoded-class-ids" not in names(diagnose(y_true=truth, y_pred=predicted, num_classes=5))

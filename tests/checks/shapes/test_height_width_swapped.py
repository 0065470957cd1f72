import numpy as np
import pytest
from build import after, diagnose, errors, found, logits, mean_iou, names, noisy, scene
from scenes import boxes, model

RULE = "height-width-swapped"

MASKS = [[[0, 1, 1], [0, 0, 1]]]
SWAPPED = [[[0, 0], [1, 0], [1, 1]]]


def test_swapped_sizes_are_reported_with_the_score_after_swapping_back():
    report = diagnose(y_true=MASKS, y_pred=SWAPPED, num_classes=2)
    finding = found(report, "height-width-swapped")
    assert finding.facts == {"masks": [2, 3], "predictions": [3, 2]}
    assert errors(report) == ["height-width-swapped"]
    assert after(report, "height-width-swapped") == 1.0
    assert report.mean_iou is None
    assert report.metric.value == 0.5  # Keras flattens and says nothing


def test_dense_predictions_are_swapped_too():
    dense = logits(scene(1), 2, classes=3).swapaxes(1, 2)
    report = diagnose(y_true=scene(1), y_pred=dense, num_classes=3)
    assert report.verdict.primary == "height-width-swapped"
    assert after(report, "height-width-swapped") == 1.0


def test_equal_sizes_pass():
    assert names(diagnose(y_true=MASKS, y_pred=MASKS, num_classes=2)) == []


T, S = boxes(1), boxes(3, height=48, width=48)
P, Q = model(T, 2), model(S, 4)


def refilled(labels):
    """Return maps whose pixels were written column by column, and read row by row."""
    return labels.swapaxes(1, 2).reshape(labels.shape)


def test_transposed_squares():
    report = diagnose(y_true=S, y_pred=Q.swapaxes(1, 2), num_classes=5)
    assert errors(report) == [RULE]
    assert found(report, RULE).help == "predictions = np.swapaxes(predictions, 1, 2)"
    assert after(report, RULE) == pytest.approx(mean_iou(S, Q, 5))


def test_flipped_or_turned_squares_are_another_rule():
    for turned in (np.rot90(Q, 1, (1, 2)), Q[:, ::-1]):
        assert RULE not in names(diagnose(y_true=S, y_pred=turned, num_classes=5))


@pytest.mark.parametrize("how", ["columns", "rows"])
def test_pixels_filled_in_in_the_wrong_order(how):
    sick = refilled(P) if how == "columns" else P.reshape(8, 64, 48).swapaxes(1, 2)
    report = diagnose(y_true=T, y_pred=sick, num_classes=5)
    assert errors(report) == [RULE]
    assert "predictions" in found(report, RULE).message
    assert after(report, RULE) == pytest.approx(mean_iou(T, P, 5))


def test_masks_filled_in_in_the_wrong_order():
    report = diagnose(y_true=refilled(T), y_pred=P, num_classes=5)
    finding = found(report, RULE)
    assert "once the masks are read column by column" in finding.message
    (step,) = finding.repair.steps
    np.testing.assert_array_equal(step.apply(refilled(T), spatial=2), T)
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(T, P, 5))


def test_flattened_columns():
    report = diagnose(y_true=T, y_pred=P.swapaxes(1, 2).reshape(8, -1), num_classes=5)
    finding = found(report, RULE)
    assert 'order="F"' in finding.help
    assert not finding.repair.estimated
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(T, P, 5))


def test_healthy_and_symmetric_squares_pass():
    symmetric = np.maximum(S, S.swapaxes(1, 2))
    for labels in (S, symmetric):
        predicted = model(labels, 7)
        assert RULE not in names(diagnose(y_true=labels, y_pred=predicted, num_classes=5))
    sides = model(symmetric, 7).swapaxes(1, 2)
    assert RULE not in names(diagnose(y_true=symmetric, y_pred=sides, num_classes=5))


def test_a_reshape_to_the_swapped_size_is_no_swap():
    labels = scene(3, samples=4, height=24, width=36)
    predicted = noisy(labels, 4)
    report = diagnose(y_true=labels, y_pred=predicted.reshape(4, 36, 24), num_classes=3)
    assert errors(report) == []
    assert report.mean_iou == pytest.approx(mean_iou(labels, predicted, 3))


def test_exchanged_ids_are_not_swapped_sizes_though_any_scramble_lifts_them_to_chance():
    cells = np.random.default_rng(9).integers(0, 3, (8, 4, 6))
    masks = cells.repeat(8, 1).repeat(8, 2)
    report = diagnose(y_true=masks, y_pred=np.array([2, 0, 1])[noisy(masks, 3)], num_classes=3)
    assert report.verdict.primary == "permuted-classes"

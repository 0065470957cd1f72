import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, noisy, probabilities, scene
from help_code import run_help

CALL = "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)"
TRUTH = scene(1, samples=3, height=24, width=30)
PREDICTED = noisy(TRUTH, 2)
LAST = probabilities(PREDICTED, 3, classes=3)
FIRST = np.moveaxis(LAST, -1, 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    "scrambled", [FIRST.reshape(LAST.shape), LAST.reshape(FIRST.shape), FIRST.reshape(3, -1, 3)]
)
def test_the_score_is_that_of_the_pixels_put_together_again(scrambled, dtype):
    report = diagnose(y_true=TRUTH, y_pred=scrambled.astype(dtype), metric=CALL)
    assert errors(report) == ["reshaped-not-transposed"]
    assert after(report, "reshaped-not-transposed") == mean_iou(TRUTH, PREDICTED, 3)
    assert report.mean_iou == mean_iou(TRUTH, PREDICTED, 3)
    help_text = found(report, "reshaped-not-transposed").help
    _, restored = run_help(help_text, masks=TRUTH, predictions=scrambled)
    assert restored.size == LAST.size
    assert any(np.array_equal(restored.ravel(), one.ravel()) for one in (LAST, FIRST))


def test_the_metric_reads_the_arrays_as_stored():
    scrambled = FIRST.reshape(LAST.shape)
    report = diagnose(y_true=TRUTH, y_pred=scrambled, metric=CALL)
    stored = mean_iou(TRUTH, scrambled.argmax(-1), 3)
    assert report.metric.value == pytest.approx(stored, abs=1e-6)
    assert report.metric.value < 0.3
    finding = found(report, "reshaped-not-transposed")
    assert finding.facts == {
        "stored": [3, 24, 30, 3],
        "written": [3, 3, 24, 30],
        "pixels": 2160,
        "pixels_that_sum_to_1": 2160,
    }
    assert finding.help == (
        "np.moveaxis(predictions, 1, -1) instead of predictions.reshape(3, 24, 30, 3);"
        " to undo it in saved arrays:"
        " predictions = np.moveaxis(predictions.reshape(3, 3, 24, 30), 1, -1)"
    )


@pytest.mark.parametrize("metric", [CALL, None])  # one that flattens has whole samples anyway
def test_samples_larger_than_a_window_are_not_split(metric):
    truth = scene(1, samples=2, height=400, width=300)
    dense = probabilities(noisy(truth, 2), 3, classes=3)
    scrambled = np.moveaxis(dense, -1, 1).reshape(dense.shape)
    report = diagnose(y_true=truth, y_pred=scrambled, metric=metric)
    assert report.mean_iou == mean_iou(truth, dense.argmax(-1), 3)


def test_one_image():
    report = diagnose(y_true=TRUTH[0], y_pred=FIRST[0].reshape(24, 30, 3), metric=CALL)
    assert errors(report) == ["reshaped-not-transposed"]
    assert report.mean_iou == mean_iou(TRUTH[0], PREDICTED[0], 3)


@pytest.mark.parametrize("healthy", [LAST, LAST**2, np.full_like(LAST, 0.2)])
def test_whole_pixels_are_not_scrambled(healthy):
    # squares do not sum to 1, neither as they are nor reshaped
    report = diagnose(y_true=TRUTH, y_pred=healthy, metric=CALL)
    assert "reshaped-not-transposed" not in names(report)


def test_the_help_restores_one_image_without_a_sample_axis():
    truth = scene(1, samples=1, height=24, width=30)[0]
    dense = probabilities(truth, 3, classes=3)
    scrambled = np.moveaxis(dense, -1, 0).reshape(dense.shape)
    help_text = found(diagnose(y_true=truth, y_pred=scrambled), "reshaped-not-transposed").help
    _, restored = run_help(help_text, masks=truth, predictions=scrambled)
    assert np.array_equal(restored, dense)

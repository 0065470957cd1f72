import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names, noisy, one_hot, scene
from field.arrays import draw_masks
from scipy.ndimage import gaussian_filter

RULE = "images-as-predictions"
TRUTH = draw_masks((3, 64, 72), 3, smoothness=8.0)


def photograph(truth, seed=0):
    """Return a picture of textured objects in front of a background, uint8."""
    random = np.random.default_rng(seed)
    shade = np.array([60, 120, 190])[truth % 3][..., None]
    texture = gaussian_filter(random.normal(size=truth.shape), (0, 2, 2))[..., None] * 250
    grain = random.normal(size=(*truth.shape, 3)) * 8
    return np.clip(shade + texture + grain, 0, 255).astype(np.uint8)


PICTURES = photograph(TRUTH)
ALPHA = np.full((*TRUTH.shape, 1), 255, np.uint8)


@pytest.mark.parametrize(
    "pictures",
    [
        PICTURES,
        np.concatenate([PICTURES, ALPHA], axis=-1),
        np.moveaxis(PICTURES, -1, 1),
        (PICTURES / 255).astype(np.float32),
        PICTURES.astype(np.float32),
        PICTURES[:1],
    ],
    ids=["bytes", "alpha", "channels first", "divided by 255", "floats", "one"],
)
@pytest.mark.parametrize("num_classes", [None, 3, 12])
def test_photographs_in_place_of_predictions(pictures, num_classes):
    report = diagnose(y_true=TRUTH[: len(pictures)], y_pred=pictures, num_classes=num_classes)
    assert report.verdict.primary == RULE
    assert "after the repair" not in report.verdict.summary
    assert found(report, RULE).facts["side"] == "predictions"
    assert found(report, RULE).repair is None
    assert set(errors(report)) - {RULE} <= report.consequences


def test_photographs_in_place_of_masks():
    report = diagnose(y_true=PICTURES, y_pred=TRUTH, num_classes=3)
    assert report.verdict.primary == RULE
    assert found(report, RULE).facts["side"] == "masks"


@pytest.mark.parametrize("classes", [3, 4])
def test_class_scores_as_bytes_are_no_photographs(classes):
    truth = scene(1, samples=3, height=40, width=48, classes=classes)
    predicted = noisy(truth, 2, classes=classes)
    random = np.random.default_rng(0)
    scores = random.integers(0, 90, (*truth.shape, classes))
    scores = (scores + 120 * one_hot(predicted, classes, int)).astype(np.uint8)
    report = diagnose(y_true=truth, y_pred=scores, num_classes=classes)
    assert RULE not in names(report)
    assert report.mean_iou == pytest.approx(mean_iou(truth, predicted, classes))


@pytest.mark.parametrize("total", [255, 100])
def test_probabilities_as_bytes_are_no_photographs(total):
    shares = np.random.default_rng(0).dirichlet(np.ones(3), TRUTH.shape)
    scores = np.rint(shares * total).astype(np.uint8)
    assert RULE not in names(diagnose(y_true=TRUTH, y_pred=scores, num_classes=3))


def test_colours_of_classes_are_no_photographs():
    palette = np.array([(0, 0, 0), (200, 30, 30), (30, 220, 220)], np.uint8)
    assert RULE not in names(diagnose(y_true=TRUTH, y_pred=palette[TRUTH]))

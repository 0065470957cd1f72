import numpy as np
from build import diagnose, names
from scipy.ndimage import gaussian_filter


def draw_depth(seed, smoothness):
    random = np.random.default_rng(seed)
    drawn = gaussian_filter(random.normal(size=(3, 96, 112)), (0, smoothness, smoothness))
    return drawn / drawn.std()


def test_bins_of_depth_beside_coarse_predictions_are_not_interpolated():
    depth, error = draw_depth(0, 6), draw_depth(1, 4)
    found = depth + error / 5
    truth, predicted = (
        np.clip((values + 2.3) * 21, 0, 99).astype(np.uint8) for values in (depth, found)
    )
    coarse = np.kron(predicted[:, 2::4, 2::4], np.ones((4, 4), np.uint8))
    assert "interpolated-masks" not in names(diagnose(y_true=truth, y_pred=coarse))


def test_neighbouring_bins_of_age_are_not_permuted():
    random = np.random.default_rng(3)
    truth = np.zeros((8, 64, 64), np.uint8)
    predicted = truth.copy()
    for image in range(48):
        top, left = random.integers(4, 50, 2)
        size, age = random.integers(6, 14), random.integers(0, 10)
        place = image // 6, slice(top, top + size), slice(left, left + size)
        truth[place] = age
        predicted[place] = np.clip(age + random.integers(-1, 2), 0, 9)
    assert "permuted-classes" not in names(diagnose(y_true=truth, y_pred=predicted))

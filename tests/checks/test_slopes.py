"""Labels of one side only that a resize has written between two others."""

from types import SimpleNamespace

import numpy as np
import pytest
from build import diagnose, found, names, noisy

from iou_doctor.checks.slopes import find_slopes
from iou_doctor.report.finding import Severity

IDS = np.array([0, 4, 8, 12, 16])
DOWN, RIGHT = np.mgrid[:64, :80]


def terrain(seed):
    """Return 3 maps of crooked cells with these ids."""
    rng = np.random.default_rng(seed)
    maps = []
    for _ in range(3):
        points = rng.uniform(0, 1, (14, 2)) * (64, 80)
        distance = (DOWN[..., None] - points[:, 0]) ** 2 + (RIGHT[..., None] - points[:, 1]) ** 2
        maps.append(IDS[rng.integers(0, 5, 14)][distance.argmin(-1)])
    return np.stack(maps)


def doubled(labels):
    """Return maps of half the size brought back by a linear resize, rounded."""
    for axis in (1, 2):
        half = labels.take(range(0, labels.shape[axis], 2), axis).astype(float)
        before, after = np.roll(half, 1, axis), np.roll(half, -1, axis)
        both = np.stack([0.75 * half + 0.25 * before, 0.75 * half + 0.25 * after], axis + 1)
        labels = both.reshape(labels.shape)
    return np.rint(labels).astype(np.uint8)


T = terrain(1)
P = np.where(np.random.default_rng(2).random(T.shape) < 0.1, IDS[2], T)


@pytest.mark.parametrize("side", ["masks", "predictions"])
def test_many_ids_between_others_on_one_side_only(side):
    true, pred = (doubled(T), P) if side == "masks" else (T, doubled(np.roll(T, 2, axis=2)))
    report = diagnose(y_true=true, y_pred=pred, num_classes=17)
    finding = found(report, f"interpolated-{side}")
    assert finding.severity is Severity.WARNING
    assert set(finding.facts["labels"]) == set(range(1, 16)) - set(IDS.tolist())
    assert report.verdict.primary == f"interpolated-{side}"


def silent(y_true, y_pred, **options):
    report = diagnose(y_true=y_true, y_pred=y_pred, **options)
    return {"interpolated-masks", "interpolated-predictions"}.isdisjoint(names(report))


@pytest.mark.parametrize("share", [0.02, 0.2, 0.6])
def test_stray_predictions_of_absent_classes_pass(share):
    assert silent(T, noisy(T, 3, share=share, classes=17), num_classes=17)


def test_strays_at_borders_pass():
    border = (np.diff(T, axis=1, prepend=0) != 0) | (np.diff(T, axis=2, prepend=0) != 0)
    strays = np.where(border, np.random.default_rng(4).integers(0, 17, T.shape), T)
    assert silent(T, strays, num_classes=17)
    assert silent(strays, T, num_classes=17)


def test_thin_classes_in_order_that_a_model_never_predicts_pass():
    depth = np.searchsorted([20, 21, 23, 24, 26, 45, 46, 48, 49], DOWN, side="right")
    labels = np.stack([np.roll(depth, by, 0) for by in range(3)])
    coarse = np.array([0, 0, 0, 5, 5, 5, 9, 9, 9, 9])[labels]
    assert silent(labels, coarse, num_classes=10)
    assert silent(coarse, labels, num_classes=10)


def found_in(*columns, both=(0, 16, 40)):
    """Return what is found of labels in this row, repeated; `both` are on both sides."""
    row = [label for column in columns for label in ([column] * 5 if column in both else [column])]
    evidence = SimpleNamespace(interpretation=SimpleNamespace(num_classes=41))
    image = np.array([row] * 20, dtype=np.int32)
    return find_slopes(evidence, [image], counts=set(row), others=both, neutral={255})


def test_each_pixel_must_lie_between_two_classes_on_a_steep_slope():
    assert found_in(0, 4, 12, 16, 24, 32, 40).labels == (4, 12, 24, 32)
    assert found_in(0, 4, 12, 16, 24, 32, 40).between == 4 * 18
    assert found_in(0, 4, 8, 12, 16, 24, 28, 32, 36, 40) is None  # too far from the ends
    assert found_in(0, 12, 4, 16, 32, 24, 40) is None  # up, down and up
    assert found_in(0, 4, 16, 20, 40) is None  # two labels only
    assert found_in(0, 4, 255, 12, 16, 255, 24, 255, 32, 40) is None  # beside void
    assert found_in(0, 4, 4, 4, 12, 12, 12, 16, 24, 24, 24, 40) is None  # with bodies


def test_classes_in_order_are_not_steep():
    assert found_in(0, 1, 2, 3, 4, 5, 6, both=(0, 3, 6)) is None
    assert found_in(0, 2, 4, 6, 8, 10, 12, both=(0, 6, 12)).labels == (2, 4, 8, 10)

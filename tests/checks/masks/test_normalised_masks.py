from types import SimpleNamespace

import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, noisy, scene
from help_code import run_help

from iou_doctor.checks.masks import _levels

RULE = "normalised-masks"
TRUTH = scene(1, samples=3, height=32, width=40, classes=4)
PREDICTED = noisy(TRUTH, 2, classes=4)
RIGHT = mean_iou(TRUTH, PREDICTED, 4)


@pytest.mark.parametrize(
    ("low", "distance"), [(-0.5, 2.5), (0.0, 1 / 3), (-1.0, 2 / 3), (-2.1179, 4.3668), (0.25, 0.5)]
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_an_affine_image_of_the_ids_is_mapped_back(low, distance, dtype):
    masks = (low + distance * TRUTH).astype(dtype)
    report = diagnose(y_true=masks, y_pred=PREDICTED, num_classes=4)
    finding = found(report, RULE)
    assert finding.facts["ids"] == [0, 1, 2, 3]
    assert after(report, RULE) == pytest.approx(RIGHT)
    assert report.verdict.primary == RULE
    mapped, _ = run_help(finding.help, masks=masks, predictions=PREDICTED)
    np.testing.assert_array_equal(mapped, TRUTH)
    np.testing.assert_array_equal(finding.repair.steps[0].apply(masks, spatial=2), TRUTH)


@pytest.mark.parametrize("present", [[0, 2, 3], [1, 2, 3], [1, 3], [0, 3]])
def test_missing_classes_leave_gaps(present):
    truth = np.array(present)[scene(1, samples=3, classes=len(present))]
    predicted = np.where(noisy(truth, 2, classes=4) > 3, 0, truth)
    report = diagnose(y_true=truth / 3 - 0.2, y_pred=predicted, num_classes=4)
    ids = found(report, RULE).facts["ids"]
    steps = np.diff(ids)
    assert (steps * np.diff(present)[0] == np.diff(present) * steps[0]).all()
    if present != [1, 3]:
        assert ids == present


def test_each_mask_was_normalised_on_its_own():
    spread = TRUTH.astype(float)
    masks = np.stack([(mask - mask.mean()) / mask.std() for mask in spread])
    report = diagnose(y_true=masks.astype(np.float32), y_pred=PREDICTED, num_classes=4)
    assert "others in every mask" in found(report, RULE).message
    assert report.verdict.mean_iou_after_all == pytest.approx(RIGHT)


@pytest.mark.parametrize("pair", [(-1, 1), (-128, 127)])
def test_two_whole_numbers_of_which_one_is_negative(pair):
    truth, predicted = TRUTH > 0, PREDICTED > 0
    masks = np.where(truth, pair[1], pair[0]).astype(np.int16)
    report = diagnose(y_true=masks, y_pred=predicted.astype(np.uint8))
    assert report.verdict.primary == RULE
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(truth, predicted, 2))
    assert "undeclared-void-label" not in {f.rule.name for f in report.findings} - set(
        report.consequences
    )


def test_void_of_minus_1_beside_one_class_is_no_normalisation():
    masks = np.where(TRUTH == 0, -1, 1)
    report = diagnose(y_true=masks, y_pred=np.ones_like(masks))
    assert RULE not in names(report)


@pytest.mark.parametrize(
    "masks",
    [TRUTH.astype(np.float32), TRUTH / 255, np.where(TRUTH == 1, 0.3, TRUTH), TRUTH**1.5 + 0.1],
    ids=["ids", "divided by 255", "one odd value", "other distances"],
)
def test_other_numbers_are_no_affine_image(masks):
    assert RULE not in names(diagnose(y_true=masks, y_pred=PREDICTED, num_classes=4))


def test_more_numbers_than_classes_come_from_a_resize():
    masks = (TRUTH[:, ::2] + TRUTH[:, 1::2]) / 2
    report = diagnose(y_true=masks, y_pred=PREDICTED[:, ::2], num_classes=4)
    assert RULE not in names(report)
    assert "interpolated-masks" in errors(report)


@pytest.mark.parametrize("values", [[0, 1, 1e30], [-3e231, 0, 1], [0, 5e-324, 1], [0, 1, 1e308]])
def test_distances_beyond_all_integers_are_no_affine_image(values):
    pairs = SimpleNamespace(count_truths=lambda: dict.fromkeys(range(3), 1))
    with np.errstate(over="ignore"):  # as in a check
        assert _levels._fit(pairs, lambda _: np.array(values, np.float64), 6) is None


@pytest.mark.parametrize("classes", [2, 4])
def test_fractions_beside_ids_are_rounded(classes):
    truth, predicted = TRUTH.clip(max=classes - 1), PREDICTED.clip(max=classes - 1)
    masks = truth.astype(np.float32)
    masks[:, ::2] *= 0.99999
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=classes)
    finding = found(report, RULE)
    assert "fractions beside a class id" in finding.message
    assert after(report, RULE) == pytest.approx(mean_iou(truth, predicted, classes))
    mapped, _ = run_help(finding.help, masks=masks, predictions=predicted)
    np.testing.assert_array_equal(mapped, truth)

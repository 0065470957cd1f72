import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, noisy, scene
from help_code import run_help
from scipy.ndimage import rotate

from iou_doctor.report.finding import Severity


def ringing(labels, seed, reach=8):
    """Return labels with small errors beside each vertical edge, as JPEG makes them."""
    rng = np.random.default_rng(seed)
    wide = labels.astype(int)
    near = sum(np.roll(wide, by, axis=2) != wide for by in (-3, -2, -1, 1, 2, 3)) > 0
    wide[near] += rng.integers(-reach, reach + 1, int(near.sum()))
    return wide.clip(0, 255).astype(np.uint8)


B = scene(1, samples=3, height=48, width=60, classes=2)
BP = noisy(B, 2, classes=2)
T = scene(1, samples=3, height=96, width=120)
P = noisy(T, 2)


def test_ringing_about_0_and_255_is_snapped_and_mapped():
    masks = ringing(B * np.uint8(255), 1)
    report = diagnose(y_true=masks, y_pred=BP, num_classes=2)
    assert errors(report) == ["jpeg-masks"]
    finding = found(report, "jpeg-masks")
    assert finding.facts["modes"] == [0, 255]
    assert finding.facts["other_pixels"] == np.isin(masks, (0, 255), invert=True).sum()
    assert not finding.repair.safe
    assert {"undeclared-void-label", "label-out-of-range"}.isdisjoint(names(report))
    assert after(report, "jpeg-masks") == pytest.approx(mean_iou(B, BP, 2))


def test_without_a_declared_number_of_classes():
    report = diagnose(y_true=ringing(B * np.uint8(255), 1), y_pred=BP)
    assert after(report, "jpeg-masks") == pytest.approx(mean_iou(B, BP, 2))


def test_three_stretched_levels_are_mapped_to_ids():
    report = diagnose(y_true=ringing(T * np.uint8(127), 1), y_pred=P, num_classes=3)
    assert found(report, "jpeg-masks").facts["modes"] == [0, 127, 254]
    assert errors(report) == ["jpeg-masks"]
    assert after(report, "jpeg-masks") == pytest.approx(mean_iou(T, P, 3))


def test_frequent_values_that_are_classes_are_a_warning():
    masks = ringing(B * np.uint8(99), 1)
    report = diagnose(y_true=masks, y_pred=B * np.uint8(99), num_classes=150)
    assert found(report, "jpeg-masks").severity is Severity.WARNING
    assert after(report, "jpeg-masks") == 1.0


def silent(y_true, y_pred, **options):
    return "jpeg-masks" not in names(diagnose(y_true=y_true, y_pred=y_pred, **options))


def test_many_classes_with_heavy_imbalance_pass():
    rng = np.random.default_rng(0)
    labels = rng.choice(150, (3, 64, 64), p=[0.7, *[0.1 / 148] * 59, 0.2, *[0.1 / 148] * 89])
    assert silent(labels, noisy(labels, 1, share=0.6, classes=150), num_classes=150)


def test_antialiased_and_plain_masks_pass():
    smooth = np.linspace(0, 255, 60).astype(np.uint8) * np.ones((3, 48, 1), dtype=np.uint8)
    smooth[:, :, :20], smooth[:, :, 40:] = 0, 255
    assert silent(smooth, BP, num_classes=2)
    assert silent(B * np.uint8(255), BP, num_classes=2)
    assert silent(T, P, num_classes=3)


def thin_lines(levels):
    """Return lines of each level on 0, whose values scatter so that none of them dominates."""
    rng = np.random.default_rng(3)
    masks = np.zeros((2, 64, 80), dtype=int)
    labels = np.zeros_like(masks)
    for label, level in enumerate(levels, 1):
        lines = np.s_[:, 9 * label : 60 : 9 * len(levels) + 9]
        labels[lines] = label
        masks[lines] = level + np.rint(rng.normal(0, 2.5, masks[lines].shape))
    near = (labels == 0) & ((np.roll(labels, 1, 1) > 0) | (np.roll(labels, -1, 1) > 0))
    masks[near] = np.abs(np.rint(rng.normal(0, 3, int(near.sum()))))
    return masks.clip(0, 255).astype(np.uint8), labels


@pytest.mark.parametrize(("levels", "ids"), [([255], [0, 255]), ([127, 255], [0, 127, 255])])
def test_expected_levels_need_not_dominate(levels, ids):
    masks, labels = thin_lines(levels)
    predicted = noisy(labels, 1, classes=len(ids))
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=len(ids))
    assert found(report, "jpeg-masks").facts["modes"] == ids
    assert report.verdict.primary == "jpeg-masks"
    assert after(report, "jpeg-masks") == pytest.approx(mean_iou(labels, predicted, len(ids)))


def test_other_levels_must_dominate():
    masks, labels = thin_lines([99])
    assert silent(masks, noisy(labels, 1, classes=2), num_classes=2)
    assert silent(masks, np.zeros_like(labels), num_classes=256)


def test_the_code_of_the_help_maps_values_to_ids():
    masks = ringing(B * np.uint8(255), 1)
    report = diagnose(y_true=masks, y_pred=BP, num_classes=2)
    repaired, _ = run_help(found(report, "jpeg-masks").help, masks=masks, predictions=BP)
    assert np.array_equal(repaired, masks > 127)


def test_the_code_of_the_help_keeps_the_ignore_label():
    masks = ringing(T * np.uint8(127), 1)
    masks[:, :, ::11] = 99
    report = diagnose(y_true=masks, y_pred=P, num_classes=3, ignore_index=99)
    repaired, _ = run_help(found(report, "jpeg-masks").help, masks=masks, predictions=P)
    nearest = np.rint(masks / 127)
    assert np.array_equal(repaired, np.where(masks == 99, 99, nearest))


def test_the_code_of_the_help_snaps_to_levels_that_are_ids():
    masks = ringing(B * np.uint8(99), 1)
    report = diagnose(y_true=masks, y_pred=B * np.uint8(99), num_classes=150)
    repaired, _ = run_help(found(report, "jpeg-masks").help, masks=masks, predictions=BP)
    assert np.array_equal(repaired, B * np.uint8(99))


def test_turned_masks_with_values_cut_off_to_254_pass():
    labels = np.zeros((4, 64, 64))
    for sample in range(4):
        labels[sample, 16 + sample : 40, 18 : 50 - 2 * sample] = 255
    turned = rotate(labels, 12, axes=(1, 2), reshape=False, order=1).astype(np.uint8)
    assert 254 in turned
    predicted = np.roll(turned > 127, 1, axis=1).astype(np.uint8)
    assert silent(turned, predicted, num_classes=2)

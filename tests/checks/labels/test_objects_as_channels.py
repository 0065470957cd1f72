import numpy as np
import pytest
from build import after, diagnose, found, mean_iou, names, noisy, one_hot, roots, scene
from help_code import run_help
from scipy.ndimage import gaussian_filter

RULE = "objects-as-channels"
SAMPLES = scene(1, samples=3, height=48, width=56, classes=6)
STACKS = one_hot(SAMPLES, 6)[..., 1:].astype(bool)
"""Five objects on a background without a channel, (3, 48, 56, 5)."""
WHOLE = SAMPLES > 0
MASKS = noisy(WHOLE, 2, share=0.1, classes=2).astype(np.uint8)
RIGHT = mean_iou(WHOLE, MASKS, 2)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
@pytest.mark.parametrize("axis", [1, 3])
@pytest.mark.parametrize("options", [{}, {"num_classes": 2}])
def test_predicted_objects_are_joined(dtype, axis, options):
    stack = np.moveaxis(STACKS.astype(dtype), -1, axis)
    report = diagnose(y_true=MASKS, y_pred=stack, **options)
    assert report.verdict.primary == RULE
    assert [finding.rule.name for finding in roots(report)] == [RULE]
    assert found(report, RULE).facts["joined"] == 5
    assert report.verdict.mean_iou_after_all == pytest.approx(RIGHT)
    _, joined = run_help(found(report, RULE).help, masks=MASKS, predictions=stack)
    np.testing.assert_array_equal(joined, WHOLE)
    assert report.block.arrays[-1].endswith('(predictions[..., :5] != 0).any(-1).astype("uint8")')


@pytest.mark.parametrize("scale", [1, 255])
def test_objects_in_the_masks_are_joined(scale):
    stack = np.moveaxis(STACKS[0], -1, 0).astype(np.uint8) * scale
    report = diagnose(y_true=stack, y_pred=MASKS[0])
    assert report.verdict.primary == RULE
    assert after(report, RULE) == pytest.approx(mean_iou(WHOLE[0], MASKS[0], 2))


@pytest.mark.parametrize("options", [{}, {"num_classes": 2}])
def test_the_single_mask_may_hold_255(options):
    report = diagnose(y_true=255 * MASKS, y_pred=STACKS, **options)
    assert report.verdict.primary == RULE
    assert report.verdict.mean_iou_after_all == pytest.approx(RIGHT)
    masks, joined = run_help(found(report, RULE).help, masks=255 * MASKS, predictions=STACKS)
    assert mean_iou(joined, masks, 2) == pytest.approx(RIGHT)


def test_candidates_of_growing_size():
    large = np.ones_like(WHOLE)
    large[:, :4] = False
    middle = WHOLE & large
    report = diagnose(y_true=MASKS, y_pred=np.stack([middle & (SAMPLES < 4), middle, large], 1))
    finding = found(report, RULE)
    assert finding.facts["joined"] == 2
    assert "keep the candidate" in finding.help
    assert after(report, RULE) == pytest.approx(mean_iou(middle, MASKS, 2))


def test_void_beside_the_classes_stays_void():
    void = np.zeros_like(WHOLE)
    void[:, 20:24] = True
    report = diagnose(y_true=np.where(void, 255, MASKS), y_pred=STACKS)
    left = [np.where(void, -1, values) for values in (WHOLE, MASKS)]
    assert after(report, RULE) == pytest.approx(mean_iou(*left, 2))


@pytest.mark.parametrize(
    ("masks", "predictions"),
    [
        (SAMPLES, STACKS),  # the masks know the classes
        (MASKS, one_hot(noisy(MASKS, 3, classes=2), 2)),  # every pixel has a channel
        (MASKS, scene(9, samples=3, height=48, width=56, classes=6)),  # labels
        (MASKS, STACKS[:, ::-1]),  # their union fits no better
        (MASKS * 0, STACKS),
    ],
)
def test_other_arrays_hold_no_stack_of_objects(masks, predictions):
    assert RULE not in names(diagnose(y_true=masks, y_pred=predictions))


def test_pixels_without_a_class_beside_two_classes_are_void():
    channels = one_hot(noisy(MASKS, 3, classes=2), 2)
    channels[:, 10:14] = 0
    assert RULE not in names(diagnose(y_true=MASKS, y_pred=channels))


def test_masks_of_more_declared_classes_are_no_single_mask():
    assert RULE not in names(diagnose(y_true=MASKS, y_pred=STACKS, num_classes=6))


HEIGHT = 20 * (gaussian_filter(WHOLE.astype(np.float32), (0, 2, 2)) - 0.5)
CANDIDATES = np.stack([HEIGHT - 3, HEIGHT, HEIGHT + 3], 1)
"""Logits of a part, of the object and of its surroundings, (3, 3, 48, 56)."""


def squash(logits):
    return 1 / (1 + np.exp(-logits))


@pytest.mark.parametrize("options", [{}, {"num_classes": 2}])
@pytest.mark.parametrize(
    "scores",
    [
        CANDIDATES,
        CANDIDATES[:, ::-1],
        squash(CANDIDATES),
        squash(CANDIDATES[:, ::-1]),
        np.moveaxis(CANDIDATES, 1, -1),
        8 * STACKS - 4.5,
    ],
)
def test_scores_of_candidates_and_objects_are_no_classes(scores, options):
    report = diagnose(y_true=MASKS, y_pred=scores.astype(np.float32), **options)
    assert [finding.rule.name for finding in roots(report)] == [RULE]
    assert found(report, RULE).repair is None
    assert "SAM" in found(report, RULE).help
    assert report.verdict.mean_iou_after_all in (None, report.mean_iou)


CLASSES = 6 * one_hot(noisy(MASKS, 3, classes=2), 3) - 2.5 + np.arange(3)


@pytest.mark.parametrize(
    ("masks", "scores"),
    [
        (MASKS, CLASSES),
        (MASKS, CLASSES[..., [0, 2, 1]]),  # another order of classes
        (MASKS, CLASSES[1:].repeat(2, 0)[:3]),  # other samples
        (MASKS * 0, CLASSES),
        (SAMPLES, CANDIDATES),
    ],
)
def test_scores_of_classes_are_no_objects(masks, scores):
    assert RULE not in names(diagnose(y_true=masks, y_pred=scores.astype(np.float32)))

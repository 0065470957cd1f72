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


RANDOM = np.random.default_rng(6)
NOISE = RANDOM.normal(size=STACKS.shape)
FLAT = SAMPLES == 0


def squash(logits):
    return 1 / (1 + np.exp(-logits))


@pytest.mark.parametrize("options", [{}, {"num_classes": 2}])
@pytest.mark.parametrize(
    ("scores", "wanted"),
    [
        (CANDIDATES, HEIGHT > 0),
        (CANDIDATES[:, ::-1], HEIGHT > 0),
        (squash(CANDIDATES), HEIGHT > 0),
        (squash(CANDIDATES[:, ::-1]), HEIGHT > 0),
        (np.moveaxis(CANDIDATES, 1, -1), HEIGHT > 0),
        (8 * STACKS - 4.5, WHOLE),
        (8 * STACKS - 4.5 + NOISE, (8 * STACKS - 4.5 + NOISE > 0).any(-1)),
        (squash(8 * STACKS - 4.5 + NOISE), (8 * STACKS - 4.5 + NOISE > 0).any(-1)),
    ],
)
def test_scores_of_candidates_and_objects_are_no_classes(scores, wanted, options):
    scores = scores.astype(np.float32)
    report = diagnose(y_true=MASKS, y_pred=scores, **options)
    assert [finding.rule.name for finding in roots(report)] == [RULE]
    assert "SAM" in found(report, RULE).help
    right = mean_iou(wanted, MASKS, 2)
    assert report.verdict.mean_iou_after_all == pytest.approx(right)
    _, joined = run_help(found(report, RULE).help, masks=MASKS, predictions=scores)
    assert mean_iou(joined, MASKS, 2) == pytest.approx(right)


def test_many_channels_are_no_candidates():
    many = np.concatenate([8 * STACKS - 4.5, np.full((*MASKS.shape, 4), -4.5)], -1)
    report = diagnose(y_true=255 * MASKS, y_pred=many)
    assert "SAM" not in found(report, RULE).help
    assert after(report, RULE) == pytest.approx(RIGHT)


CLASSES = 6 * one_hot(noisy(MASKS, 3, classes=2), 3) - 2.5 + np.arange(3)


@pytest.mark.parametrize(
    ("masks", "scores"),
    [
        (MASKS, CLASSES),
        (MASKS, CLASSES[..., [0, 2, 1]]),  # another order of classes
        (MASKS, CLASSES[1:].repeat(2, 0)[:3]),  # other samples
        (MASKS * 0, CLASSES),
        (1 - MASKS, 8 * STACKS - 4.5),  # background is in the channels
    ],
)
def test_scores_of_classes_are_no_objects(masks, scores):
    assert RULE not in names(diagnose(y_true=masks, y_pred=scores.astype(np.float32)))


TRUE = noisy(SAMPLES, 5, share=0.2, classes=6)
"""Labels 0 to 5 that fit `STACKS`, of which each channel is one of the labels 1 to 5."""
KINDS = {
    "bool": STACKS,
    "noisy logits": (8 * STACKS - 4.5 + NOISE).astype(np.float32),
    "sigmoid": squash(8 * STACKS - 4.5 + NOISE).astype(np.float32),
    "bytes": np.round(255 * squash(8 * STACKS - 4.5)).astype(np.uint8),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [3, 0, 1, 4, 2]])
@pytest.mark.parametrize("options", [{}, {"num_classes": 6}])
def test_channels_of_labels_without_one_for_background(kind, order, options):
    channels = KINDS[kind][..., order]
    report = diagnose(y_true=TRUE, y_pred=channels, **options)
    assert [finding.rule.name for finding in roots(report)] == [RULE]
    _, named = run_help(found(report, RULE).help, masks=TRUE, predictions=channels)
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(named, TRUE, 6))
    assert mean_iou(named, TRUE, 6) > 0.5


@pytest.mark.parametrize("options", [{}, {"num_classes": 6}])
def test_masks_without_a_channel_for_background(options):
    report = diagnose(y_true=np.moveaxis(STACKS, -1, 1), y_pred=TRUE, **options)
    assert [finding.rule.name for finding in roots(report)] == [RULE]
    masks, _ = run_help(
        found(report, RULE).help, masks=np.moveaxis(STACKS, -1, 1), predictions=TRUE
    )
    np.testing.assert_array_equal(masks, SAMPLES)
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(SAMPLES, TRUE, 6))


def test_objects_that_are_another_class_in_each_image():
    classes = np.array([[0, 1, 2, 1, 2, 2], [0, 2, 1, 2, 1, 1], [0, 1, 1, 2, 1, 2]])
    masks = np.stack([own[image] for own, image in zip(classes, TRUE, strict=True)])
    logits = KINDS["noisy logits"]
    report = diagnose(y_true=masks, y_pred=logits)
    assert [finding.rule.name for finding in roots(report)] == [RULE]
    finding = found(report, RULE)
    true, joined = run_help(finding.help, masks=masks, predictions=logits)
    assert finding.facts["mean_iou_after"] == pytest.approx(mean_iou(joined, true, 2))
    assert finding.repair is None  # the score of the foreground is not that of the classes


@pytest.mark.parametrize(("share", "expected"), [(0.4, True), (0.6, False)])
def test_most_of_the_background_lies_in_no_channel(share, expected):
    """Otherwise it may be void, that the channels divide among themselves."""
    filled = KINDS["noisy logits"].copy()
    filled[..., 0] = np.where(FLAT & (RANDOM.random(WHOLE.shape) < share), 2, filled[..., 0])
    assert (RULE in names(diagnose(y_true=TRUE, y_pred=filled))) == expected


@pytest.mark.parametrize(("share", "expected"), [(0.02, True), (0.2, False)])
def test_nothing_but_background_lies_in_no_channel(share, expected):
    some = np.where(RANDOM.random(STACKS.shape) < share / 5, 2, -5).astype(np.float32)
    report = diagnose(y_true=MASKS * 0, y_pred=some)
    assert (RULE in names(report)) == expected


def test_whole_numbers_are_no_scores():
    """Panoptic maps hold a class and the number of an object."""
    panoptic = np.stack([SAMPLES, SAMPLES * (SAMPLES > 2)], -1).astype(np.int32)
    report = diagnose(y_true=TRUE, y_pred=panoptic)
    assert RULE not in names(report)
    assert "np.take(predictions, 0, axis=3)" in found(report, "unargmaxed-logits").help


def test_the_help_is_whole_for_a_metric_that_takes_one_hot_masks():
    call = "monai.metrics.DiceMetric()"
    report = diagnose(y_true=TRUE, y_pred=KINDS["sigmoid"], metric=call)
    assert found(report, RULE).help.count(" = ") == 1


@pytest.mark.parametrize("bias", [0, -4])
def test_logits_of_all_classes_may_be_negative_for_background(bias):
    """An argmax of them is right: the channels have the numbers of the labels."""
    scores = 8 * one_hot(noisy(TRUE, 7, share=0.4, classes=6), 6) - 4.5
    scores[..., 0] += bias
    report = diagnose(y_true=TRUE, y_pred=scores.astype(np.float32))
    assert RULE not in names(report)


@pytest.mark.parametrize("channels", [40, 120])
@pytest.mark.parametrize("write", [np.asarray, squash])
def test_most_of_many_channels_may_hold_no_object(channels, write):
    empty = RANDOM.normal(-5, 1, (*MASKS.shape, channels - 5))
    logits = np.concatenate([8 * STACKS - 4.5 + NOISE / 2, empty], -1)
    report = diagnose(y_true=MASKS, y_pred=write(logits).astype(np.float32))
    assert [finding.rule.name for finding in roots(report)] == [RULE]
    assert after(report, RULE) == pytest.approx(mean_iou((logits > 0).any(-1), MASKS, 2))


def test_huge_labels_beside_channels_without_background_are_no_classes():
    labels = np.zeros((1, 3, 4), dtype=np.int64)
    labels[0, 0] = 3, 1, 2**40, 2
    logits = np.random.default_rng(1).normal(-1, 1, (1, 3, 4, 3)).astype(np.float32)
    logits[0, 0] += 1.5
    assert RULE not in names(diagnose(y_true=labels, y_pred=logits, num_classes=3))

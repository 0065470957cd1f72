import numpy as np
import pytest
from build import diagnose, errors, found, roots
from help_code import run_help
from scipy.ndimage import gaussian_filter

RULE = "objects-as-channels"
LEVELS = (0.4, 1.0, 1.4)
REGIONS = ((1, 2, 4), (1, 4), (4,))
"""The labels of the whole tumour, its core, and what enhances."""


def draw(*shape, noise=0.15, seed=0):
    """Return labels 0, 1, 2 and 4 of tumours, and logits of three regions, shape (n, 3, ...)."""
    random = np.random.default_rng(seed)
    blur = [4.0] * (len(shape) - 1)
    height = gaussian_filter(random.normal(size=shape), (0, *blur))
    wrong = gaussian_filter(random.normal(size=(3, *shape)), (0, 0, *[2.0] * len(blur)))
    height, wrong = height / height.std(), wrong / wrong.std()
    labels = np.array([0, 2, 1, 4], np.uint8)[np.digitize(height, LEVELS)]
    logits = [6 * (height + noise * own - level) for own, level in zip(wrong, LEVELS, strict=True)]
    return labels, np.stack(logits, axis=1).astype(np.float32)


def squash(logits):
    return 1 / (1 + np.exp(-logits))


def score(labels, logits, regions=REGIONS, axis=1):
    """Return the mean IoU of the regions."""
    ious = []
    for channel, region in zip(np.moveaxis(logits, axis, 0) > 0, regions, strict=True):
        inside = np.isin(labels, region)
        ious.append((inside & channel).sum() / (inside | channel).sum())
    return np.mean(ious)


VOLUMES = draw(2, 12, 40, 40)
IMAGES = draw(4, 72, 80)
WEAK = draw(4, 72, 80, noise=0.6)
CASES = {
    "volumes": (VOLUMES[0], squash(VOLUMES[1])),
    "images": (IMAGES[0], squash(IMAGES[1])),
    "weak": (WEAK[0], squash(WEAK[1])),
    "one volume": (VOLUMES[0][0], squash(VOLUMES[1][0])),
    "one image": (IMAGES[0][0], squash(IMAGES[1][0])),
    "logits": VOLUMES,
    "thresholded": (VOLUMES[0], (VOLUMES[1] > 0).astype(np.uint8)),
    "thresholded images": (IMAGES[0], (IMAGES[1] > 0).astype(np.float32)),
    "an axis of size 1": (VOLUMES[0][:, None], squash(VOLUMES[1])),
    "channels last": (IMAGES[0], squash(np.moveaxis(IMAGES[1], 1, -1))),
}


@pytest.mark.parametrize("case", CASES)
def test_regions_are_built_from_the_labels(case):
    masks, predictions = CASES[case]
    report = diagnose(y_true=masks, y_pred=predictions)
    assert [finding.rule.name for finding in roots(report)] == [RULE]
    finding = found(report, RULE)
    assert finding.facts["regions"] == [list(region) for region in REGIONS]
    built, _ = run_help(finding.help, masks=masks, predictions=predictions)
    assert built.shape == predictions.shape
    logits = predictions if case == "logits" else predictions - 0.5
    axis = built.shape.index(3)
    right = score(masks.squeeze(1) if masks.ndim > 4 else masks, logits, axis=axis)
    assert report.verdict.mean_iou_after_all == pytest.approx(right)
    call = "torchmetrics.JaccardIndex(task='multilabel', num_labels=3)"
    assert call in finding.help
    if axis == 1:
        assert not errors(diagnose(y_true=built, y_pred=predictions, metric=call))


@pytest.mark.parametrize("options", [{"num_classes": 4}, {"metric": "monai.metrics.DiceMetric()"}])
def test_regions_in_any_order_beside_ids_without_gaps(options):
    masks, logits = np.where(VOLUMES[0] == 4, 3, VOLUMES[0]), VOLUMES[1][:, [1, 0, 2]]
    report = diagnose(y_true=masks, y_pred=squash(logits), **options)
    assert [finding.rule.name for finding in roots(report)] == [RULE]
    assert found(report, RULE).facts["regions"] == [[1, 3], [1, 2, 3], [3]]


def test_void_is_in_no_region():
    masks = np.where(np.arange(80) < 5, 255, IMAGES[0])
    finding = found(diagnose(y_true=masks, y_pred=squash(IMAGES[1])), RULE)
    built, _ = run_help(finding.help, masks=masks, predictions=IMAGES[1])
    assert not built[..., :5].any()


@pytest.mark.parametrize("greys", [(1, 2), (128, 255)])
def test_an_organ_with_its_tumour_has_two_regions(greys):
    masks = np.array([0, greys[0], greys[0], 0, greys[1]], np.uint8)[IMAGES[0]]
    report = diagnose(y_true=masks, y_pred=squash(IMAGES[1][:, [0, 2]]))
    assert [finding.rule.name for finding in roots(report)] == [RULE]
    assert found(report, RULE).facts["regions"] == [list(greys), [greys[1]]]


@pytest.mark.parametrize(
    "channels",
    [
        lambda logits: squash(logits[:, ::-1] * 0 + logits.mean()),  # all the same
        lambda logits: squash(np.roll(logits, 30, axis=-1)),  # of other places
        lambda logits: squash(np.stack([logits[:, 0], logits[:, 0], logits[:, 2]], 1)),
    ],
)
def test_other_channels_are_no_regions(channels):
    report = diagnose(y_true=IMAGES[0], y_pred=channels(IMAGES[1]))
    assert not [one for one in report.findings if "regions" in one.facts]


def test_classes_without_a_channel_for_background_are_no_regions():
    label = np.moveaxis(np.where(IMAGES[0] == 4, 3, IMAGES[0])[..., None] == np.arange(1, 4), -1, 1)
    logits = np.where(label, 3, -3) + np.random.default_rng(1).normal(size=label.shape)
    masks = np.where(IMAGES[0] == 4, 3, IMAGES[0])
    report = diagnose(y_true=masks, y_pred=squash(logits).astype(np.float32))
    assert "regions" not in found(report, RULE).facts


def bytes_of(logits):
    return np.round(255 * squash(logits)).astype(np.uint8)


@pytest.mark.parametrize(
    ("write", "axis"),
    [
        (squash, 1),
        (squash, 3),
        (bytes_of, 1),
        (bytes_of, 3),
        (lambda logits: (logits > 0).astype(np.uint8), 1),  # on the last axis, they may be colours
    ],
)
@pytest.mark.parametrize("labels", [3, 4, None])
def test_a_region_that_no_mask_holds(write, axis, labels):
    masks = np.where(IMAGES[0] == 4, 1, IMAGES[0])
    logits = np.moveaxis(
        np.stack([*IMAGES[1].swapaxes(0, 1)[:2], IMAGES[1][:, 2] - 20], 1), 1, axis
    )
    report = diagnose(y_true=masks, y_pred=write(logits), num_classes=labels)
    finding = found(report, RULE)
    assert [one.rule.name for one in roots(report)] == [RULE]
    assert finding.facts["regions"] == [[1, 2], [1], []]
    built, _ = run_help(finding.help, masks=masks, predictions=logits)
    assert built.shape == logits.shape
    assert not np.take(built, 2, axis).any()
    right = score(masks, np.take(logits, [0, 1], axis), [[1, 2], [1]], axis)
    assert report.verdict.mean_iou_after_all == pytest.approx(right)


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_a_channel_without_a_label_is_a_region_only_if_it_is_small(share):
    masks = np.where(IMAGES[0] == 4, 1, IMAGES[0])
    third = np.where(np.random.default_rng(3).random(masks.shape) < share, IMAGES[1][:, 1], -9)
    report = diagnose(y_true=masks, y_pred=np.stack([*IMAGES[1].swapaxes(0, 1)[:2], third], 1))
    assert ("regions" in found(report, RULE).facts) == (share == 0.0)


def test_background_may_have_a_channel_beside_regions():
    logits = np.concatenate([-VOLUMES[1][:, :1], VOLUMES[1]], 1)
    report = diagnose(y_true=VOLUMES[0], y_pred=squash(logits))
    assert found(report, RULE).facts["regions"] == [[0], *map(list, REGIONS)]


def test_scores_in_percent_look_like_too_many_colours_for_a_palette():
    percent = np.round(100 * squash(VOLUMES[1])).astype(np.uint8)
    finding = found(diagnose(y_true=VOLUMES[0], y_pred=percent), "colour-predictions")
    assert "divide them by the number that stands for 1" in finding.help
    divided = (percent / 100).astype(np.float32)
    assert found(diagnose(y_true=VOLUMES[0], y_pred=divided), RULE).facts["regions"]


@pytest.mark.parametrize(("axis", "rule"), [(1, RULE), (3, "colour-predictions")])
def test_pure_colours_on_axis_1_are_channels(axis, rule):
    """Pictures have them on the last axis."""
    masks = np.where(IMAGES[0] == 4, 3, IMAGES[0])
    pure = np.moveaxis(255 * (masks[..., None] == np.arange(1, 4)).astype(np.uint8), -1, axis)
    report = diagnose(y_true=masks, y_pred=pure)
    assert report.verdict.primary == rule
    assert report.verdict.mean_iou_after_all == pytest.approx(1)

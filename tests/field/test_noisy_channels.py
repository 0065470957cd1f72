"""Noisy sigmoid channels of objects, with none for the background."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, found, mean_iou, names
from scipy.ndimage import gaussian_filter

from field.arrays import draw_masks
from field.channels import squash


def score(masks, channels, *, noise=1.0, grain=0.0, seed=9, sharp=2.0):
    """Return sigmoid scores of the labels 1 to `channels`, channels last."""
    random = np.random.default_rng(seed)
    near = gaussian_filter((masks[..., None] == np.arange(1, channels + 1)) * 1.0, (0, 1, 1, 0))
    fog = gaussian_filter(random.normal(size=near.shape), (0, 2, 2, 0))
    grains = grain * random.normal(size=near.shape)
    return squash(sharp * (2 * near - 1 + noise * fog / fog.std() + grains))


def give_rest_to_background(scores):
    return np.where(scores.max(-1) > 0.5, scores.argmax(-1) + 1, 0)


NOISY = {
    "smooth": (4, {}),
    "few": (2, {"noise": 1.5}),
    "six": (6, {"noise": 1.3, "seed": 1}),
    "grains": (8, {"noise": 0.5, "grain": 1.2}),
    "sharp": (3, {"noise": 1.0, "sharp": 6.0, "seed": 4}),
}


@pytest.mark.parametrize("options", [{}, {"num_classes": 1}])
@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize("name", NOISY)
def test_pixels_in_no_channel_are_background(name, is_first, options):
    channels, how = NOISY[name]
    masks = draw_masks((6, 64, 56), channels + 1, seed=channels)
    scores = score(masks, channels, **how)
    options = {key: channels + value for key, value in options.items()}
    given = np.moveaxis(scores, -1, 1) if is_first else scores
    report = diagnose(y_true=masks, y_pred=given, **options)
    assert report.verdict.primary == "objects-as-channels"
    finding = found(report, "objects-as-channels")
    reached = mean_iou(masks, give_rest_to_background(scores), channels + 1)
    assert finding.facts["mean_iou_after"] == pytest.approx(reached)
    assert report.verdict.mean_iou_after_all == pytest.approx(reached)
    assert f"predictions.argmax({1 if is_first else 3}) + 1, 0)" in finding.help
    if finding.facts["outside"] < 0.5:
        assert "if label 0 is void" in finding.help


def test_no_argmax_is_advised_to_channels_that_are_hardly_better_than_chance():
    masks = draw_masks((6, 64, 56), 5)
    report = diagnose(y_true=masks, y_pred=score(masks, 4, noise=2.5, grain=1.0))
    assert "for which there is no channel" in found(report, "unargmaxed-probabilities").help


def trained_without_void(share, seed):
    """Return masks with void as 0, and channels that are as sure there as elsewhere."""
    random = np.random.default_rng(seed)
    seen = draw_masks((6, 64, 56), 4, seed=seed) + 1
    height = gaussian_filter(random.normal(size=seen.shape), (0, 5, 5))
    void = height > np.quantile(height, 1 - share)
    return np.where(void, 0, seen), score(seen, 4, noise=0.8, seed=seed)


def with_rims(seed):
    """Return masks whose edges are void, where no channel is sure."""
    seen = draw_masks((6, 64, 56), 4, seed=seed) + 1
    edge = (np.roll(seen, 1, 1) != seen) | (np.roll(seen, 1, 2) != seen)
    return np.where(edge, 0, seen), score(seen, 4, noise=0.8, seed=seed)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.05, 0.3, None])
def test_void_is_no_background(share, seed):
    masks, scores = with_rims(seed) if share is None else trained_without_void(share, seed)
    report = diagnose(y_true=masks, y_pred=scores)
    assert "objects-as-channels" not in names(report)


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
def test_noisy_channels_of_all_classes_have_their_background(noise):
    masks = draw_masks((6, 64, 56), 4)
    report = diagnose(y_true=masks, y_pred=score(masks + 1, 4, noise=noise))
    assert "objects-as-channels" not in names(report)
    assert "no channel" not in str([finding.help for finding in report.findings])

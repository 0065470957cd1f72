"""What scripts compute with stored numbers, thresholds and sums, each compared with NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose
from field.arrays import draw_masks, predict

from iou_doctor.report.score_lookup import parse_score


def find(masks, predictions, value, words, **options):
    """Return whether a value is explained by something with these words."""
    lookup = diagnose(
        y_true=masks,
        y_pred=predictions,
        score_to_explain=parse_score(f"{value:.7f}"),
        **options,
    ).lookup
    told = [
        f"{suspect.cause.claim} {name}"
        for match in lookup.matches
        for suspect in match.suspects
        for name in suspect.implementations or ("",)
    ]
    return any(words in text for text in told) or told


@pytest.mark.parametrize("seed", range(3))
def test_products_and_bits_of_ids(seed):
    masks = draw_masks((3, 20, 24), 4, seed=seed, smoothness=2.0)
    predictions = predict(masks, 4, seed=seed, wrong=0.2)
    p, t = predictions.astype(int), masks.astype(int)
    both, areas = (p * t).sum(), p.sum() + t.sum()
    assert find(masks, predictions, 2 * both / areas, "Dice of p * t") is True
    assert find(masks, predictions, (p & t).sum() / (p | t).sum(), "IoU of p & t") is True
    squares = (p * p).sum() + (t * t).sum()
    assert find(masks, predictions, 2 * both / squares, "over squares") is True


@pytest.mark.parametrize("seed", range(3))
def test_sums_over_images_that_are_divided_wrongly(seed):
    masks = draw_masks((3, 20, 24), 2, seed=seed, smoothness=2.0)
    predictions = predict(masks, 2, seed=seed, wrong=0.2)
    values = [
        2 * (t & p).sum() / (int(t.sum()) + int(p.sum()))
        for t, p in zip(masks, predictions, strict=True)
    ]
    total, classes = sum(values), {"num_classes": 2}
    assert find(masks, predictions, total / 2, "one too few", **classes) is True
    assert find(masks, predictions, total / 3 + 1, "plus 1", **classes) is True
    assert find(masks, predictions, total / 2 + 1, "plus 1", **classes) is True
    assert find(masks, predictions, total, "never divided", **classes) is True


@pytest.mark.parametrize("size", [255, 256, 300])
def test_areas_wrap_from_256_pixels_on(size):
    masks = np.zeros((1, 20, 40), np.uint8)
    masks.ravel()[:size] = 1
    predictions = np.roll(masks, 30)
    both, area = int((masks & predictions).sum()) % 256, size % 256
    value = both / (2 * area - both)
    found = find(masks, predictions, value, "IoU of the foreground", num_classes=2)
    assert (found is True) is (size >= 256)


def test_the_mean_over_nine_thresholds_of_scores():
    random = np.random.default_rng(0)
    masks = (random.random((3, 8, 8)) < 0.4).astype(np.uint8)
    scores = np.clip(masks * 0.4 + random.random(masks.shape) * 0.6, 0.01, 0.99)
    scores = scores.astype(np.float32)
    values = []
    for tenth in range(1, 10):
        found = scores >= np.float32(tenth / 10)
        values.append(2 * (found & (masks > 0)).sum() / (found.sum() + masks.sum()))
    words = "the mean over the thresholds 0.1, 0.2 to 0.9"
    assert find(masks, scores, np.mean(values), words) is True
    assert find(masks, scores, max(values), "the best of the thresholds") is True

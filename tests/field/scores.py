"""Binary masks, numbers that scripts compute on them, and what `why` says first."""

from __future__ import annotations

import numpy as np
from build import diagnose
from scipy.ndimage import gaussian_filter

from field.arrays import draw_masks, predict
from iou_doctor.report.score_lookup import ScoreLookup, parse_score
from iou_doctor.score_search.formula_candidates import collect_formulas
from iou_doctor.score_search.search import look_up

FIRST = 3


def blobs(shape, share=0.2, seed=0):
    """Return binary masks with blobs of class 1, uint8."""
    random = np.random.default_rng(seed)
    height = gaussian_filter(random.normal(size=shape), (0, 5.0, 5.0))
    return (height > np.quantile(height, 1 - share)).astype(np.uint8)


def move(masks, pixels=3, wrong=0.01, seed=5):
    """Return decent predictions of binary masks."""
    random = np.random.default_rng(seed)
    noise = gaussian_filter(random.normal(size=masks.shape), (0, 2.0, 2.0))
    moved = np.roll(masks, pixels, axis=-1)
    return np.where(noise > np.quantile(noise, 1 - wrong), 1 - moved, moved).astype(np.uint8)


def half_empty(shape=(10, 48, 48)):
    """Return masks and predictions; every second mask is empty, and some predictions of these."""
    masks = blobs(shape)
    masks[1::2] = 0
    predictions = move(masks)
    predictions[[1, 5]] = 0
    return masks, predictions


def slices():
    """Return thirty slices of four classes, of which some lack some."""
    masks = draw_masks((30, 48, 48), 4, smoothness=9.0)
    masks[::5][masks[::5] == 3] = 0
    predictions = predict(masks, 4, wrong=0.1)
    for index, label in ((5, 3), (9, 2), (20, 3)):
        masks[index][masks[index] == label] = 0
        predictions[index][predictions[index] == label] = 0
    return masks, predictions


def logits(labels, classes):
    scores = np.random.default_rng(3).normal(size=(len(labels), classes, *labels.shape[1:]))
    return (scores + 8 * np.moveaxis(np.eye(classes)[labels], -1, 1)).astype(np.float32)


def dice(truth, predicted, empty=np.nan):
    area = int(truth.sum()) + int(predicted.sum())
    return 2 * (truth & predicted).sum() / area if area else empty


def explain(value, masks, predictions, digits=4, **options) -> ScoreLookup:
    text = value if isinstance(value, str) else f"{value:.{digits}f}"
    lookup = diagnose(
        y_true=masks, y_pred=predictions, score_to_explain=parse_score(text), **options
    ).lookup
    assert lookup is not None
    return lookup


def alone(score, num_classes=None) -> ScoreLookup:
    return look_up(parse_score(score), collect_formulas(num_classes))


def tell(lookup):
    """Return the first explanations, each with its implementations, in the order shown."""
    told = [
        f"{suspect.cause.name}: {suspect.cause.claim}; {', '.join(suspect.implementations)}"
        for match in lookup.matches
        for suspect in match.suspects
    ]
    told += [f"{each.requires}: {each.cause.claim}" for each in lookup.conditions]
    return told[:FIRST]


def says(lookup, words):
    return any(words in text for text in tell(lookup))

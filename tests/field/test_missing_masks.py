"""Up to half of the masks are empty by mistake."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, found, names

from field.arrays import draw_masks, predict
from field.channels import binary_logits
from field.scores import blobs, move


def draw(samples=8, seed=0):
    masks = draw_masks((samples, 64, 64), 2, seed=seed)
    return masks, (binary_logits(masks, seed=seed + 3) > 0).astype(np.uint8)


SMALL = blobs((10, 64, 72), share=0.08)
SMALL_SEEN = move(SMALL, 1, wrong=0.001)
DRAWN = {
    "large": (*draw(), range(4)),
    "every second of twenty": (*draw(20, seed=4), range(0, 20, 2)),
    "small": (SMALL, SMALL_SEEN, range(5)),
    "a third": (*draw(9, seed=2), (1, 4, 7)),
}


@pytest.mark.parametrize("name", DRAWN)
def test_masks_that_are_missing_are_named(name):
    masks, predictions, empty = DRAWN[name]
    masks = masks.copy()
    masks[list(empty)] = 0
    report = diagnose(y_true=masks, y_pred=predictions)
    finding = found(report, "faulty-samples")
    assert report.verdict.primary == "faulty-samples"
    assert finding.facts["faulty"] == [*empty]
    assert finding.repair is None
    assert "the masks may be missing, or the model" in finding.help


def without_objects(found_there):
    """Return masks of which half are empty, and predictions that find something there."""
    masks, predictions = draw()
    masks[:4] = 0
    predictions[:4] = found_there[:4]
    return masks, predictions


SPECKS = (np.random.default_rng(0).random((8, 64, 64)) < 0.02).astype(np.uint8)
HEALTHY = {
    "right": lambda: without_objects(SPECKS * 0),
    "specks": lambda: without_objects(SPECKS),
    "one false alarm": lambda: without_objects(np.eye(8, dtype="u1")[0, :, None, None] * draw()[1]),
    "weak": lambda: (without_objects(draw()[1])[0], predict(draw()[0], 2, wrong=0.5)),
    "nothing is predicted": lambda: (draw()[0], np.concatenate([SPECKS[:4] * 0, draw()[1][4:]])),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_samples_without_an_object_are_healthy(name):
    masks, predictions = HEALTHY[name]()
    assert "faulty-samples" not in names(diagnose(y_true=masks, y_pred=predictions))

"""The means over images and over classes follow their definition, and MONAI agrees with one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import iou_doctor
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.fine_grained import compute_fine_grained


def average_slowly(masks, predictions, void):
    """Return the means by the words of the paper: an IoU for each class that a mask holds."""
    of_images, of_classes = [], {}
    for truth, prediction in zip(masks, predictions, strict=True):
        counts, ious = truth != void, []
        for label in np.unique(truth[counts]).tolist():
            both = ((truth == label) & (prediction == label) & counts).sum()
            either = (((truth == label) | (prediction == label)) & counts).sum()
            ious.append(both / either)
            of_classes.setdefault(label, []).append(both / either)
        if ious:
            of_images.append(np.mean(ious))
    of_images.sort()
    worst = of_images[: max(1, len(of_images) // 10)]
    by_class = [np.mean(ious) for ious in of_classes.values()]
    return np.mean(of_images), np.mean(by_class), np.mean(worst)


def count(masks, predictions):
    ones = np.ones(masks.size, dtype=np.int64)
    image = np.arange(len(masks)).repeat(masks[0].size)
    labels = (one.reshape(-1).astype(np.int64) for one in (masks, predictions))
    return PairCounts.from_rows(
        image=image, **dict(zip(("truth", "prediction"), labels, strict=True)), count=ones
    )


@given(st.integers(0, 2**32 - 1), st.integers(1, 25), st.sampled_from([None, 3, 255]))
@settings(max_examples=40)
def test_they_follow_the_definition(seed, images, void):
    rng = np.random.default_rng(seed)
    masks = rng.integers(0, 4, (images, 6))
    masks[rng.random(masks.shape) < 0.3] = 3 if void is None else void
    masks[0, 0] = 1
    predictions = np.where(rng.random(masks.shape) < 0.5, rng.integers(0, 5, masks.shape), masks)
    predictions = np.where(predictions == 255, 4, predictions)
    found = compute_fine_grained(count(masks, predictions), num_classes=4, ignore_index=void)
    expected = average_slowly(masks, predictions, void)
    assert (found.images, found.classes, found.worst_tenth) == pytest.approx(expected, abs=1e-12)


def test_there_is_none_if_no_mask_holds_a_class():
    masks = np.full((2, 4), 255)
    assert compute_fine_grained(count(masks, masks * 0), num_classes=3, ignore_index=255) is None


def test_the_mean_over_images_is_what_monai_reports():
    rng = np.random.default_rng(2)
    masks = rng.integers(0, 3, (6, 8, 8)) * (rng.random((6, 1, 1)) < 0.6)
    predictions = np.where(rng.random(masks.shape) < 0.2, rng.integers(0, 3, masks.shape), masks)
    report = iou_doctor.check(
        y_true=masks, y_pred=predictions, num_classes=3, contracts="all", ignore_index=None
    )
    (monai,) = [one for one in report.contracts if one.name == "monai.MeanIoU"]
    assert report.fine_grained.images == pytest.approx(monai.value, abs=1e-6)
    assert report.fine_grained.images != pytest.approx(report.score.per_image_mean_iou, abs=1e-6)
    assert report.to_dict()["scores"]["fine_grained"] == {
        "images": report.fine_grained.images,
        "classes": report.fine_grained.classes,
        "worst_tenth": report.fine_grained.worst_tenth,
        "boundary": None,
        "lacks_boundary": None,
    }

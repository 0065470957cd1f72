"""The interval is the percentile bootstrap over images."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger import image_areas
from iou_doctor.ledger.image_areas import count_image_areas
from iou_doctor.ledger.interval import LEAST_CLASS_IMAGES, estimate_change, estimate_intervals
from iou_doctor.render.shared.ledger_text import describe_interval


def make_areas(images, *, seed=0, classes=3):
    """Return the pairs of images whose quality varies."""
    rng = np.random.default_rng(seed)
    quality = rng.beta(4, 2, images)
    tables = []
    for image in range(images):
        truth = rng.integers(0, classes, 60)
        wrong = rng.random(60) > quality[image]
        prediction = np.where(wrong, rng.integers(0, classes, 60), truth)
        tables.append(
            PairCounts.from_rows(
                image=np.full(60, image),
                truth=truth,
                prediction=prediction,
                count=np.ones(60, dtype=np.int64),
            )
        )
    return PairCounts.merge(tables)


def estimate_interval(pairs, *, num_classes, ignore_index):
    areas = count_image_areas(pairs, num_classes=num_classes, ignore_index=ignore_index)
    return estimate_intervals(areas).mean


def compute_ious(pairs, times):
    """Return the IoU of each class with each image counted some times; a plain reference."""
    union, intersection = np.zeros((len(times), 3)), np.zeros((len(times), 3))
    for label in range(3):
        for image in range(times.shape[1]):
            own = pairs.select_images(image, image + 1)
            both = own.count[(own.truth == label) & (own.prediction == label)].sum()
            either = own.count[(own.truth == label) | (own.prediction == label)].sum()
            union[:, label] += times[:, image] * either
            intersection[:, label] += times[:, image] * both
    return intersection / union


def compute_means(pairs, times):
    return compute_ious(pairs, times).mean(axis=1)


def bootstrap(compute, images, confidence):
    """Return the bounds that scipy finds for a statistic of how often each image is counted."""
    stats = pytest.importorskip("scipy.stats", reason="compares with scipy")
    identity = np.eye(images)

    def statistic(chosen, axis):
        assert axis == -1
        times = identity[chosen.astype(int)].sum(axis=-2)
        return compute(np.atleast_2d(times)).reshape(chosen.shape[:-1])

    return tuple(
        stats.bootstrap(
            (np.arange(images),),
            statistic,
            n_resamples=4000,
            method="percentile",
            confidence_level=confidence,
            rng=np.random.default_rng(1),
            vectorized=True,
        ).confidence_interval
    )


def assert_about(ours, theirs):
    width = ours.high - ours.low
    assert (ours.low, ours.high) == pytest.approx(theirs, abs=0.1 * width)


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_it_agrees_with_scipy(confidence):
    pairs = make_areas(40)
    areas = count_image_areas(pairs, num_classes=3, ignore_index=None)
    ours = estimate_intervals(areas, confidence)
    assert_about(ours.mean, bootstrap(lambda times: compute_means(pairs, times), 40, confidence))
    assert (ours.mean.images, ours.mean.is_rough) == (40, True)
    for label in range(3):
        theirs = bootstrap(
            lambda times, label=label: compute_ious(pairs, times)[:, label], 40, confidence
        )
        assert_about(ours.classes[label], theirs)


def test_the_interval_of_a_difference_agrees_with_scipy():
    before, after = make_areas(40), make_areas(40, seed=1)
    areas = [count_image_areas(one, num_classes=3, ignore_index=None) for one in (before, after)]
    ours = estimate_change(*areas, 0.9)

    def gain(times):
        return compute_ious(after, times) - compute_ious(before, times)

    assert_about(ours.mean, bootstrap(lambda times: gain(times).mean(axis=1), 40, 0.9))
    assert_about(ours.classes[2], bootstrap(lambda times: gain(times)[:, 2], 40, 0.9))


def test_a_difference_has_an_interval_if_one_side_has_more_classes():
    pairs = make_areas(40)
    sides = [count_image_areas(pairs, num_classes=n, ignore_index=None) for n in (3, 7)]
    for areas in (sides, sides[::-1]):
        assert set(estimate_change(*areas).classes) == {0, 1, 2}


def test_a_class_has_an_interval_if_enough_images_have_it():
    pairs = make_areas(LEAST_CLASS_IMAGES + 1)

    def find_classes(images):
        """Leave class 2 in some images only."""
        kept = pairs.keep_rows((pairs.image < images) | (pairs.truth != 2))
        kept = kept.keep_rows((kept.image < images) | (kept.prediction != 2))
        areas = count_image_areas(kept, num_classes=3, ignore_index=None)
        return estimate_intervals(areas).classes

    assert set(find_classes(LEAST_CLASS_IMAGES)) == {0, 1, 2}
    assert find_classes(LEAST_CLASS_IMAGES)[2].images == LEAST_CLASS_IMAGES
    assert set(find_classes(LEAST_CLASS_IMAGES - 1)) == {0, 1}


def test_it_covers_the_value_of_all_images_about_as_often_as_it_says():
    many = make_areas(4000, seed=5)
    whole = compute_means(many, np.ones((1, 1)).repeat(4000, axis=1))[0]
    intervals = [
        estimate_interval(
            many.select_images(first, first + 40), num_classes=3, ignore_index=None
        )
        for first in range(0, 4000, 40)
    ]  # fmt: skip
    covered = sum(one.low <= whole <= one.high for one in intervals)
    assert 85 <= covered <= 99


def test_it_is_the_same_every_time_and_does_not_depend_on_the_parts():
    pairs = make_areas(20)
    again = PairCounts.merge([pairs.select_images(0, 7), pairs.select_images(7, 20)])
    results = {estimate_interval(one, num_classes=3, ignore_index=None) for one in (pairs, again)}
    assert len(results) == 1


@pytest.mark.parametrize(("images", "is_told"), [(1, True), (3, True), (4, False)])
def test_a_class_that_other_images_may_lack_is_told(images, is_told):
    masks = np.zeros((60, 6, 6), dtype=np.uint8)
    masks[:, :3] = 1
    masks[:, 0] = np.arange(60)[:, None] >> np.arange(6) & 1  # no image equals another one
    masks[:images, 5] = 2
    report = diagnose(y_true=masks, y_pred=np.where(masks == 2, 0, masks), num_classes=3)
    assert (report.interval.high == 1) is is_told
    assert (
        "1 class is so rare that other images may lack it" in str(describe_interval(report))
    ) is (is_told)


def test_many_images_in_groups_have_about_the_same_interval(monkeypatch):
    pairs = make_areas(400)
    exact = estimate_interval(pairs, num_classes=3, ignore_index=None)
    monkeypatch.setattr(image_areas, "MOST_GROUPS", 128)
    grouped = estimate_interval(pairs, num_classes=3, ignore_index=None)
    width = exact.high - exact.low
    assert (grouped.low, grouped.high) == pytest.approx((exact.low, exact.high), abs=0.25 * width)
    assert grouped.images == exact.images == 400
    assert not grouped.is_rough


def test_one_image_has_no_interval_and_void_is_left_out():
    pairs = make_areas(5)
    assert estimate_interval(pairs.select_images(0, 1), num_classes=3, ignore_index=None) is None
    found = estimate_interval(pairs, num_classes=3, ignore_index=2)
    without = estimate_interval(pairs.drop_truth(2), num_classes=3, ignore_index=2)
    assert found == without != estimate_interval(pairs, num_classes=3, ignore_index=None)

import numpy as np
import pytest
from build import diagnose, names

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks import volume_orientation, volume_places
from iou_doctor.checks.map_stack import Stack
from iou_doctor.checks.orientations import Fits
from iou_doctor.checks.volume_orientation import (
    LEAST_LEAD,
    _count_scenes,
    fit_volumes,
    list_orientations,
)
from iou_doctor.checks.volumes import _are_of_one_volume


def stack(maps):
    maps = np.asarray(maps, dtype=np.uint8)
    return Stack(np.arange(len(maps)), maps, maps, 2)


def bars(places, *, size=20, width=10):
    """Return slices with a bar each; the bar of slice i begins at column `places[i]`."""
    columns = np.arange(size + max(places))
    return [np.tile((columns >= at) & (columns < at + width), (8, 1)) for at in places]


@pytest.mark.parametrize(("sizes", "count"), [((3, 4, 5), 8), ((4, 4, 5), 16), ((4, 4, 4), 48)])
def test_orientations_are_distinct_and_keep_the_sizes(sizes, count):
    volume = np.arange(np.prod(sizes)).reshape(1, *sizes)
    turned = [turn(volume) for turn in list_orientations(sizes)]
    assert {one.shape for one in turned} == {volume.shape}
    assert len({one.tobytes() for one in turned}) == count
    np.testing.assert_array_equal(turned[0], volume)


def test_slices_that_drift_are_of_one_volume():
    assert _are_of_one_volume(stack(bars(range(0, 20, 2))))
    assert not _are_of_one_volume(stack(bars([0, 14, 3, 9, 1, 12, 6, 15, 2, 11])))


def test_slices_that_are_all_alike_are_not_of_one_volume():
    assert not _are_of_one_volume(stack(bars([0] * 10)))


@pytest.mark.parametrize(("count", "one"), [(6, True), (5, False)])
def test_few_slices_do_not_show_a_volume(count, one):
    assert _are_of_one_volume(stack(bars([3 * place for place in range(count)]))) == one


def test_empty_slices_do_not_make_a_volume():
    empty = [np.zeros_like(bars([15])[0])] * 20
    assert not _are_of_one_volume(stack([*empty, *bars([3, 15])]))


def test_only_slices_that_differ_from_the_last_one_counted_are_scenes():
    assert _count_scenes(stack(bars([0, 1, 1, 2, 2, 15]))) == 3
    assert _count_scenes(stack([bars([0, 15])[0] * 0] * 3)) == 1


def draw_volume():
    """Return a volume of boxes of which no orientation looks like another one."""
    random = np.random.default_rng(3)
    volume = np.zeros((24, 24, 24), np.uint8)
    for label in (1, 2, 1, 2, 1):
        corner, size = random.integers(0, 14, 3), random.integers(5, 11, 3)
        volume[tuple(slice(at, at + by) for at, by in zip(corner, size, strict=True))] = label
    return volume


@pytest.mark.parametrize(
    ("given_score", "best", "scenes", "fires"),
    [
        (0.2, 0.701, 5, True),
        (0.2, 0.699, 5, False),
        (0.2, 0.551, 8, True),
        (0.2, 0.549, 8, False),
        (0.01, 0.501, 20, True),
        (0.01, 0.499, 20, False),
    ],
)
def test_another_orientation_must_fit_far_better(monkeypatch, given_score, best, scenes, fires):
    def fit(stacked, turns):
        found = fit_volumes(stacked, turns)
        pooled = np.where(found.pooled == found.pooled.max(), best, given_score)
        pooled[-1 - (pooled[-1] == best)] = best - LEAST_LEAD + 0.01  # another one comes near
        return Fits(found.turns, found.images, pooled, scenes)

    monkeypatch.setattr(volume_orientation, "fit_volumes", fit)
    monkeypatch.setattr(volume_places, "do_objects_miss", lambda _: False)
    report = diagnose(y_true=draw_volume(), y_pred=draw_volume()[::-1], num_classes=3)
    assert ("flipped-samples" in names(report)) == fires


@pytest.mark.parametrize(
    ("gain", "lead", "fires"), [(0.16, 0.16, True), (0.14, 0.3, False), (0.16, 0.14, False)]
)
def test_an_orientation_that_leads_clearly_may_gain_less(monkeypatch, gain, lead, fires):
    def fit(stacked, turns):
        found = fit_volumes(stacked, turns)
        pooled = np.where(found.pooled == found.pooled.max(), 0.5 + gain, 0.5)
        pooled[-1 - (pooled[-1] > 0.5)] = 0.5 + gain - lead
        pooled[0] = 0.5
        return Fits(found.turns, found.images, pooled, 5)

    monkeypatch.setattr(volume_orientation, "fit_volumes", fit)
    monkeypatch.setattr(volume_places, "do_objects_miss", lambda _: False)
    report = diagnose(y_true=draw_volume(), y_pred=draw_volume()[::-1], num_classes=3)
    assert ("flipped-samples" in names(report)) == fires


def test_nothing_is_compared_if_there_is_nothing_to_gain(monkeypatch):
    monkeypatch.setattr(volume_orientation, "fit_volumes", None)  # it would fail
    volume = draw_volume()
    diagnose(y_true=volume, y_pred=volume, num_classes=3)


@pytest.mark.parametrize(("masks", "predictions"), [((2, 60), (2, 5, 6)), ((30,), (2, 3, 5, 6))])
def test_flattened_masks_do_not_say_how_a_volume_is_stored(masks, predictions):
    random = np.random.default_rng(0)
    y_true, y_pred = (random.integers(0, 3, one).astype(np.uint8) for one in (masks, predictions))
    report = diagnose(y_true=y_true, y_pred=y_pred)
    assert report.reading.layout.relation is Relation.FLATTENED


@pytest.mark.parametrize("axes", [(1,), (3,), (1, 2, 3)])
def test_flattened_predictions_of_a_flipped_volume_have_no_axes_to_flip(axes):
    masks = np.zeros((3, 12, 20, 16), np.uint8)
    masks[:, 2:5, 3:9, 1:7] = 1
    masks[:, 3:11, 12:16, 2:4] = 2
    predictions = np.flip(masks, axes).reshape(3, -1)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=3)
    assert report.reading.layout.relation is Relation.FLATTENED
    assert "np.flip" not in "".join(finding.help for finding in report.findings)

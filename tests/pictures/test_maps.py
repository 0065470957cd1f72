"""The maps that a page shows are those that the score counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from build import diagnose, noisy, scene
from checks.sick_arrays import SICK
from hypothesis import given
from hypothesis import strategies as st

import iou_doctor
from iou_doctor.pictures import side_reader
from iou_doctor.pictures.errors import map_errors
from iou_doctor.pictures.gallery import FLAT, build_gallery
from iou_doctor.pictures.photographs import Photographs
from iou_doctor.pictures.sample_reader import build_reader
from iou_doctor.render.html.samples import NOTEBOOK_SIDE, SIDES, Pictures, build_pictures
from iou_doctor.report.gallery import PixelError, thin

NO_CLASS = -1
MOVED = ["IOU104", "IOU105", "IOU107", "IOU110", "IOU501", "IOU502", "IOU503", "IOU504", "IOU508"]
DECODED = ["IOU108", "IOU203", "IOU212", "IOU215", "IOU301", "IOU303", "IOU304", "IOU307", "IOU309"]
RELABELLED = ["IOU404", "IOU405", "IOU406", "IOU407", "IOU408", "IOU409", "IOU413"]


def count(truth, prediction, *, classes, ignore):
    """Return how often each pair occurs, with one id for all predictions that are no class."""
    kept = (truth >= 0) & (truth < classes) & (truth != ignore)
    inside = (prediction >= 0) & (prediction < classes)
    other = np.where(inside, prediction, NO_CLASS)
    return Counter(zip(truth[kept].tolist(), other[kept].tolist(), strict=True))


@pytest.mark.parametrize("code", [*MOVED, *DECODED, *RELABELLED])
def test_the_repaired_maps_of_all_samples_hold_the_pairs_that_the_ledger_counts(code):
    report = diagnose(**SICK[code])
    counted = report.arrays.counted
    reader = build_reader(report, report.arrays, report.arrays.open(), 1)
    classes, ignore = len(counted.score.per_class), counted.ignore_index
    found: Counter[tuple[int, int]] = Counter()
    for sample in range(report.reading.layout.samples):
        maps = reader.y_true.read_repaired(sample), reader.y_pred.read_repaired(sample)
        found += count(*(maps[::-1] if reader.exchanged else maps), classes=classes, ignore=ignore)
    pairs = counted.scored.pool()
    wanted: Counter[tuple[int, int]] = Counter()
    for truth, prediction, pixels in zip(pairs.truth, pairs.prediction, pairs.count, strict=True):
        known = int(prediction) if 0 <= prediction < classes else NO_CLASS
        wanted[int(truth), known] += int(pixels)
    assert found == wanted


@pytest.mark.parametrize("code", ["IOU203", "IOU303", "IOU406", "IOU502", "IOU503"])
def test_a_fault_that_maps_show_is_shown_in_two_samples(code):
    gallery = build_gallery(diagnose(**SICK[code]), 12)
    assert len(gallery.faulty) == 2
    for one in gallery.faulty:
        wrong = [np.isin(maps.errors, WRONG).sum() for maps in (one.given, one.repaired)]
        assert wrong[0] > wrong[1]


WRONG = [PixelError.BOUNDARY, PixelError.EXTENT, PixelError.SEGMENT, PixelError.NO_CLASS]


def test_a_metric_that_truncates_scores_sees_background_only():
    (first, *_) = build_gallery(diagnose(**SICK["IOU203"]), 1).faulty
    assert not first.given.prediction.any()
    assert first.repaired.prediction.any()
    assert build_gallery(diagnose(**SICK["IOU203"]), 1).reads == "as your metric reads it"


def test_the_samples_are_those_that_a_full_sort_puts_first():
    masks = scene(1, samples=60, height=8, width=9, classes=4)
    predictions = noisy(masks, 2, share=0.3, classes=4)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=4)
    unions = np.array([((masks == k) | (predictions == k)).sum() for k in range(4)])
    wrong = masks != predictions
    points = (wrong * (1 / unions[masks] + 1 / unions[predictions]) / 4).sum(axis=(1, 2))
    ranked = sorted(range(60), key=lambda sample: (-round(points[sample], 12), sample))
    worst = build_gallery(report, 9).worst
    assert [one.price.sample for one in worst] == ranked[:9]
    assert [one.picture.sample for one in worst] == ranked[:9]
    for one in worst:
        truth, prediction = masks[one.price.sample], predictions[one.price.sample]
        costs = {
            (i, j): ((truth == i) & (prediction == j)).sum() * (1 / unions[i] + 1 / unions[j]) / 4
            for i in range(4)
            for j in range(4)
            if i != j
        }
        first, second, _, price = one.dearest
        assert costs[first, second] == max(costs.values()) == pytest.approx(price)


def test_each_pixel_has_one_error():
    truth = np.array([[0, 1, 1, 255, 9, 2]]).repeat(60, axis=0).repeat(20, axis=1)
    prediction = np.where(truth == 1, 2, np.where(truth == 255, 0, truth))
    prediction[:10, -20:] = 77
    errors = map_errors(truth, prediction, num_classes=3, ignore_index=255)
    assert (errors[truth == 255] == PixelError.LEFT_OUT).all()
    assert (errors[truth == 9] == PixelError.NO_CLASS).all()
    assert (errors[prediction == 77] == PixelError.NO_CLASS).all()
    assert (errors[truth == 1] == PixelError.SEGMENT).all()
    right = (truth == prediction) & (truth < 3)
    assert (errors[right] == PixelError.RIGHT).all()
    assert map_errors(truth, prediction[:5], num_classes=3, ignore_index=None) is None


def test_long_maps_are_thinned_evenly():
    values = np.arange(3 * 1025).reshape(3, -1)
    assert np.array_equal(thin(values, 512), values[1:2, 1::3])
    assert np.array_equal(thin(values[:, :512], 512), values[:, :512])


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 600))
def test_no_side_of_a_thinned_map_is_empty_or_too_long(height, width, most):
    thinned = thin(np.zeros((height, width), np.uint8), most)
    assert min(thinned.shape) >= 1
    assert max(thinned.shape) <= most


def test_no_map_is_a_view_of_the_arrays():
    """Of a mapped file that is cut off before the page is made, it would end the process."""
    predictions = np.random.default_rng(0).integers(0, 2, (3, 16, 16)).astype(np.uint8)
    gallery = build_gallery(diagnose(y_true=predictions * np.uint8(255), y_pred=predictions), 3)
    shown = [one.repaired.prediction for one in gallery.faulty]
    assert shown
    assert not any(np.shares_memory(one, predictions) for one in shown)


def test_a_narrow_map_is_shown_in_a_page_and_in_a_notebook():
    masks = np.random.default_rng(0).integers(0, 3, (2, 1, 1100)).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=noisy(masks, 2), num_classes=3, layout="NHW")
    gallery = build_gallery(report, 3)
    for most in (SIDES[0], NOTEBOOK_SIDE):
        assert build_pictures(report, gallery, most).worst


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_volume_shows_the_slice_with_the_most_errors_across_its_shortest_axis(axis):
    masks = scene(3, samples=7, height=12, width=14)
    predictions = masks.copy()
    predictions[5] = (predictions[5] + 1) % 3
    scan = (np.arange(masks.size) % 250).astype(np.uint8).reshape(masks.shape)
    volumes = (np.moveaxis(one, 0, axis)[None] for one in (masks, predictions, scan))
    y_true, y_pred, images = volumes
    report = iou_doctor.check(
        y_true=y_true, y_pred=y_pred, images=images, layout="NDHW", num_classes=3
    )
    (worst,) = build_gallery(report, 3).worst
    assert worst.picture.part == "slice 6 of 7"
    assert np.array_equal(worst.picture.given.truth, masks[5])
    assert np.array_equal(worst.picture.given.prediction, predictions[5])
    assert np.array_equal(worst.picture.image, np.repeat(scan[5][..., None], 3, axis=2))


def test_a_volume_beside_a_map_shows_one_slice_of_it():
    masks = np.random.default_rng(0).random((1, 3, 12, 10, 3)).astype(np.float32)
    predictions = np.random.default_rng(1).integers(0, 3, (1, 3, 12, 10)).astype(np.float32)
    report = diagnose(y_true=masks, y_pred=predictions)
    (one,) = build_gallery(report, 3).faulty
    assert (one.given.truth.shape, one.given.prediction.shape) == ((12, 10), (12, 10))
    assert one.part == "slice 2 of 3"


def test_a_sample_with_too_many_values_is_left_out(monkeypatch):
    monkeypatch.setattr(side_reader, "MOST_VALUES", 100)
    gallery = build_gallery(diagnose(y_true=scene(1), y_pred=noisy(scene(1), 2)), 12)
    assert gallery.notes == (
        "Sample 0 is not shown: it has 216 values, and pictures are made of 100",
        "Sample 1 is not shown: it has 216 values, and pictures are made of 100",
    )
    assert all(one.picture is None for one in gallery.worst)


@pytest.mark.parametrize(
    ("masks", "predictions"), [((10,), (2, 5, 6, 3)), ((3, 5, 6), (2, 60)), ((2, 60), (3, 5, 6))]
)
def test_a_page_of_an_array_without_rows_has_no_pictures(masks, predictions):
    random = np.random.default_rng(0)
    arrays = [random.integers(0, 3, shape).astype(np.uint8) for shape in (masks, predictions)]
    report = diagnose(y_true=arrays[0], y_pred=arrays[1])
    gallery = build_gallery(report, 3)
    assert gallery.notes == (FLAT,)
    assert build_pictures(report, gallery) == Pictures()


def test_flattened_predictions_are_shown_in_the_shape_of_their_masks():
    masks = scene(1)
    predictions = noisy(masks, 2)
    report = diagnose(y_true=masks, y_pred=predictions.reshape(2, -1))
    worst = build_gallery(report, 3).worst
    for one in worst:
        assert np.array_equal(one.picture.best.prediction, predictions[one.price.sample])


class Unread:
    """Photographs whose values nobody may ask for."""

    shape = (2, None, None, 3)

    def get_sample_shape(self, index):
        return ((12, 10, 3), (400_000, 400_000, 3))[index]

    def read(self, window):
        raise AssertionError(window)


def test_photographs_of_another_size_are_not_read():
    photographs = Photographs(Unread())
    assert photographs.read(1, (12, 18)) is None
    assert photographs.list_notes() == (
        "Image 1 is not shown: it is 400000 × 400000 × 3, and its mask is not.",
    )
    assert photographs.read(0, (12, 18)) is None
    assert photographs.list_notes() == (
        "2 images are not shown: their size is not that of their masks; image 0 is 12 × 10 × 3.",
    )


def test_without_maps_the_charts_stay():
    flat = scene(1).reshape(2, -1)
    gallery = build_gallery(diagnose(y_true=flat, y_pred=noisy(flat, 2), layout="NL"), 12)
    assert gallery.notes == (FLAT,)
    assert gallery.images is not None
    assert all(one.picture is None for one in gallery.worst)
    none = build_gallery(replace(diagnose(**SICK["IOU502"]), arrays=None), 12)
    assert (none.worst, none.images) == ((), None)

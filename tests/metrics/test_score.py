"""The doctor's own score, sentence by sentence, and on a real network's output."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.label_decoding import encode_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.metrics.score import Pixels, compute_score
from iou_doctor.sources.memory.array import ArraySource
from iou_doctor.sources.opening import open_pair

CAMVID = Path(__file__).resolve().parents[3] / "shared" / "data" / "camvid"
NO_CLASS = int(encode_no_class(np.array([0]))[0])

needs_camvid = pytest.mark.skipif(
    not CAMVID.is_dir(), reason="the CamVid reference data is not beside the project"
)


def score_of(*, y_true, y_pred, num_classes, ignore_index=None):
    """Return the score of label maps: a list of pixels for each image."""
    rows = [
        (image, true, pred)
        for image, (trues, preds) in enumerate(zip(y_true, y_pred, strict=True))
        for true, pred in zip(trues, preds, strict=True)
    ]
    image, truth, prediction = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    pairs = PairCounts.from_rows(
        image=image, truth=truth, prediction=prediction, count=np.ones_like(image)
    )
    return compute_score(pairs=pairs, num_classes=num_classes, ignore_index=ignore_index)


def ious(result):
    return [entry.iou for entry in result.per_class]


def test_the_mean_is_taken_over_the_classes_of_one_table():
    # class 0: 2 of 3, class 1: 1 of 2
    result = score_of(y_true=[[0, 0], [1, 0]], y_pred=[[0, 0], [1, 1]], num_classes=2)
    assert ious(result) == [2 / 3, 1 / 2]
    assert result.mean_iou == (2 / 3 + 1 / 2) / 2
    assert result.pixel_accuracy == 3 / 4


def test_a_class_with_zero_union_is_absent_and_not_in_the_mean():
    result = score_of(y_true=[[0, 1]], y_pred=[[0, 1]], num_classes=4)
    assert ious(result) == [1.0, 1.0, None, None]
    assert result.mean_iou == 1.0
    assert result.mean_dice == 1.0


def test_a_class_that_is_only_predicted_counts_as_zero():
    result = score_of(y_true=[[0, 0]], y_pred=[[0, 2]], num_classes=3)
    assert ious(result) == [1 / 2, None, 0.0]
    assert result.mean_iou == 1 / 4


def test_pixels_of_an_ignore_label_outside_the_classes_leave():
    result = score_of(
        y_true=[[0, 255, 255, 1]], y_pred=[[0, 1, 0, 0]], num_classes=2, ignore_index=255
    )
    assert ious(result) == [1 / 2, 0.0]
    assert result.pixels == Pixels(total=4, counted=2, ignored=2, out_of_range=0)


def test_an_ignore_label_inside_the_classes_leaves_the_mean_with_its_pixels():
    result = score_of(y_true=[[0, 0, 1, 1]], y_pred=[[0, 1, 1, 0]], num_classes=2, ignore_index=0)
    assert ious(result) == [None, 1 / 2]
    assert result.mean_iou == 1 / 2
    assert result.pixel_accuracy == 1 / 2
    assert result.pixels == Pixels(total=4, counted=2, ignored=2, out_of_range=0)


@pytest.mark.parametrize("stray", [-1, 2, 255, NO_CLASS])
def test_pixels_whose_truth_is_no_class_leave_and_are_out_of_range(stray):
    result = score_of(y_true=[[0, stray, 1]], y_pred=[[0, 1, 1]], num_classes=2)
    assert ious(result) == [1.0, 1.0]
    assert result.pixels == Pixels(total=3, counted=2, ignored=0, out_of_range=1)


@pytest.mark.parametrize("stray", [-1, 2, 255, NO_CLASS])
def test_a_prediction_that_is_no_class_is_a_miss_for_the_true_class(stray):
    result = score_of(y_true=[[0, 0, 1]], y_pred=[[0, stray, 1]], num_classes=2)
    assert ious(result) == [1 / 2, 1.0]
    assert result.pixel_accuracy == 2 / 3
    assert [entry.predicted_pixels for entry in result.per_class] == [1, 1]
    assert result.pixels == Pixels(total=3, counted=3, ignored=0, out_of_range=0)


def test_ignored_truth_predicted_as_a_class_is_no_false_positive():
    result = score_of(y_true=[[9, 9, 1]], y_pred=[[1, 0, 1]], num_classes=2, ignore_index=9)
    assert [entry.predicted_pixels for entry in result.per_class] == [0, 1]


def test_no_score_is_defined_where_every_pixel_is_ignored():
    result = score_of(y_true=[[7, 7]], y_pred=[[0, 1]], num_classes=2, ignore_index=7)
    assert result.mean_iou is None
    assert result.pixel_accuracy is None
    assert result.frequency_weighted_iou is None
    assert result.mean_dice is None
    assert result.per_image_mean_iou is None
    assert result.pixels == Pixels(total=2, counted=0, ignored=2, out_of_range=0)


def test_the_mean_over_images_averages_each_images_own_mean():
    # image 0: (1 + 1) / 2, image 1: class 0 is 1/2, class 1 is 0, image 2 is ignored
    result = score_of(
        y_true=[[0, 1], [0, 0], [9, 9]],
        y_pred=[[0, 1], [0, 1], [0, 0]],
        num_classes=3,
        ignore_index=9,
    )
    assert result.per_image_mean_iou == (1.0 + 1 / 4) / 2


@given(
    hnp.arrays(np.int64, st.tuples(st.integers(1, 9), st.just(4)), elements=st.integers(-1, 3)),
    st.randoms(use_true_random=False),
    st.sampled_from([None, 2]),
    st.integers(1, 12),
    st.integers(1, 12),
)
def test_a_score_does_not_depend_on_how_much_is_counted_at_once(y_true, random, ignore, rows, kept):
    y_pred = [[random.randint(-1, 3) for _ in image] for image in y_true]
    arrays = {"y_true": y_true.tolist(), "y_pred": y_pred}
    whole = score_of(**arrays, num_classes=3, ignore_index=ignore)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("iou_doctor.counts.pair_counts.BLOCK", rows)
        patch.setattr("iou_doctor.counts.pair_columns.LONG", rows)
        patch.setattr("iou_doctor.counts.class_areas.MOST_CACHED", kept)
        patch.setattr("iou_doctor.counts.class_areas.MANY_AREAS", rows)
        assert score_of(**arrays, num_classes=3, ignore_index=ignore) == whole


def test_the_frequency_weighted_iou_weighs_by_true_pixels():
    result = score_of(y_true=[[0, 0, 0, 1]], y_pred=[[0, 0, 1, 1]], num_classes=2)
    assert result.frequency_weighted_iou == pytest.approx(3 / 4 * 2 / 3 + 1 / 4 * 1 / 2, abs=1e-15)


def test_dice_is_twice_the_overlap_over_both_sizes():
    result = score_of(y_true=[[0, 0, 0, 1]], y_pred=[[0, 0, 1, 1]], num_classes=2)
    assert [entry.dice for entry in result.per_class] == pytest.approx([4 / 5, 2 / 3], abs=1e-15)
    assert result.mean_dice == pytest.approx((4 / 5 + 2 / 3) / 2, abs=1e-15)


def test_the_mean_over_some_classes_leaves_absent_ones_out():
    result = score_of(y_true=[[0, 0, 1]], y_pred=[[0, 1, 1]], num_classes=3)
    assert result.average_over((0,)) == 1 / 2
    assert result.average_over((1, 2)) == 1 / 2
    assert result.average_over((2,)) is None
    assert result.average_over(None) == result.mean_iou


@pytest.mark.reference
@settings(max_examples=25)
@given(st.integers(2, 5), st.data())
def test_the_iou_of_valid_labels_is_scikit_learns(classes, data):
    metrics = pytest.importorskip("sklearn.metrics")
    ids = hnp.arrays("u1", (2, 12), elements=st.integers(0, classes - 1))
    y_true, y_pred = data.draw(ids), data.draw(ids)
    result = score_of(y_true=y_true, y_pred=y_pred, num_classes=classes)
    each = metrics.jaccard_score(
        y_true.ravel(), y_pred.ravel(), labels=range(classes), average=None, zero_division=0
    )
    assert [value or 0.0 for value in ious(result)] == pytest.approx(each.tolist(), abs=1e-12)
    seen = metrics.jaccard_score(y_true.ravel(), y_pred.ravel(), average="macro")
    assert result.mean_iou == pytest.approx(seen, abs=1e-12)


def report_of(*, y_true, y_pred, metric, **options):
    pair = Pair(y_true=ArraySource(y_true, "masks"), y_pred=ArraySource(y_pred, "predictions"))
    return check_pair(pair, CheckRequest(options=Options(**options), metric=metric))


def reference(name):
    return json.loads((CAMVID / "reference_metrics.json").read_text(encoding="utf-8"))[name]


def assert_is_reference(report, name):
    expected = reference(name)
    matrix = np.array(expected["confusion_matrix_rows_gt_cols_pred"])
    ours = report.score.per_class
    assert [entry.truth_pixels for entry in ours] == matrix.sum(axis=1).tolist()
    assert [entry.predicted_pixels for entry in ours] == matrix.sum(axis=0).tolist()
    assert [entry.intersection for entry in ours] == np.diag(matrix).tolist()
    assert ious(report.score) == pytest.approx(list(expected["iou"].values()), abs=1e-12)
    assert report.score.mean_iou == pytest.approx(expected["mean_iou"], abs=1e-12)
    assert report.score.pixel_accuracy == pytest.approx(expected["pixel_accuracy"], abs=1e-12)
    assert report.pixels.counted == matrix.sum()


@needs_camvid
@pytest.mark.parametrize(
    ("predictions", "masks", "name"),
    [
        ("val30_probs_f16.npy", "val30_masks_u8.npy", "val30_from_f16"),
        ("png/predictions", "png/masks", "val30_from_f32"),
        ("val3.h5::/probs", "val3.h5::/masks", "val3"),
        ("val3_logits_f32.npy", "val3_masks_u8.npy", "val3"),
    ],
)
def test_a_real_networks_score_is_reproduced(predictions, masks, name):
    pair = open_pair(y_true=f"{CAMVID / masks}", y_pred=f"{CAMVID / predictions}")
    report = check_pair(pair, CheckRequest(options=Options(num_classes=11, ignore_index=11)))
    assert_is_reference(report, name)


@pytest.fixture(scope="module")
def camvid():
    if not CAMVID.is_dir():
        pytest.skip("the CamVid reference data is not beside the project")
    masks = np.load(CAMVID / "val30_masks_u8.npy")
    return masks, np.load(CAMVID / "val30_probs_f16.npy")


def test_the_mean_over_real_images_is_lower_than_that_of_the_data_set(camvid):
    masks, probabilities = camvid
    report = report_of(
        y_true=masks,
        y_pred=probabilities,
        metric="MeanIoU(num_classes=11, ignore_class=11, sparse_y_pred=False)",
    )
    assert report.score.per_image_mean_iou == pytest.approx(0.55945, abs=5e-6)
    assert report.score.mean_iou == pytest.approx(0.5677786168726201, abs=1e-12)
    assert report.metric.value == pytest.approx(0.5677786, abs=1e-6)


def test_void_counted_as_a_twelfth_class_is_a_silent_wrong_number(camvid):
    masks, probabilities = camvid
    metric = "MeanIoU(num_classes=12, sparse_y_pred=False)"
    report = report_of(y_true=masks, y_pred=probabilities, metric=metric)
    assert report.metric.value == pytest.approx(0.50757, abs=5e-6)


@pytest.mark.parametrize(
    "metric",
    [
        "OneHotMeanIoU(num_classes=11)",
        "MeanIoU(num_classes=11, sparse_y_true=False, sparse_y_pred=False)",
    ],
)
def test_void_without_a_channel_becomes_the_first_class(camvid, metric):
    masks, probabilities = camvid
    one_hot = (masks[..., np.newaxis] == np.arange(11)).astype(np.uint8)
    report = report_of(y_true=one_hot, y_pred=probabilities, metric=metric)
    assert report.metric.value == pytest.approx(0.54201, abs=5e-6)
    assert report.score.mean_iou == pytest.approx(0.5677786168726201, abs=1e-12)


def test_rounded_probabilities_lose_the_pixels_without_a_majority(camvid):
    masks, probabilities = camvid
    report = report_of(
        y_true=masks,
        y_pred=np.round(probabilities),
        metric="MeanIoU(num_classes=11, ignore_class=11, sparse_y_pred=False)",
    )
    assert report.metric.value == pytest.approx(0.53945, abs=5e-6)


def test_labels_shifted_by_one_leave_next_to_nothing(camvid):
    masks, probabilities = camvid
    report = report_of(
        y_true=masks,
        y_pred=probabilities.argmax(axis=-1) + 1,
        metric="MeanIoU(num_classes=12, ignore_class=11)",
    )
    assert report.metric.value == pytest.approx(0.01162, abs=5e-6)


def test_void_that_was_not_named_is_dropped_without_a_word(camvid):
    masks, probabilities = camvid
    metric = "MeanIoU(num_classes=11, sparse_y_pred=False)"
    report = report_of(y_true=masks, y_pred=probabilities, metric=metric)
    assert report.metric.value == pytest.approx(0.56778, abs=5e-6)
    assert report.metric.dropped == np.count_nonzero(masks == 11)

"""Void labels: other ids, several of them, ids among the classes, and too many ignored pixels."""

from __future__ import annotations

import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, roots
from PIL import Image
from scipy.ndimage import binary_dilation, gaussian_filter

from field.arrays import draw_masks, draw_pair, predict
from iou_doctor.report.finding import Severity

BINARY = draw_masks((5, 96, 96), 2, smoothness=10.0)
GOOD = predict(BINARY, 2)


def blobs(shape, share, seed=5):
    """Return a share of the pixels of maps, in blobs."""
    random = np.random.default_rng(seed)
    height = gaussian_filter(random.normal(size=shape), (0, 3.0, 3.0))
    return height > np.quantile(height, 1 - share)


def scored_without(truth, predicted, left_out, classes):
    """Return the mean IoU without some pixels."""
    return mean_iou(truth[~left_out], predicted[~left_out], classes)


def street(classes=9):
    truth = draw_masks((6, 64, 64), classes).astype(np.int16)
    return truth, predict(truth, classes)


def warned(report):
    """Return the names of the causes that are more than notes."""
    return [f.rule.name for f in roots(report) if f.severity is not Severity.NOTE]


@pytest.mark.parametrize("void", [250, 254, 100, -100, 200, -2, 255, -1])
@pytest.mark.parametrize("declared", [True, False])
def test_a_label_that_is_never_predicted_is_void(void, declared):
    truth, predicted = street()
    holes = blobs(truth.shape, 0.08)
    wanted = scored_without(truth, predicted, holes, 9)
    report = diagnose(
        y_true=np.where(holes, void, truth),
        y_pred=predicted,
        num_classes=9 if declared else None,
    )
    finding = found(report, "undeclared-void-label")
    option = f"--ignore-index={void}" if void < 0 else f"--ignore-index {void}"
    assert finding.help.startswith(option)
    assert after(report, "undeclared-void-label") == pytest.approx(wanted)
    assert "num_classes" not in finding.help
    assert errors(report) == []


def test_two_void_labels_become_one():
    truth, predicted = street(5)
    one, two = blobs(truth.shape, 0.05), blobs(truth.shape, 0.05, seed=9)
    masks = np.where(one, 255, np.where(two, 254, truth))
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=5)
    assert found(report, "undeclared-void-label").help.startswith(
        "masks = np.where(np.isin(masks, [254]), 255, masks), then --ignore-index 255"
    )
    assert after(report, "undeclared-void-label") == pytest.approx(
        scored_without(truth, predicted, one | two, 5)
    )
    assert errors(report) == []


def test_a_second_void_label_becomes_the_declared_one():
    truth, predicted = street(5)
    one, two = blobs(truth.shape, 0.05), blobs(truth.shape, 0.05, seed=9)
    masks = np.where(one, 255, np.where(two, 254, truth))
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=5, ignore_index=255)
    finding = found(report, "undeclared-void-label")
    assert "only 255 is declared" in finding.message
    assert finding.help == "masks = np.where(np.isin(masks, [254]), 255, masks)"


def test_a_class_by_another_id_is_not_void():
    truth = draw_masks((8, 48, 48), 4)
    report = diagnose(
        y_true=np.where(truth == 3, 4, truth), y_pred=predict(truth, 4), num_classes=4
    )
    assert "undeclared-void-label" not in names(report)


@pytest.mark.parametrize("num_classes", [None, 12])
def test_the_last_id_that_is_never_predicted_is_void(num_classes):
    truth, predicted = street(11)
    holes = blobs(truth.shape, 0.1)
    report = diagnose(y_true=np.where(holes, 11, truth), y_pred=predicted, num_classes=num_classes)
    assert found(report, "undeclared-void-label").help.startswith("--ignore-index 11")
    assert after(report, "undeclared-void-label") == pytest.approx(
        scored_without(truth, predicted, holes, 11)
    )
    assert "never-predicted-class" not in names(report)


@pytest.mark.parametrize(("void", "fires"), [(10, True), (32, True), (100, True), (9, False)])
def test_a_large_label_beside_two_classes_is_void(void, fires):
    holes = blobs(BINARY.shape, 0.1)
    report = diagnose(y_true=np.where(holes, void, BINARY), y_pred=GOOD)
    assert ("undeclared-void-label" in names(report)) == fires
    if fires:
        assert report.verdict.primary == "undeclared-void-label"
        assert after(report, "undeclared-void-label") == pytest.approx(
            scored_without(BINARY, GOOD, holes, 2)
        )


@pytest.mark.parametrize("missed", [1, 4, 8])
def test_a_rare_class_that_is_never_predicted_is_no_void(missed):
    truth = draw_masks((6, 64, 64), 9)
    rare = np.where((truth == missed) & ~blobs(truth.shape, 0.15), 0, truth)
    predicted = predict(rare, 9)
    report = diagnose(
        y_true=rare, y_pred=np.where(predicted == missed, 3, predicted), num_classes=9
    )
    assert "undeclared-void-label" not in names(report)
    assert "never-predicted-class" in names(report)


def test_an_unlabelled_0_is_void():
    crops = draw_masks((1, 145, 145), 16, smoothness=4.0) + 1
    predicted = predict(crops - 1, 16, wrong=0.01) + 1
    labelled = blobs(crops.shape, 0.49)
    report = diagnose(y_true=np.where(labelled, crops, 0), y_pred=predicted)
    finding = found(report, "undeclared-void-label")
    assert "unlabelled" in finding.message
    assert finding.help.startswith("--ignore-index 0")
    assert after(report, "undeclared-void-label") == pytest.approx(
        scored_without(crops, predicted, ~labelled, 17)
    )
    assert report.primary is finding


@pytest.mark.parametrize("num_classes", [None, 34])
def test_void_ids_of_a_known_data_set_in_both_arrays(num_classes):
    ids = np.array([7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26])
    truth = ids[draw_masks((4, 96, 96), 14)]
    predicted = ids[predict(draw_masks((4, 96, 96), 14), 14)]
    ego, ground = blobs(truth.shape, 0.1), blobs(truth.shape, 0.1, seed=8)
    masks = np.where(ego, 1, np.where(ground, 6, truth)).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=predicted.astype(np.uint8), num_classes=num_classes)
    finding = found(report, "undeclared-void-label")
    assert "Cityscapes labelIds" in finding.message
    assert "[1, 6]" in finding.help
    assert after(report, "undeclared-void-label") == pytest.approx(
        scored_without(truth, predicted, ego | ground, 34)
    )


@pytest.mark.parametrize(
    "options",
    [
        {"num_classes": 2, "ignore_index": 255},
        {"metric": 'SemSegEvaluator("lesions", num_classes=2, ignore_label=255)'},
        {"metric": "keras.metrics.MeanIoU(num_classes=2, ignore_class=255)"},
    ],
)
def test_255_is_the_object_although_it_is_the_ignore_label(options):
    report = diagnose(y_true=BINARY * 255, y_pred=GOOD, **options)
    assert errors(report) == ["masks-0-255"]
    assert report.verdict.primary == "masks-0-255"
    assert after(report, "masks-0-255") == pytest.approx(mean_iou(BINARY, GOOD, 2))
    assert "mostly-ignored" in report.consequences
    assert not any("weight the loss" in finding.help for finding in report.findings)


def test_an_object_that_is_ignored_and_never_predicted():
    report = diagnose(
        y_true=BINARY * 255, y_pred=np.zeros_like(BINARY), num_classes=2, ignore_index=255
    )
    assert report.verdict.primary == "masks-0-255"
    assert report.verdict.mean_iou_after_all == pytest.approx((BINARY == 0).mean() / 2)


def test_an_ignored_border_round_nothing_is_no_object():
    random = np.random.default_rng(1)
    masks = np.where(blobs(BINARY.shape, 0.1), 255, 0)
    report = diagnose(
        y_true=masks,
        y_pred=(random.random(masks.shape) < 0.02).astype(np.uint8),
        num_classes=2,
        ignore_index=255,
    )
    assert "masks-0-255" not in names(report)


def test_most_pixels_are_ignored():
    truth, predicted = draw_masks((4, 96, 96), 4), predict(draw_masks((4, 96, 96), 4), 4)
    masks = np.where(truth == 0, 255, truth - 1)
    masks[blobs(truth.shape, 0.4)] = 255
    report = diagnose(
        y_true=masks,
        y_pred=np.where(predicted == 0, 0, predicted - 1),
        metric="IoUMetric(iou_metrics=['mIoU'])",
        num_classes=3,
    )
    finding = found(report, "mostly-ignored")
    assert finding.severity is Severity.NOTE
    assert "costs nothing" in finding.message
    assert finding.facts["ignored"] == (masks == 255).sum()


def test_a_perfect_score_of_a_corner():
    predicted = draw_masks((1, 200, 200), 3).astype(np.int16)
    masks = np.full_like(predicted, -1)
    masks[:, :40, :40] = predicted[:, :40, :40]
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=3, ignore_index=-1)
    assert report.verdict.primary == "mostly-ignored"
    assert "96 %" in found(report, "mostly-ignored").message


def test_a_class_whose_predictions_are_free():
    truth, predicted = street(5)
    holes = blobs(truth.shape, 0.15)
    predicted = np.where(holes, 4, np.where(predicted == 4, 0, predicted))
    masks = np.where(holes, 255, np.where(truth == 4, 0, truth))
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=5, ignore_index=255)
    assert found(report, "mostly-ignored").facts["classes_mostly_there"] == [4]
    assert errors(report) == []


@pytest.mark.parametrize("missing", [-3.4028235e38, 9.96921e36, 1e20])
def test_the_no_data_value_of_a_float_raster_is_named(missing):
    truth, predicted = street(6)
    holes = blobs(truth.shape, 0.1)
    masks = np.where(holes, np.float32(missing), truth.astype(np.float32))
    report = diagnose(y_true=masks, y_pred=predicted)
    finding = found(report, "non-finite-masks")
    assert str(np.float32(missing)) in finding.message
    assert f"{holes.sum():,} pixels" in finding.message
    assert after(report, "non-finite-masks") == pytest.approx(
        scored_without(truth, predicted, holes, 6)
    )


def test_void_borders_written_as_0():
    truth = draw_masks((4, 96, 128), 5, smoothness=12.0)
    predicted = np.where(blobs(truth.shape, 0.05), draw_masks(truth.shape, 5, seed=50), truth)
    edges = np.zeros(truth.shape, dtype=bool)
    edges[:, 1:] |= truth[:, 1:] != truth[:, :-1]
    edges[:, :, 1:] |= truth[:, :, 1:] != truth[:, :, :-1]
    borders = binary_dilation(edges, np.ones((1, 5, 5)))
    report = diagnose(y_true=np.where(borders, 0, truth), y_pred=predicted, num_classes=5)
    finding = found(report, "undeclared-void-label")
    assert finding.severity is Severity.NOTE
    assert finding.facts["mean_iou_without"] == pytest.approx(
        scored_without(truth, predicted, borders, 5), abs=0.03
    )


def resize(maps, height, width):
    """Return maps resized with bilinear interpolation."""
    size = width, height
    return np.stack(
        [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BILINEAR)) for one in maps]
    )


@pytest.mark.parametrize("ignore_index", [255, None])
def test_interpolated_masks_beside_void(ignore_index):
    truth = draw_masks((3, 128, 192), 19, smoothness=10.0)
    masks = resize(np.where(blobs(truth.shape, 0.06), 255, truth).astype(np.uint8), 64, 96)
    report = diagnose(
        y_true=masks,
        y_pred=predict(truth, 19)[:, ::2, ::2],
        num_classes=19,
        ignore_index=ignore_index,
    )
    assert report.verdict.primary == "interpolated-masks"
    assert "label-out-of-range" not in names(report)
    assert not any("num_classes" in finding.help for finding in report.findings)
    assert not any(f.repair and f.repair.mean_iou_after < report.mean_iou for f in report.findings)


@pytest.mark.parametrize("void", [True, False])
def test_interpolated_predictions_whose_ids_are_all_classes(void):
    truth = draw_masks((6, 96, 128), 12, smoothness=8.0)
    predicted = resize(resize(predict(truth, 12), 48, 64), 96, 128)
    masks = np.where(blobs(truth.shape, 0.06), 255, truth) if void else truth
    report = diagnose(
        y_true=masks, y_pred=predicted, num_classes=12, ignore_index=255 if void else None
    )
    assert report.verdict.primary == "interpolated-predictions"


def lines(shape):
    """Return thin lines of class 1, as vessels are."""
    rows, columns = np.mgrid[: shape[1], : shape[2]]
    one = abs(rows - 20 - 8 * np.sin(columns / 9)) < 1.5
    two = abs(columns - 60 - 9 * np.sin(rows / 7)) < 1.5
    return np.stack([np.roll(one | two, 5 * image) for image in range(shape[0])]).astype(np.uint8)


def healthy():
    """Yield the name, both arrays and the options of healthy data with void, or with none."""
    nine, good = street()
    eight = blobs(nine.shape, 0.08)
    for void in (250, 255, -1, -100, 254):
        yield f"declared {void}", np.where(eight, void, nine), good, 9, void
    edges = np.zeros(BINARY.shape, dtype=bool)
    edges[:, 1:] |= BINARY[:, 1:] != BINARY[:, :-1]
    border = binary_dilation(edges, np.ones((1, 3, 3)))
    yield "two classes and a border", np.where(border, 255, BINARY), GOOD, 2, 255
    many = draw_masks((4, 96, 96), 21)
    rim = np.zeros(many.shape, dtype=bool)
    rim[:, :, 1:] |= many[:, :, 1:] != many[:, :, :-1]
    yield "21 classes and a border", np.where(rim, 255, many), predict(many, 21), 21, 255
    four = draw_masks((6, 64, 64), 4)
    scribbles = blobs(four.shape, 0.3)
    yield "scribbles", np.where(scribbles, four, 255), predict(four, 4), 4, 255
    yield "no void", nine, good, 9, None
    weak = np.random.default_rng(2).permutation(nine.ravel()).reshape(nine.shape)
    yield "a weak model", nine, np.where(eight, good, weak), 9, None
    thin = lines(BINARY.shape)
    yield "thin vessels", thin, np.roll(thin, 1, axis=1), 2, None
    codes, coded = nine * 10, good * 10
    yield "codes with gaps", codes, np.where(coded == 80, 70, coded), None, None
    gap = np.where(nine == 4, 0, nine)
    yield "a class that both lack", gap, np.where(good == 4, 0, good), 9, None
    background = np.where(blobs(nine.shape, 0.3), nine, 0)
    yield "mostly background", background, predict(background, 9), 9, None


@pytest.mark.parametrize("case", list(healthy()), ids=lambda case: case[0])
def test_healthy_data_has_no_void_fault(case):
    _, masks, predictions, num_classes, ignore_index = case
    report = diagnose(
        y_true=masks, y_pred=predictions, num_classes=num_classes, ignore_index=ignore_index
    )
    assert errors(report) == []
    # the builders move all predictions by a pixel, which is true of them
    assert set(warned(report)) <= {"shifted-predictions", "never-predicted-class"}
    assert "undeclared-void-label" not in names(report)


@pytest.mark.parametrize("num_classes", [4, 5])
def test_a_label_beside_a_class_that_no_mask_holds_is_not_called_void(num_classes):
    """The model is too weak to prove that the 4 of the masks is the 3 of the predictions."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, (6, 6, 6)).repeat(8, 1).repeat(8, 2)
    predictions = np.where(rng.random(truth.shape) < 0.9, rng.integers(0, 4, truth.shape), truth)
    masks = np.where(truth == 3, 4, truth)
    report = diagnose(
        y_true=masks.astype(np.uint8),
        y_pred=predictions.astype(np.uint8),
        num_classes=num_classes,
    )
    assert not [one for one in report.findings if "--ignore-index 4" in one.help]
    assert not [one for one in report.findings if one.rule.name == "undeclared-void-label"]


@pytest.mark.parametrize("seed", [32, 53])
def test_labels_of_single_points_show_no_shift_by_chance(seed):
    truth, predicted = draw_pair(
        (6, 64, 64), 5, seed=seed, smoothness=5.0, noise=0.4, background=0.0
    )
    points = np.random.default_rng(seed).random(truth.shape) < 0.04
    report = diagnose(
        y_true=np.where(points, truth, 255), y_pred=predicted, num_classes=5, ignore_index=255
    )
    assert "shifted-predictions" not in names(report)


@pytest.mark.parametrize("void", [None, 255])
def test_an_unknown_label_that_is_predicted_as_one_class_may_be_this_class(void):
    masks = draw_masks((6, 60, 80), 4, seed=1)
    predictions = np.where(np.random.default_rng(2).random(masks.shape) < 0.1, 0, masks)
    left = np.where((masks == 2) & (np.arange(80) < 40), 77, masks)
    if void is not None:
        left[:, ::9, ::5] = void
    report = diagnose(y_true=left, y_pred=predictions, num_classes=4)
    finding = next(f for f in report.findings if "77" in f.facts.get("labels", {}))
    assert "another number for this class, or void" in finding.message
    assert finding.repair is None
    score = scored_without(np.where(left == 77, 2, left), predictions, left == 255, 4)
    assert f"As class 2, the mean IoU is {score:.4f}" in finding.message
    assert "np.where(masks == 77, 2, masks)" in finding.help


def test_an_unknown_label_with_several_predictions_is_void():
    masks = draw_masks((6, 60, 80), 4, seed=1)
    bordered = np.where(np.arange(80) < 6, 77, masks)
    report = diagnose(y_true=bordered, y_pred=masks, num_classes=4)
    assert found(report, "undeclared-void-label").repair.name == "ignore label 77"


def test_masks_of_background_and_void_are_not_reduced_if_they_hardly_fit_then():
    masks = draw_masks((6, 60, 80), 2, seed=1)
    untrained = draw_masks((6, 60, 80), 2, seed=9)
    halfway = np.where(np.random.default_rng(3).random(masks.shape) < 0.5, 1 - masks, untrained)
    report = diagnose(y_true=masks * np.uint8(255), y_pred=halfway, num_classes=2, ignore_index=255)
    assert "zero-label-reduced" not in names(report)


def test_two_classes_of_which_0_was_reduced():
    masks = draw_masks((6, 60, 80), 2, seed=1)
    reduced = np.where(masks == 0, 255, masks - 1).astype(np.uint8)
    report = diagnose(y_true=reduced, y_pred=predict(masks, 2), num_classes=2, ignore_index=255)
    assert report.verdict.primary == "zero-label-reduced"

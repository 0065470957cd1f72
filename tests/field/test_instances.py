"""Numbers of objects in place of class ids: in one image or many, on one side or both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names
from help_code import run_help
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion
from scipy.ndimage import label as number_regions

from field.arrays import draw_masks, predict
from field.channels import binary_logits, squash

INSTANCES = "instance-ids"
Numbers = NDArray[np.integer[Any]]


def draw_nuclei(
    images: int, height: int, width: int, *, step: int = 16, radius: int = 6, seed: int = 0
) -> Numbers:
    """Return round objects on a grid with gaps, numbered 1..k in each image, uint16."""
    random = np.random.default_rng(seed)
    masks = np.zeros((images, height, width), np.uint16)
    rows, columns = np.ogrid[:height, :width]
    for image in masks:
        number = 0
        for top in range(step // 2, height - step // 3, step):
            for left in range(step // 2, width - step // 3, step):
                if random.random() < 0.3:
                    continue
                number += 1
                y, x = np.array([top, left]) + random.integers(-2, 3, 2)
                size = radius * random.uniform(0.6, 1.05)
                image[(rows - y) ** 2 + (columns - x) ** 2 < size**2] = number
    return masks


def find_foreground(numbers: Numbers, *, wrong: float = 0.02) -> Numbers:
    """Return a decent binary prediction of numbered objects."""
    return predict((numbers > 0).astype(np.uint8), 2, seed=3, wrong=wrong)


def paint_smaller(numbers: Numbers) -> Numbers:
    """Return masks of 0 and 255, in which each object lacks its outermost pixels."""
    return binary_erosion(numbers > 0, np.ones((1, 3, 3))).astype(np.uint8) * 255


def check_foreground(report, masks, predictions):
    """Assert that the masks hold numbers, and that the help and the repair give the score."""
    assert report.verdict.primary == INSTANCES
    assert errors(report) == [INSTANCES]
    finding = found(report, INSTANCES)
    assert "masks = masks > 0" in finding.help
    masks, predictions = run_help(finding.help, masks=masks, predictions=predictions)
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, predictions > 0, 2))


@pytest.mark.parametrize("declared", ["nothing", "two", "the largest number"])
def test_numbers_of_lesions_that_start_again_in_each_image(declared):
    masks = draw_nuclei(6, 96, 96).astype(np.uint8)
    predictions = find_foreground(masks)
    classes = {"nothing": None, "two": 2, "the largest number": int(masks.max()) + 1}[declared]
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=classes)
    check_foreground(report, masks, predictions)


def test_images_with_few_lesions():
    masks = draw_nuclei(6, 96, 96, step=30, radius=10).astype(np.uint8)
    predictions = find_foreground(masks)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=int(masks.max()) + 1)
    check_foreground(report, masks, predictions)


@pytest.mark.parametrize("options", [{}, {"num_classes": 2}, {"num_classes": 600}])
def test_one_image_of_nuclei(options):
    masks = draw_nuclei(1, 350, 550)
    predictions = find_foreground(masks)
    report = diagnose(y_true=masks, y_pred=predictions, **options)
    check_foreground(report, masks, predictions)


@pytest.mark.parametrize("images", [1, 6])
def test_predictions_may_number_the_objects(images):
    numbers = draw_nuclei(images, 160, 160)
    masks = find_foreground(numbers)
    report = diagnose(y_true=masks, y_pred=numbers)
    finding = found(report, INSTANCES)
    assert errors(report) == [INSTANCES]
    assert report.verdict.primary == INSTANCES
    assert "predictions = predictions > 0" in finding.help
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, numbers > 0, 2))


def test_images_with_three_or_four_objects():
    masks = draw_nuclei(12, 64, 64, step=32, radius=9)
    predictions = find_foreground(masks)
    report = diagnose(y_true=masks, y_pred=predictions)
    check_foreground(report, masks, predictions)


def test_nested_stages_of_a_tumour_are_no_objects():
    rows, columns = np.ogrid[:64, :64]
    distance = np.hypot(rows - 30, columns - 34)
    masks = np.stack([sum(distance < 6 * k for k in range(1, 2 + i % 4)) for i in range(12)])
    report = diagnose(y_true=masks.astype(np.uint8), y_pred=(masks > 0).astype(np.uint8))
    assert INSTANCES not in names(report)


def test_thousands_of_numbers():
    masks = draw_nuclei(1, 700, 700, step=10, radius=4)
    assert masks.max() > 2_000
    predictions = find_foreground(masks)
    check_foreground(diagnose(y_true=masks, y_pred=predictions), masks, predictions)


def test_tracked_nuclei_keep_their_numbers():
    first = draw_nuclei(1, 128, 128)[0]
    masks = np.stack([np.roll(first, 2 * step, axis=1) for step in range(8)])
    for step, frame in enumerate(masks):
        frame[(frame % 7 == step % 7) | (np.arange(128) < 16)] = 0
    predictions = find_foreground(masks)
    check_foreground(diagnose(y_true=masks, y_pred=predictions), masks, predictions)


def test_segments_of_a_volume():
    z, y, x = np.mgrid[:24, :64, :64]
    masks = np.zeros((1, 24, 64, 64), np.uint16)
    centres = [(k, i, j) for k in (6, 18) for i in range(8, 64, 16) for j in range(8, 64, 16)]
    for number, (depth, row, column) in enumerate(centres, 1):
        masks[0][(z - depth) ** 2 + (y - row) ** 2 + (x - column) ** 2 < 36] = number
    predictions = find_foreground(masks)
    check_foreground(diagnose(y_true=masks, y_pred=predictions), masks, predictions)


@pytest.mark.parametrize(
    ("images", "step", "radius"), [(1, 16, 6), (8, 16, 6), (8, 40, 14), (12, 60, 18)]
)
@pytest.mark.parametrize("order", ["as they come", "shuffled"])
def test_objects_on_both_sides_are_to_be_matched(images, step, radius, order):
    masks = draw_nuclei(images, 128, 128, step=step, radius=radius)
    random = np.random.default_rng(1)
    predictions = np.zeros_like(masks)
    for found_objects, image in zip(predictions, find_foreground(masks, wrong=0.005), strict=True):
        numbers, count = number_regions(image)
        own = np.arange(count) if order == "as they come" else random.permutation(count)
        found_objects[:] = np.append(0, own + 1)[numbers]
    report = diagnose(y_true=masks, y_pred=predictions)
    assert report.verdict.primary == INSTANCES
    finding = found(report, INSTANCES)
    assert "both arrays number objects" in finding.message
    assert "match the objects" in finding.help
    score = mean_iou(masks > 0, predictions > 0, 2)
    assert finding.repair.mean_iou_after == pytest.approx(score)
    assert "permuted-classes" not in names(report)
    assert "recoded-class-ids" not in names(report)


def number_row_by_row(labels: Numbers) -> Numbers:
    """Return the regions of each image, numbered as `scipy.ndimage.label` does."""
    return np.stack([number_regions(image > 0)[0] for image in labels]).astype(np.uint16)


@pytest.mark.parametrize(
    ("images", "step", "radius"), [(1, 30, 10), (1, 16, 6), (4, 40, 14), (12, 60, 18)]
)
@pytest.mark.parametrize("declared", ["nothing", "two", "the largest number"])
@pytest.mark.parametrize("missed", [False, True])
def test_objects_on_both_sides_that_are_numbered_row_by_row(images, step, radius, declared, missed):
    objects = draw_nuclei(images, 128, 128, step=step, radius=radius)
    masks = number_row_by_row(objects)
    outlines = np.roll(masks, 2, axis=-1)
    predictions = number_row_by_row(np.where(outlines == 2, 0, outlines) if missed else outlines)
    classes = {"nothing": None, "two": 2, "the largest number": int(masks.max()) + 1}[declared]
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=classes)
    if images == 1 and step == 30 and not missed and declared != "two":
        assert "class-imbalance" not in names(report)  # eleven classes could be like this
        return
    assert report.verdict.primary == INSTANCES
    finding = found(report, INSTANCES)
    assert "match the objects" in finding.help
    if images != 12 or declared != "two":  # there, the first object alone scores higher than all
        score = mean_iou(masks > 0, predictions > 0, 2)
        assert finding.repair.mean_iou_after == pytest.approx(score)
    assert {"class-imbalance", "label-out-of-range"} & set(names(report)) <= report.consequences


def test_separate_organs_that_stand_in_the_order_of_their_ids_are_classes():
    masks = np.zeros((6, 96, 96), np.uint8)
    for organ in range(1, 13):
        top, left = divmod(organ - 1, 4)
        masks[:, 24 * top + 4 : 24 * top + 20, 24 * left + 4 : 24 * left + 20] = organ
    shifted = np.where(masks == 3, 0, np.roll(masks, 1, axis=-1))
    for images in (6, 1):
        check_no_objects(diagnose(y_true=masks[:images], y_pred=shifted[:images]))


def number_classes(masks: Numbers, factor: int, *, upper: bool = True) -> Numbers:
    """Return the masks with the objects of the classes 5 and more numbered within the ids."""
    numbers = np.zeros(masks.shape, np.int64)
    for index, image in enumerate(masks):
        for label in range(5, int(masks.max()) + 1):
            regions, _ = number_regions(image == label)
            numbers[index] += regions
    return masks.astype(np.int64) * factor + numbers if upper else numbers * factor + masks


@pytest.mark.parametrize("options", [{}, {"num_classes": 12}])
@pytest.mark.parametrize("factor", [100, 256, 1000, 65_536])
def test_a_class_times_a_factor_plus_a_number(factor, options):
    masks = draw_masks((6, 96, 96), 12)
    predictions = predict(masks, 12)
    report = diagnose(y_true=number_classes(masks, factor), y_pred=predictions, **options)
    assert report.verdict.primary == INSTANCES
    finding = found(report, INSTANCES)
    assert f"masks // {factor}" in finding.help
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, predictions, 12))


def test_a_class_below_a_number():
    masks = draw_masks((6, 96, 96), 12)
    predictions = predict(masks, 12)
    coded = number_classes(masks, 65_536, upper=False)
    report = diagnose(y_true=coded, y_pred=predictions, num_classes=12)
    finding = found(report, INSTANCES)
    assert "masks % 65536" in finding.help
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, predictions, 12))


def check_no_objects(report):
    assert INSTANCES not in names(report)
    assert not errors(report)


def test_one_object_in_an_image_has_a_class():
    random = np.random.default_rng(5)
    blobs = draw_masks((40, 64, 64), 2)
    classes = random.integers(1, 21, 40).astype(np.uint8)[:, None, None]
    check_no_objects(
        diagnose(y_true=blobs * classes, y_pred=predict(blobs, 2) * classes, num_classes=21)
    )


def test_a_model_that_only_knows_persons_is_no_foreground_model():
    random = np.random.default_rng(5)
    classes = random.integers(1, 21, 40).astype(np.uint8)[:, None, None]
    masks = draw_masks((40, 64, 64), 2) * classes
    predictions = np.where(masks == 1, 1, 0).astype(np.uint8)
    check_no_objects(diagnose(y_true=masks, y_pred=predictions, num_classes=21))


def test_organs_of_which_each_image_shows_all_are_classes():
    masks = np.zeros((6, 96, 96), np.uint8)
    for organ in range(1, 14):
        top, left = divmod(organ - 1, 4)
        masks[:, 24 * top + 4 : 24 * top + 20, 24 * left + 4 : 24 * left + 20] = organ
    check_no_objects(diagnose(y_true=masks, y_pred=predict(masks, 14), num_classes=14))


def test_many_classes_of_one_image_are_silent():
    masks = draw_masks((1, 256, 256), 60, smoothness=8.0)
    check_no_objects(diagnose(y_true=masks, y_pred=predict(masks, 60)))


def test_codes_in_hundreds_are_classes():
    masks = draw_masks((6, 64, 64), 6).astype(np.int64)
    codes = np.array([111, 112, 121, 211, 231, 311])
    report = diagnose(y_true=codes[masks], y_pred=codes[predict(masks, 6)])
    check_no_objects(report)


def draw_balls(*shape: int) -> Numbers:
    """Return one volume of numbered balls that do not touch."""
    places = [range(5, size - 4, 10) for size in shape]
    masks = np.zeros(shape, np.uint8)
    grid = np.indices(shape)
    for number, place in enumerate(np.stack(np.meshgrid(*places), -1).reshape(-1, 3), 1):
        masks[((grid - place.reshape(3, 1, 1, 1)) ** 2).sum(0) < 16] = number
    return masks


@pytest.mark.parametrize("with_samples", [False, True])
@pytest.mark.parametrize("options", [{}, {"num_classes": 2}])
def test_numbers_of_the_objects_of_one_volume(options, with_samples):
    masks = draw_balls(10, 40, 50)
    predictions = np.roll(masks > 0, 1, axis=2).astype(np.uint8)
    if with_samples:
        masks, predictions = masks[np.newaxis], predictions[np.newaxis]
    check_foreground(diagnose(y_true=masks, y_pred=predictions, **options), masks, predictions)


def test_objects_on_both_sides_of_one_volume():
    masks = draw_balls(20, 40, 50)
    order = np.random.default_rng(0).permutation(int(masks.max())) + 1
    predictions = np.roll(np.append(0, order)[masks], 1, axis=2).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=predictions)
    assert report.verdict.primary == INSTANCES
    assert "predictions = predictions > 0" in found(report, INSTANCES).help


def test_segments_without_background_are_to_be_matched_only():
    cells = np.arange(2 * 15 * 15).reshape(2, 15, 15).repeat(6, 1).repeat(6, 2) + 1
    order = np.random.default_rng(0).permutation(1000)
    report = diagnose(y_true=cells, y_pred=order[np.roll(cells, 1, axis=2)])
    finding = found(report, INSTANCES)
    assert (report.verdict.primary, finding.repair) == (INSTANCES, None)
    assert "> 0" not in finding.help


def draw_numbered(images: int, *, fixed: bool, numbers: int = 16, seed: int = 0) -> Numbers:
    """Return as many objects in each image, numbered at random, or in much the same places."""
    random = np.random.default_rng(seed)
    rows, columns = np.ogrid[:110, :130]
    cells = [(y, x) for y in range(12, 100, 22) for x in range(12, 120, 22)]
    order = random.permutation(len(cells))
    masks = np.zeros((images, 110, 130), np.uint8)
    for image in masks:
        places = order if fixed else random.permutation(len(cells))
        for number, place in enumerate(places[:numbers], 1):
            y, x = np.array(cells[place]) + random.integers(-3, 4, 2)
            image[(rows - y) ** 2 + (columns - x) ** 2 < random.integers(4, 8) ** 2] = number
    return masks


@pytest.mark.parametrize(("images", "numbers"), [(2, 16), (5, 16), (8, 5)])
def test_as_many_objects_in_each_image(images, numbers):
    masks = draw_numbered(images, fixed=False, numbers=numbers)
    predictions = find_foreground(masks)
    check_foreground(diagnose(y_true=masks, y_pred=predictions, num_classes=2), masks, predictions)


@pytest.mark.parametrize("images", [2, 5])
def test_parts_in_the_same_places_of_each_image_are_no_objects(images):
    masks = draw_numbered(images, fixed=True)
    report = diagnose(y_true=masks, y_pred=find_foreground(masks), num_classes=2)
    assert report.verdict.primary == "recoded-class-ids"
    assert INSTANCES not in names(report)


def test_as_many_objects_in_each_image_beside_others():
    masks = draw_numbered(6, fixed=False, numbers=18)
    foreground = find_foreground(masks)
    predictions = np.stack([number_regions(image)[0] for image in foreground])
    report = diagnose(y_true=masks, y_pred=predictions)
    finding = found(report, INSTANCES)
    assert report.verdict.primary == INSTANCES
    assert "match the objects of each image" in finding.help
    score = mean_iou(masks > 0, predictions > 0, 2)
    assert finding.repair.mean_iou_after == pytest.approx(score)


@pytest.mark.parametrize("classes", [None, 2])
@pytest.mark.parametrize("images", [1, 5])
def test_numbers_beside_black_and_white_predictions(images, classes):
    masks = draw_nuclei(images, 110, 110)
    predictions = paint_smaller(masks)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=classes)
    assert report.verdict.primary == INSTANCES
    masks, predictions = run_help(
        found(report, INSTANCES).help, masks=masks, predictions=predictions
    )
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, predictions, 2))


@pytest.mark.parametrize("classes", [None, 2])
@pytest.mark.parametrize("images", [1, 5])
def test_numbers_beside_black_and_white_masks(images, classes):
    predictions = draw_nuclei(images, 110, 110)
    masks = paint_smaller(predictions)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=classes)
    assert report.verdict.primary in {INSTANCES, "masks-0-255"}
    assert INSTANCES in errors(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(
        mean_iou(masks > 0, predictions > 0, 2)
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_classes_around_void_are_no_objects(seed):
    predictions = draw_masks((4, 80, 80), 6, seed=seed)
    masks = np.where(predictions == 0, 0, 255).astype(np.uint8)
    assert INSTANCES not in names(diagnose(y_true=masks, y_pred=predictions))


@pytest.mark.parametrize("metric", [None, "BinaryIoU(target_class_ids=[0, 1], threshold=0.5)"])
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("size", [(5, 160, 160), (6, 128, 192), (8, 144, 144)])
def test_no_threshold_is_measured_on_numbers_of_objects(size, seed, metric):
    numbers = draw_nuclei(*size, step=32, radius=13, seed=seed)
    scores = squash(binary_logits((numbers > 0).astype(np.uint8), seed=seed + 1, sharp=1.0))
    report = diagnose(y_true=numbers, y_pred=scores, metric=metric, num_classes=2)
    assert INSTANCES in names(report)
    assert "threshold-off" not in names(report)
    wanted = mean_iou(numbers > 0, scores >= 0.5, 2)
    assert report.verdict.mean_iou_after_all == pytest.approx(wanted)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_threshold_is_still_measured_on_masks_of_two_classes(seed):
    masks = (draw_nuclei(5, 112, 112, seed=seed) > 0).astype(np.uint8)
    scores = squash(binary_logits(masks, seed=seed + 1, sharp=1.0)) ** 4
    metric = "BinaryIoU(target_class_ids=[0, 1], threshold=0.5)"
    assert "threshold-off" in names(diagnose(y_true=masks, y_pred=scores, metric=metric))

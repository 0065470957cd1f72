"""Ids that correspond one to one, although masks and predictions name them differently."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names, probabilities, roots
from help_code import run_help
from scipy.ndimage import gaussian_filter
from scipy.ndimage import label as number_regions

from field.arrays import Labels, draw_masks, predict
from iou_doctor.render.shared.score_words import RIGHT, list_scores
from iou_doctor.report.finding import Severity

RECODED = "recoded-class-ids"
COCO = [i for i in range(1, 91) if i not in {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}]
LAND_COVER = [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100, 0]


def draw_pair(classes: int, *shape: int, seed: int = 0, wrong: float = 0.06, smooth: float = 6.0):
    """Return masks and decent predictions of classes 0 to `classes` - 1."""
    masks = draw_masks(shape, classes, seed=seed, smoothness=smooth)
    return masks, predict(masks, classes, seed=seed + 1, wrong=wrong)


def recode(ids: list[int], labels: Labels, dtype: type = np.uint8) -> Labels:
    return np.array(ids, dtype)[labels]


def check_cured(report, masks, predictions, score, *, rule: str = RECODED):
    """Assert that the rule is the first cause, and that its repair and its help give the score."""
    assert report.verdict.primary == rule
    assert errors(report) == [rule]
    finding = found(report, rule)
    assert finding.repair.mean_iou_after == pytest.approx(score)
    for root in roots(report):
        assert "ignore-index" not in root.help
        assert "num_classes" not in root.help
    masks, predictions = run_help(finding.help, masks=masks, predictions=predictions)
    classes = int(max(masks.max(), predictions.max())) + 1
    assert mean_iou(masks, predictions, classes) == pytest.approx(score)


@pytest.mark.parametrize("options", [{}, {"num_classes": 4}, {"num_classes": 5}])
@pytest.mark.parametrize("side", ["masks", "predictions"])
def test_label_4_of_brats_is_class_3(options, side):
    masks, predictions = draw_pair(4, 8, 48, 48)
    score = mean_iou(masks, predictions, 4)
    if side == "masks":
        masks = recode([0, 1, 2, 4], masks)
    else:
        predictions = recode([0, 1, 2, 4], predictions)
    report = diagnose(y_true=masks, y_pred=predictions, **options)
    check_cured(report, masks, predictions, score)
    assert found(report, RECODED).facts["mapping"] == {"4": 3}
    assert "BraTS" in found(report, RECODED).message


@pytest.mark.parametrize("options", [{}, {"num_classes": 80}, {"num_classes": 91}])
def test_the_80_of_90_ids_of_coco_follow_their_order(options):
    masks, predictions = draw_pair(80, 10, 96, 96)
    coded = recode(COCO, masks)
    report = diagnose(y_true=coded, y_pred=predictions, **options)
    check_cured(report, coded, predictions, mean_iou(masks, predictions, 80))
    assert "COCO, 80 classes" in found(report, RECODED).message


def test_rare_ids_of_coco_follow_the_table_of_the_data_set():
    masks, predictions = draw_pair(80, 6, 64, 64, wrong=0.2)
    masks[masks == 17], predictions[predictions == 40] = 0, 0
    coded = recode(COCO, masks)
    report = diagnose(y_true=coded, y_pred=predictions, num_classes=80)
    check_cured(report, coded, predictions, mean_iou(masks, predictions, 80))


def test_coco_behind_a_background():
    masks, predictions = draw_pair(81, 10, 96, 96)
    coded = recode([0, *COCO], masks)
    report = diagnose(y_true=coded, y_pred=predictions, num_classes=81)
    check_cured(report, coded, predictions, mean_iou(masks, predictions, 81))


@pytest.mark.parametrize("options", [{}, {"num_classes": 6}])
def test_a_land_cover_map_that_leaves_ids_out(options):
    masks, predictions = draw_pair(6, 1, 101, 100)
    coded = recode([0, 1, 2, 3, 4, 8], masks)
    report = diagnose(y_true=coded, y_pred=predictions, **options)
    check_cured(report, coded, predictions, mean_iou(masks, predictions, 6))


@pytest.mark.parametrize(
    "codes",
    [
        [0, 64, 127, 254],
        [0, 2, 4, 6],
        [1, 2, 4, 8],
        [100, 200, 300, 400],
        [255, 31, 158, 99],
        [11, 7, 250, 254],
        [-4, -3, -2, -1],
        [0, 111, 70_000, 9],
    ],
    ids=str,
)
@pytest.mark.parametrize("options", [{}, {"num_classes": 4}], ids=["auto", "declared"])
def test_codes_of_any_kind_are_paired_on_either_side(codes, options):
    masks, predictions = draw_pair(4, 6, 64, 64)
    score, coded = mean_iou(masks, predictions, 4), recode(codes, masks, np.int32)
    check_cured(diagnose(y_true=coded, y_pred=predictions, **options), coded, predictions, score)
    coded = recode([abs(code) for code in codes], predictions, np.int32)
    report = diagnose(y_true=masks, y_pred=coded, **options)
    check_cured(report, masks, coded, score)


@pytest.mark.parametrize("options", [{}, {"num_classes": 6}, {"num_classes": 7}])
@pytest.mark.parametrize("side", ["masks", "predictions"])
def test_an_id_in_the_middle_is_left_out(options, side):
    masks, predictions = draw_pair(6, 5, 64, 80)
    score, ids = mean_iou(masks, predictions, 6), [0, 1, 2, 4, 5, 6]
    if side == "masks":
        masks = recode(ids, masks)
    else:
        predictions = recode(ids, predictions)
    report = diagnose(y_true=masks, y_pred=predictions, **options)
    check_cured(report, masks, predictions, score)


@pytest.mark.parametrize("options", [{}, {"num_classes": 12}])
def test_land_cover_in_tens(options):
    masks, predictions = draw_pair(12, 6, 96, 96)
    coded = recode(LAND_COVER, masks)
    report = diagnose(y_true=coded, y_pred=predictions, **options)
    check_cured(report, coded, predictions, mean_iou(masks, predictions, 12))


@pytest.mark.parametrize("options", [{}, {"num_classes": 6}])
def test_a_colour_legend_that_was_read_as_grey(options):
    masks, predictions = draw_pair(6, 6, 64, 64)
    report = diagnose(
        y_true=recode([255, 29, 179, 150, 226, 76], masks), y_pred=predictions, **options
    )
    assert report.verdict.primary == "palette-read-as-grey"
    finding = found(report, "palette-read-as-grey")
    assert "ISPRS" in finding.message
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, predictions, 6))


def test_doubled_ids_are_halved():
    masks, predictions = draw_pair(5, 6, 64, 64)
    report = diagnose(y_true=2 * masks, y_pred=predictions)
    check_cured(report, 2 * masks, predictions, mean_iou(masks, predictions, 5))
    assert found(report, RECODED).help == "masks = masks // 2"


@pytest.mark.parametrize("options", [{}, {"num_classes": 6}, {"num_classes": 7}])
def test_the_last_class_has_another_number(options):
    masks, predictions = draw_pair(6, 6, 64, 64)
    coded = recode([0, 1, 2, 3, 4, 6], masks)
    report = diagnose(y_true=coded, y_pred=predictions, **options)
    check_cured(report, coded, predictions, mean_iou(masks, predictions, 6))


def test_an_offset_of_182_classes_beside_a_void_label():
    masks, predictions = draw_pair(182, 6, 128, 128, wrong=0.25, smooth=4.0)
    void = np.random.default_rng(0).random(masks.shape) < 0.03
    masks = np.where(void, 255, masks).astype(np.uint8)
    report = diagnose(
        y_true=masks, y_pred=predictions + np.uint8(1), num_classes=182, ignore_index=255
    )
    assert report.verdict.primary == "labels-off-by-one"
    score = mean_iou(masks[~void], predictions[~void], 182)
    assert found(report, "labels-off-by-one").repair.mean_iou_after == pytest.approx(score)


@pytest.mark.parametrize("options", [{}, {"num_classes": 4}])
@pytest.mark.parametrize("side", ["masks", "predictions"])
@pytest.mark.parametrize("objects", [1, 2, 3])
def test_grey_values_of_a_palette_with_few_objects(objects, side, options):
    masks, predictions = draw_pair(objects + 1, 6, 120, 213)
    score, greys = mean_iou(masks, predictions, objects + 1), [0, 38, 75, 113]
    if side == "masks":
        masks = recode(greys, masks)
    else:
        predictions = recode(greys, predictions)
    report = diagnose(y_true=masks, y_pred=predictions, **options)
    assert report.verdict.primary == RECODED
    finding = found(report, RECODED)
    assert finding.repair.mean_iou_after == pytest.approx(score)
    assert "the grey values of the palette of PASCAL VOC" in finding.message
    assert "without convert" in finding.help


@pytest.mark.parametrize("options", [{}, {"num_classes": 4}])
def test_stretched_predictions_are_divided(options):
    masks, predictions = draw_pair(4, 6, 64, 64)
    stretched = predictions * np.uint8(85)
    report = diagnose(y_true=masks, y_pred=stretched, **options)
    check_cured(report, masks, stretched, mean_iou(masks, predictions, 4))
    assert found(report, RECODED).help == "predictions = predictions // 85"


def test_two_classes_of_21():
    masks, predictions = draw_pair(2, 8, 64, 64)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=21)
    assert found(report, "num-classes-too-large").facts["suggested_num_classes"] == 2
    assert report.score.mean_iou == pytest.approx(mean_iou(masks, predictions, 2))
    assert not errors(report)


def test_scores_beside_coded_masks():
    masks, predictions = draw_pair(10, 6, 64, 64)
    coded = recode([1, 2, 3, 5, 8, 13, 21, 34, 55, 89], masks)
    report = diagnose(
        y_true=coded,
        y_pred=probabilities(predictions, 3, classes=10),
        metric="keras.metrics.MeanIoU(num_classes=10, sparse_y_pred=False)",
    )
    assert report.verdict.primary == RECODED
    score = mean_iou(masks, predictions, 10)
    assert found(report, RECODED).repair.mean_iou_after == pytest.approx(score)


def test_classes_that_the_predictions_merge_into_categories():
    masks, predictions = draw_pair(20, 12, 96, 96)
    category = (np.arange(20) // 3).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=category[predictions], num_classes=7)
    assert report.verdict.primary == RECODED
    assert "tell more classes apart" in found(report, RECODED).message
    score = mean_iou(category[masks], category[predictions], 7)
    assert found(report, RECODED).repair.mean_iou_after == pytest.approx(score)


def check_silent(report):
    """Assert that there is no error, and no talk of other numbers."""
    assert not errors(report)
    numbering = {RECODED, "permuted-classes", "labels-off-by-one", "instance-ids"}
    assert not numbering & set(names(report))
    allowed = {"never-predicted-class", "unlabelled-class-predicted", "class-imbalance"}
    allowed |= {"num-classes-too-large", "undeclared-void-label", "shifted-predictions"}
    warnings = {one.rule.name for one in roots(report) if one.severity is Severity.WARNING}
    assert warnings <= allowed


def test_the_same_codes_on_both_sides_are_silent():
    masks, predictions = (recode([10, 20, 30, 40, 50, 60], one) for one in draw_pair(6, 6, 64, 64))
    check_silent(diagnose(y_true=masks, y_pred=predictions))


def test_a_class_missing_on_both_sides_is_silent():
    masks, predictions = (recode([0, 1, 3], one) for one in draw_pair(3, 6, 64, 64))
    check_silent(diagnose(y_true=masks, y_pred=predictions, num_classes=4))


def test_each_side_lacks_another_class_is_silent():
    masks, predictions = draw_pair(8, 6, 64, 64)
    masks, predictions = (
        recode([0, 1, 2, 3, 4, 0, 6, 7], masks),
        np.where(predictions == 3, 0, predictions),
    )
    check_silent(diagnose(y_true=masks, y_pred=predictions, num_classes=8))


def test_confused_classes_are_silent():
    masks, predictions = draw_pair(4, 6, 64, 64)
    confused = (masks == 3) & (np.random.default_rng(2).random(masks.shape) < 0.6)
    check_silent(diagnose(y_true=masks, y_pred=np.where(confused, 2, predictions), num_classes=4))


def test_trucks_that_are_taken_for_buses_are_silent():
    masks, predictions = draw_pair(6, 6, 64, 64)
    masks, predictions = (
        recode([0, 1, 2, 4, 8, 14], masks),
        recode([0, 1, 2, 4, 8, 15], predictions),
    )
    check_silent(diagnose(y_true=masks, y_pred=predictions, num_classes=19))


@pytest.mark.parametrize("seed", range(4))
def test_a_bad_model_is_silent(seed):
    masks, predictions = draw_pair(19, 6, 64, 64, seed=10 * seed, wrong=0.8)
    check_silent(diagnose(y_true=masks, y_pred=predictions, num_classes=19))


def test_a_model_that_never_learned_two_classes_is_silent():
    masks, predictions = draw_pair(5, 6, 64, 64)
    check_silent(diagnose(y_true=masks, y_pred=recode([0, 1, 2, 0, 1], predictions), num_classes=5))


def test_a_split_that_lacks_a_class_is_silent():
    masks, predictions = draw_pair(3, 6, 64, 64)
    masks = np.where(masks == 2, 0, masks)
    rare = np.random.default_rng(3).random(masks.shape) < 0.003
    predictions = np.where(predictions == 2, 0, predictions)
    check_silent(diagnose(y_true=masks, y_pred=np.where(rare, 2, predictions), num_classes=3))


def test_many_classes_in_uint8_are_silent():
    masks, predictions = draw_pair(150, 6, 128, 128, smooth=4.0)
    check_silent(diagnose(y_true=masks, y_pred=predictions))


def test_one_object_in_an_image_is_silent():
    random = np.random.default_rng(5)
    blobs, predicted = draw_pair(2, 24, 64, 64)
    classes = random.integers(1, 21, 24).astype(np.uint8)[:, None, None]
    check_silent(diagnose(y_true=blobs * classes, y_pred=predicted * classes, num_classes=21))


def test_an_undeclared_void_label_is_no_class():
    masks, predictions = draw_pair(4, 6, 64, 64)
    masks[:, :6] = 255
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=4)
    check_silent(report)
    assert "undeclared-void-label" in names(report)


def test_scribbles_are_silent():
    masks, predictions = draw_pair(4, 6, 64, 64)
    scribbles = np.where(np.random.default_rng(6).random(masks.shape) < 0.7, 255, masks)
    check_silent(diagnose(y_true=scribbles, y_pred=predictions, num_classes=4, ignore_index=255))


def test_a_rare_class_of_one_image_is_silent():
    masks, predictions = draw_pair(5, 1, 64, 64)
    masks[0, :4, :6], predictions[0, :4, :6] = 9, 7
    check_silent(diagnose(y_true=masks, y_pred=predictions, num_classes=19))


ADE20K = np.array([0, 5, 17, 130, 255, 256, 300, 700, 1200, 2000, 2500, 3100])


def number_objects(masks: Labels) -> Labels:
    numbers = np.zeros(masks.shape, np.int64)
    for index, image in enumerate(masks):
        for label in np.unique(image):
            numbers[index] += number_regions(image == label)[0]
    return numbers


def split_bytes(ids: Labels) -> Labels:
    """Return ids as R + 256 G + 65536 B."""
    return np.stack([ids % 256, ids // 256 % 256, ids // 65_536], -1).astype(np.uint8)


@pytest.mark.parametrize("options", [{}, {"num_classes": 12}])
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("ADE20K", "masks[..., 0].astype(int) // 10 * 256 + masks[..., 1]"),
        ("panoptic PNG", "(masks.astype(int) @ [1, 256, 65536]) // 1000"),
    ],
)
def test_classes_and_objects_in_one_colour_are_no_palette(kind, code, options):
    masks, predictions = draw_pair(12, 4, 96, 96)
    numbers = number_objects(masks)
    if kind == "ADE20K":
        ids = ADE20K[masks]
        colours = np.stack([ids // 256 * 10, ids % 256, numbers], -1).astype(np.uint8)
    else:
        colours = split_bytes(np.where(masks, masks.astype(np.int64) * 1000 + numbers, 0))
    report = diagnose(y_true=colours, y_pred=predictions, **options)
    finding = found(report, "colour-masks")
    assert report.verdict.primary == "colour-masks"
    assert kind in finding.message
    assert code in finding.help
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, predictions, 12))


def test_segments_of_coco_panoptic_are_no_palette():
    masks, predictions = draw_pair(12, 4, 96, 96)
    random, segments = np.random.default_rng(7), np.zeros(masks.shape, np.int64)
    for index, numbers in enumerate(12 * number_objects(masks) + masks):
        _, place = np.unique(numbers, return_inverse=True)
        segments[index] = random.integers(1, 2**24, place.max() + 1)[place].reshape(masks[0].shape)
    report = diagnose(y_true=split_bytes(segments), y_pred=predictions, num_classes=12)
    finding = found(report, "colour-masks")
    assert "numbers of segments" in finding.message
    assert "panoptic JSON" in finding.help
    assert finding.repair is None


def test_a_palette_nobody_knows_is_still_a_palette():
    masks, predictions = draw_pair(12, 4, 96, 96)
    palette = np.random.default_rng(8).integers(0, 256, (12, 3)).astype(np.uint8)
    finding = found(diagnose(y_true=palette[masks], y_pred=predictions), "colour-masks")
    assert "12 colours" in finding.message
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, predictions, 12))


def test_ids_that_are_merged_and_shifted_are_no_missing_classes():
    """Cars, lorries and buses are vehicles in the predictions, and persons follow at once."""
    fine, merged = draw_pair(5, 6, 64, 80)
    table = [0, 1, 1, 1, 2]
    report = diagnose(y_true=fine, y_pred=recode(table, merged))
    score = mean_iou(recode(table, fine), recode(table, merged), 3)
    assert report.verdict.primary == RECODED
    assert found(report, RECODED).repair.mean_iou_after == pytest.approx(score)


def test_trimaps_are_not_the_fault_of_some_samples():
    """1 is the pet, 2 the background and 3 the border, and the predictions hold 0 and 1."""
    pets, predicted = draw_pair(2, 8, 64, 64)
    predicted[:5] = pets[:5]
    trimaps = np.where(pets == 0, 2, 1)
    trimaps[:, ::9] = 3
    report = diagnose(y_true=trimaps, y_pred=predicted, num_classes=2)
    assert "faulty-samples" not in names(report)


def confuse(masks, classes, weak, seed):
    """Return predictions of a decent model that finds some classes in a few of their pixels."""
    random = np.random.default_rng(seed)
    predictions = predict(masks, classes, seed=seed)
    lost = np.isin(masks, weak) & (random.random(masks.shape) < 0.85)
    return np.where(lost, 1, predictions)


@pytest.mark.parametrize("seed", range(4))
def test_all_classes_are_permuted_and_some_are_hardly_found(seed):
    masks = draw_masks((8, 80, 96), 9, seed=seed, smoothness=5.0)
    predictions = confuse(masks, 9, [4, 7], seed)
    order = np.random.default_rng(seed).permutation(9)
    report = diagnose(y_true=masks, y_pred=order[predictions], num_classes=9)
    assert report.verdict.primary == "permuted-classes"
    finding = found(report, "permuted-classes")
    wanted = mean_iou(masks, predictions, 9)
    assert finding.repair.mean_iou_after == pytest.approx(wanted, abs=0.005)


def test_a_weak_model_with_as_many_ids_merges_none():
    masks = draw_masks((8, 80, 96), 9, seed=5, smoothness=5.0)
    predictions = confuse(masks, 9, [4, 7], 5)
    ids = np.array([3, 5, 9, 14, 15, 22, 30, 41, 44], np.uint8)
    report = diagnose(y_true=ids[masks], y_pred=predictions, num_classes=9)
    finding = found(report, "recoded-class-ids")
    assert "tell more classes apart" not in finding.message
    wanted = mean_iou(masks, predictions, 9)
    assert finding.repair.mean_iou_after == pytest.approx(wanted, abs=0.005)


def test_a_class_is_exchanged_with_one_that_is_hardly_found():
    masks = draw_masks((8, 80, 96), 6, seed=3, smoothness=6.0)
    random = np.random.default_rng(4)
    lost = (masks == 4) & (random.random(masks.shape) < 0.8)
    predictions = np.where(lost, random.choice([0, 1, 3], masks.shape), masks)
    exchanged = np.array([0, 1, 4, 3, 2, 5])[predictions]
    report = diagnose(y_true=masks, y_pred=exchanged, num_classes=6)
    assert report.verdict.primary == "permuted-classes"
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, predictions, 6))


def test_a_class_that_is_taken_for_a_rare_one_is_not_exchanged():
    masks = draw_masks((8, 80, 96), 6, seed=3, smoothness=6.0)
    random = np.random.default_rng(4)
    lost = (masks == 4) & (random.random(masks.shape) < 0.8)
    predictions = np.where(lost, random.integers(0, 2, masks.shape), masks)
    taken = np.where(masks == 2, 4, predictions)
    assert "permuted-classes" not in names(diagnose(y_true=masks, y_pred=taken, num_classes=6))


@pytest.mark.parametrize("seed", range(10))
def test_single_objects_of_mistaken_types_are_no_other_ids(seed):
    random = np.random.default_rng(seed)
    masks = np.zeros((8, 64, 64), np.uint8)
    predictions = masks.copy()
    for number in range(48):
        top, left = random.integers(4, 50, 2)
        size, kind = random.integers(6, 14, 1)[0], random.integers(0, 10)
        place = number // 6, slice(top, top + size), slice(left, left + size)
        masks[place] = kind
        predictions[place] = np.clip(kind + random.integers(-1, 2), 0, 9)
    found_names = names(diagnose(y_true=masks, y_pred=predictions, num_classes=10))
    assert not {"permuted-classes", "faulty-samples", "recoded-class-ids"} & set(found_names)


def recode_last(seed, found):
    """Return masks with 4 for 3, and predictions that find a share of it, and take others for 3."""
    truth = draw_masks((6, 64, 64), 4, seed=seed)
    random = np.random.default_rng(seed)
    keep = gaussian_filter(random.random(truth.shape), (0, 3, 3))
    keep = keep < np.quantile(keep[truth == 3], found)
    extra = gaussian_filter(random.random(truth.shape), (0, 4, 4))
    extra = (extra > np.quantile(extra, 0.82)) & (truth != 3)
    predictions = np.where((truth == 3) & ~keep, 0, truth)
    predictions[extra] = 3
    return np.where(truth == 3, 4, truth).astype(np.uint8), predictions.astype(np.uint8)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_last_id_has_another_number_in_a_model_that_finds_a_half_of_it(seed):
    masks, predictions = recode_last(seed, 0.6)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=4)
    assert report.verdict.primary == "recoded-class-ids"
    right = mean_iou(np.where(masks == 4, 3, masks), predictions, 4)
    assert report.verdict.mean_iou_after_all == pytest.approx(right)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_label_outside_the_classes_that_may_be_the_missing_class_is_reported(seed):
    masks, predictions = recode_last(seed, 0.25)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=4)
    assert report.verdict.primary == "label-out-of-range"
    assert not any(RIGHT in what for what, _, _ in list_scores(report))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_void_after_the_last_class_is_named_though_a_class_is_predicted_that_no_mask_holds(seed):
    truth = draw_masks((6, 64, 64), 5, seed=seed)
    predictions = predict(truth, 5, seed=seed + 10)
    masks = np.where(truth == 3, 0, truth)
    masks[gaussian_filter((truth == 1).astype(float), (0, 2, 2)) % 1 > 0.4] = 5
    predictions[(predictions == 3) & (masks != 0)] = 0
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=5)
    assert "undeclared-void-label" in names(report)
    assert "recoded-class-ids" not in names(report)

"""Reports of class ids that differ."""

from __future__ import annotations

import numpy as np
from build import mean_iou

from field.reports.cases import (
    Case,
    draw_pair,
    draw_points,
    draw_spots,
    recode,
    report,
    score_without,
)


def _list_cityscapes_ids() -> list[int]:
    return [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]


@report
def cityscapes_label_ids_in_the_masks() -> Case:
    masks, predictions = draw_pair(19, 4, 80, 96)
    coded = recode(_list_cityscapes_ids(), masks).astype(np.uint8)
    score = mean_iou(masks, predictions, 19)
    return Case(coded, predictions, "foreign-label-ids", score, {"num_classes": 19})


@report
def cityscapes_label_ids_in_the_predictions() -> Case:
    masks, predictions = draw_pair(19, 4, 80, 96)
    coded = recode(_list_cityscapes_ids(), predictions).astype(np.uint8)
    score = mean_iou(masks, predictions, 19)
    return Case(masks, coded, "foreign-label-ids", score, {"num_classes": 19})


@report
def forest_ids_without_the_mapping() -> Case:
    masks, predictions = draw_pair(6, 6, 96, 128)
    coded = recode([0, 2, 3, 4, 5, 1], masks).astype(np.uint8)
    score = mean_iou(masks, predictions, 6)
    return Case(coded, predictions, "permuted-classes", score, {"num_classes": 6})


@report
def ade20k_person_is_13_and_not_12() -> Case:
    masks, predictions = draw_pair(150, 3, 64, 64)
    score = mean_iou(masks, predictions, 150)
    options = {"num_classes": 151}
    return Case(masks, predictions + 1, "labels-off-by-one", score, options)


@report
def brats_2020_has_no_label_3() -> Case:
    masks, predictions = draw_pair(4, 1, 24, 40, 48)
    coded = recode([0, 1, 2, 4], masks)
    score = mean_iou(masks, predictions, 4)
    return Case(coded, predictions, "recoded-class-ids", score)


@report
def label_4_is_converted_to_3_on_one_side() -> Case:
    masks, predictions = draw_pair(4, 8, 64, 64)
    coded = recode([0, 1, 2, 4], masks)
    score = mean_iou(masks, predictions, 4)
    return Case(coded, predictions, "recoded-class-ids", score, {"num_classes": 4})


@report
def coco_stuff_ids_run_six_ahead() -> Case:
    classes = [0, 22, 92, 105, 119, 124, 147, 148, 154, 156, 157, 159, 163, 168, 169]
    stored = [0, 23, 105, 118, 132, 137, 160, 161, 167, 169, 170, 172, 176, 181, 182]
    masks, predictions = draw_pair(15, 6, 96, 96)
    score = mean_iou(masks, predictions, 15)
    named, coded = (recode(ids, part) for ids, part in ((classes, predictions), (stored, masks)))
    return Case(coded.astype(np.uint8), named.astype(np.uint8), "recoded-class-ids", score)


@report
def one_class_is_nan_after_reducing_zero() -> Case:
    masks, predictions = draw_pair(4, 6, 64, 64)
    reduced = recode([255, 0, 1, 2], masks).astype(np.uint8)
    options = {"num_classes": 4, "metric": "IoUMetric(iou_metrics=['mIoU'])"}
    return Case(reduced, predictions, "zero-label-reduced", None, options)


NYU40 = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 24, 28, 33, 34, 36, 39]


@report
def points_of_scannet_hold_nyu_ids() -> Case:
    masks, predictions = draw_points(20, 8, 4096)
    coded = recode(NYU40, masks).astype(np.uint8)
    score = mean_iou(masks, predictions, 20)
    return Case(coded, predictions, "recoded-class-ids", score, {"num_classes": 20})


@report
def points_of_one_scan_hold_nyu_ids() -> Case:
    masks, predictions = draw_points(20, 1, 16384)
    coded = recode(NYU40, masks).astype(np.uint8)
    score = mean_iou(masks, predictions, 20)
    return Case(coded[0], predictions[0], "recoded-class-ids", score)


@report
def two_invalid_labels_among_nyu_ids() -> Case:
    masks, predictions = draw_pair(20, 8, 64, 64)
    masks, predictions = recode(NYU40, masks), recode(NYU40, predictions)
    masks[0, 3:8, 3:9], masks[2, 40:45, 5:9] = 50, 149
    options = {"num_classes": 41}
    return Case(
        masks.astype(np.uint8), predictions.astype(np.uint8), "undeclared-void-label", None, options
    )


@report
def raw_semantic_kitti_labels() -> Case:
    raw = [0, 10, 11, 15, 18, 20, 30, 31, 32, 40, 44, 48, 49, 50, 51, 70, 71, 72, 80, 81]
    masks, predictions = draw_points(20, 6, 4096)
    coded = recode(raw, masks)
    coded[(masks == 1) & (np.arange(4096) % 7 == 0)] = 252
    coded[(masks == 6) & (np.arange(4096) % 5 == 0)] = 254
    score = mean_iou(masks, predictions, 20)
    options = {"num_classes": 20}
    return Case(coded.astype(np.uint16), predictions, "recoded-class-ids", score, options)


@report
def loveda_predictions_hold_7() -> Case:
    masks, predictions = draw_pair(7, 6, 80, 80)
    coded = np.where(draw_spots(masks.shape, 0.03), 7, predictions).astype(np.uint8)
    options = {"num_classes": 7}
    return Case(masks, coded, "prediction-out-of-range", None, options, "label 7")


@report
def a_void_class_was_trained_and_predicted() -> Case:
    masks, predictions = draw_pair(19, 6, 80, 80)
    void = draw_spots(masks.shape, 0.08)
    found = void & ~draw_spots(masks.shape, 0.02)
    found[:, 30:34, 30:44] = True
    coded = np.where(found, 255, predictions).astype(np.uint8)
    options = {"num_classes": 19, "ignore_index": 255}
    masks = np.where(void, 255, masks).astype(np.uint8)
    return Case(masks, coded, "prediction-out-of-range", None, options, "255")


@report
def nyu_labels_run_from_0_to_40() -> Case:
    masks, predictions = draw_pair(40, 4, 80, 80)
    void = draw_spots(masks.shape, 0.1)
    score = score_without(masks, predictions, void, 40)
    coded = np.where(void, 0, masks + 1).astype(np.uint8)
    return Case(coded, predictions, "labels-off-by-one", score, {"num_classes": 40})


@report
def trimaps_in_another_order_than_the_network() -> Case:
    masks, predictions = draw_pair(3, 6, 80, 80)
    coded = recode([0, 255, 128], masks).astype(np.uint8)
    score = mean_iou(masks, predictions, 3)
    return Case(coded, predictions, "stretched-labels", score, {"num_classes": 3})


@report
def three_categories_but_two_in_the_list() -> Case:
    masks, predictions = draw_pair(3, 6, 80, 80)
    options = {"num_classes": 2}
    return Case(masks, predictions, "label-out-of-range", None, options, "num_classes=3")


@report
def brats_in_the_order_of_nnunet() -> Case:
    masks, predictions = draw_pair(4, 1, 24, 40, 48)
    coded, found = recode([0, 1, 2, 4], masks), recode([0, 2, 1, 3], predictions)
    score = mean_iou(masks, predictions, 4)
    return Case(coded, found, "recoded-class-ids", score, {"num_classes": 5}, "1 to 2, 2 to 1")


@report
def loveda_has_no_data_at_0_which_is_ignored() -> Case:
    masks, predictions = draw_pair(7, 6, 80, 96)
    void = draw_spots(masks.shape, 0.05)
    score = score_without(masks, predictions, void, 7)
    options = {"num_classes": 7, "ignore_index": 0}
    coded = np.where(void, 0, masks + 1)
    return Case(coded, predictions, "labels-off-by-one", score, options, "masks - 1")


@report
def the_truth_counts_tumours_as_liver() -> Case:
    masks, predictions = draw_pair(3, 1, 24, 48, 48)
    score = mean_iou(masks > 0, predictions > 0, 2)
    whole = (masks > 0).astype(np.uint8)
    says = "the predictions tell more classes apart"
    return Case(whole, predictions, "recoded-class-ids", score, {"num_classes": 2}, says)


@report
def instance_ids_are_cut_to_a_byte() -> Case:
    masks, predictions = draw_pair(19, 4, 80, 96, wrong=0.35)
    ids = np.array(_list_cityscapes_ids())
    numbers = np.isin(ids[masks], [24, 26, 33]) * (999 * ids[masks] + np.arange(96) // 16)
    cut = ((ids[masks] + numbers) & 255).astype(np.uint8)
    return Case(cut, ids[predictions], "never-predicted-class", None, {}, "never predicted")

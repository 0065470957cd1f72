"""Reports of void pixels, of averages, and of networks that have not learned: no format fault."""

from __future__ import annotations

import numpy as np
from build import mean_iou
from scipy.ndimage import binary_dilation, binary_erosion, label

from field.arrays import draw_masks
from field.reports.cases import (
    Case,
    draw_pair,
    draw_points,
    draw_spots,
    recode,
    report,
    score_without,
)

CROSS = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]])


@report
def endoscopy_masks_hold_255() -> Case:
    masks, predictions = draw_pair(7, 6, 80, 96)
    void = draw_spots(masks.shape, 0.06)
    score = score_without(masks, predictions, void, 7)
    options = {"num_classes": 7}
    coded = np.where(void, 255, masks)
    return Case(coded, predictions, "undeclared-void-label", score, options)


@report
def hearts_are_padded_with_100() -> Case:
    masks, predictions = draw_pair(3, 6, 80, 96)
    void = np.zeros(masks.shape, bool)
    void[:, :6], void[:, :, :8] = True, True
    score = score_without(masks, predictions, void, 3)
    coded = np.where(void, 100, masks)
    return Case(coded, predictions, "undeclared-void-label", score, {"num_classes": 3})


@report
def false_positives_on_the_background_are_free() -> Case:
    masks, predictions = draw_pair(4, 6, 80, 96)
    ignored = (masks == 0) | draw_spots(masks.shape, 0.3)
    coded = np.where(ignored, 255, masks - 1)
    found = np.where(predictions == 0, 1, predictions - 1)
    options = {"num_classes": 3, "metric": "IoUMetric(iou_metrics=['mIoU'])"}
    return Case(coded.astype(np.uint8), found.astype(np.uint8), None, None, options, "cost")


@report
def all_foreground_scores_100() -> Case:
    masks = draw_masks((6, 80, 80), 2, seed=4)
    options = {"num_classes": 2, "ignore_index": 0}
    everything = np.ones_like(masks)
    return Case(masks, everything, "suspicious-perfect-score", None, options, "ignore label")


@report
def high_accuracy_and_low_mean_iou() -> Case:
    masks = draw_masks((6, 64, 64), 8, seed=1)
    masks[masks > 3] = np.where(draw_spots(masks.shape, 0.1)[masks > 3], masks[masks > 3], 0)
    predictions = np.where(np.isin(masks, [0, 1]), masks, 0).astype(np.uint8)
    return Case(masks, predictions, None, None, {"num_classes": 8}, "never predicted")


@report
def one_class_stays_at_0() -> Case:
    masks, predictions = draw_pair(9, 6, 96, 96)
    rare = (masks == 2) & ~draw_spots(masks.shape, 0.1)
    masks = np.where(rare, 0, masks).astype(np.uint8)
    predictions = np.where(predictions == 2, 0, predictions).astype(np.uint8)
    predictions[:, :2, :9] = 2
    masks[:, :2, :9] = 0
    return Case(masks, predictions, None, None, {"num_classes": 9}, "")


@report
def only_the_whole_tumour_is_found() -> Case:
    masks, _ = draw_pair(3, 1, 24, 40, 48)
    predictions = np.where(masks > 0, 2, 0).astype(np.uint8)
    predictions = np.roll(predictions, 1, axis=2)
    masks = recode([0, 1, 2], masks).astype(np.uint8)
    return Case(masks[0], predictions[0], None, None, {"num_classes": 3}, "never predicted")


@report
def the_network_predicts_background_only() -> Case:
    masks = draw_masks((6, 64, 64), 2, seed=3)
    return Case(masks, np.zeros_like(masks), "collapsed-predictions", None, {"num_classes": 2})


@report
def left_and_right_are_mixed_up() -> Case:
    masks = np.zeros((16, 64, 64), np.uint8)
    masks[:, 20:44, 8:24], masks[:, 20:44, 40:56] = 1, 2
    predictions = np.roll(masks, 1, axis=1)
    predictions[:, 20:32, 40:56] = 1
    predictions[::2, 34:44, 8:24] = 2
    return Case(masks, predictions, None, None, {"num_classes": 3})


@report
def eleven_of_182_ids_are_not_used() -> Case:
    masks, predictions = draw_pair(20, 6, 80, 80)
    ids = np.arange(20) * 9
    masks, predictions = (ids[part].astype(np.uint8) for part in (masks, predictions))
    return Case(masks, predictions, None, None, {"num_classes": 182}, "in neither")


@report
def validation_stays_at_one_half() -> Case:
    masks = np.zeros((4, 48, 48), np.uint8)
    options = {"num_classes": 2}
    return Case(masks, masks, "suspicious-perfect-score", None, options, "class 0 is the only one")


@report
def scans_hold_other_numbers_of_points() -> Case:
    masks, predictions = draw_points(3, 1, 2048)
    return Case(masks[0], predictions[0, :1990], "shape-mismatch")


@report
def mean_of_batches_differs() -> Case:
    masks, predictions = draw_pair(5, 8, 48, 48)
    metric = "torchmetrics.JaccardIndex(task='multiclass', num_classes=5)"
    return Case(masks, predictions, None, None, {"metric": metric}, "averaged over")


@report
def labels_of_the_test_set_are_withheld() -> Case:
    masks, predictions = draw_points(8, 1, 4096)
    empty = np.zeros_like(masks)
    return Case(empty, predictions, None, None, {"num_classes": 8}, "withheld labels")


@report
def three_masks_of_one_object() -> Case:
    masks, predictions = draw_pair(2, 6, 64, 64)
    part, whole = binary_erosion(predictions, CROSS, 3), binary_dilation(predictions, CROSS, 5)
    candidates = np.stack([part, predictions == 1, whole], 1)
    score = mean_iou(masks, predictions, 2)
    return Case(masks, candidates, "objects-as-channels", score, {}, "keep the candidate")


@report
def a_mask_for_each_instance() -> Case:
    masks, predictions = draw_pair(2, 1, 96, 120, wrong=0.01)
    numbers, found = label(predictions[0])
    stack = numbers[..., np.newaxis] == np.arange(1, found + 1)
    score = mean_iou(masks[0], predictions[0], 2)
    return Case(masks[0], stack, "objects-as-channels", score, {"num_classes": 2}, "any(axis=2)")


@report
def argmaxed_labels_for_the_dice_metric() -> Case:
    masks, predictions = draw_pair(5, 1, 24, 32, 32)
    options = {"num_classes": 5, "metric": "DiceMetric(include_background=False)"}
    arrays = masks[:, None].astype(np.int64), predictions[:, None].astype(np.float32)
    return Case(*arrays, "metric-misreads-arrays", None, options, "one-hot encode both arrays")


@report
def the_ignored_255_is_the_object() -> Case:
    masks, predictions = draw_pair(2, 6, 80, 80)
    options = {"num_classes": 2, "ignore_index": 255}
    says = "the masks hold only class 0 and the ignore label 255"
    found = (predictions & draw_spots(masks.shape, 0.02)) ^ draw_spots(masks.shape, 0.01)
    missed = np.where(masks, 0, found)
    return Case(masks * 255, missed, "unlabelled-class-predicted", None, options, says)


@report
def the_background_became_void_and_the_last_class_is_missing() -> Case:
    masks, predictions = draw_pair(7, 4, 80, 96)
    ground = draw_spots(masks.shape, 0.6)
    coded = np.where(ground | (masks == 6), 255, masks)
    found = np.where(predictions == 6, 0, predictions)
    options = {"num_classes": 7, "ignore_index": 255}
    return Case(coded, found, None, None, options, "reduce_zero_label has turned it into 255")


@report
def most_pixels_are_255_and_all_is_predicted_as_the_object() -> Case:
    masks, predictions = draw_pair(2, 6, 80, 80)
    coded = np.where(masks, 0, 255).astype(np.uint8)
    options = {"num_classes": 2, "ignore_index": 255}
    says = "if 255 is the background, reduce_zero_label"
    return Case(coded, np.zeros_like(predictions), "masks-0-255", None, options, says)

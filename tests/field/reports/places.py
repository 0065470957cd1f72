"""Reports of volumes, of samples in another order, and of faults in some samples only."""

from __future__ import annotations

import numpy as np
from build import mean_iou

from field.reports.cases import Case, draw_pair, report


@report
def prediction_is_flipped_in_one_dimension() -> Case:
    masks, predictions = draw_pair(3, 1, 24, 48, 40)
    score = mean_iou(masks, predictions, 3)
    return Case(masks[0], np.flip(predictions[0], 1), "flipped-samples", score)


@report
def prediction_is_134_512_512() -> Case:
    masks, predictions = draw_pair(3, 1, 64, 64, 17)
    score = mean_iou(masks, predictions, 3)
    return Case(masks[0], predictions[0].transpose(2, 0, 1), "axes-permuted", score)


@report
def simpleitk_against_nibabel() -> Case:
    masks, predictions = draw_pair(2, 1, 55, 60, 52)
    score = mean_iou(masks, predictions, 2)
    return Case(masks[0], predictions[0].transpose(2, 1, 0), "axes-permuted", score)


@report
def both_libraries_on_a_cube() -> Case:
    masks, predictions = draw_pair(4, 1, 40, 40, 40)
    score = mean_iou(masks, predictions, 4)
    options = {"num_classes": 4}
    return Case(masks[0], predictions[0].transpose(2, 1, 0), "axes-permuted", score, options)


@report
def one_case_scores_0_though_it_overlaps() -> Case:
    masks, predictions = draw_pair(2, 8, 64, 80)
    coded = masks.copy()
    coded[5] *= 2
    options = {"num_classes": 2, "metric": "nnunet.foreground_mean[Dice]"}
    score = mean_iou(masks, predictions, 2)
    return Case(coded, predictions, "faulty-samples", score, options, "sample 5")


@report
def some_patches_are_inverted() -> Case:
    masks, predictions = draw_pair(2, 12, 64, 64)
    patches = predictions.copy()
    patches[[2, 7]] = 1 - patches[[2, 7]]
    score = mean_iou(masks, predictions, 2)
    return Case(masks, patches, "faulty-samples", score, {}, "samples 2 and 7")


@report
def dice_is_0_or_1_in_some_cases() -> Case:
    masks = np.zeros((9, 64, 64), np.uint8)
    masks[:5, 20:40, 16:44] = 1
    predictions = np.roll(masks, 2, axis=1)
    predictions[5:8, 3, 4:9] = 1
    options = {"num_classes": 2, "metric": "nnunet.foreground_mean[Dice]"}
    return Case(masks, predictions, "faulty-samples", None, options, "samples 5, 6 and 7")


@report
def files_in_the_order_of_glob() -> Case:
    masks, predictions = draw_pair(2, 16, 64, 64)
    order = np.random.default_rng(2).permutation(16)
    score = mean_iou(masks, predictions, 2)
    return Case(masks, predictions[order], "shuffled-samples", score)


@report
def same_shapes_with_an_offset() -> Case:
    masks, predictions = draw_pair(2, 8, 96, 96, wrong=0.03)
    return Case(masks, np.roll(predictions, (5, -5), (1, 2)), "shifted-predictions", None)

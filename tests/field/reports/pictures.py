"""Reports of palettes, of interpolated masks and of scores that were not thresholded."""

from __future__ import annotations

import numpy as np
from build import mean_iou
from scipy.ndimage import zoom

from field.reports.cases import Case, draw_pair, recode, report


@report
def palette_decoded_as_one_grey_channel() -> Case:
    masks, predictions = draw_pair(6, 4, 96, 96)
    classes, greys = [0, 11, 15, 19, 20, 3], [0, 132, 147, 151, 52, 113]
    masks, predictions = recode(classes, masks), recode(classes, predictions)
    score = mean_iou(masks, predictions, 21)
    coded = np.zeros(256, np.uint8)
    coded[classes] = greys
    options = {"num_classes": 21}
    named = predictions.astype(np.uint8)
    return Case(coded[masks], named, "recoded-class-ids", score, options, "palette")


@report
def lanes_read_with_imread_grayscale() -> Case:
    masks, predictions = draw_pair(6, 6, 80, 96)
    coded = recode([0, 29, 89, 138, 154, 157], masks).astype(np.uint8)
    score = mean_iou(masks, predictions, 6)
    return Case(coded, predictions, "recoded-class-ids", score, {"num_classes": 6})


@report
def nuclei_from_rgb_to_one_channel() -> Case:
    masks, predictions = draw_pair(2, 6, 80, 96)
    coded = recode([0, 38], masks).astype(np.uint8)
    score = mean_iou(masks, predictions, 2)
    return Case(coded, predictions, "recoded-class-ids", score, {"num_classes": 2}, "palette")


@report
def blue_channel_of_a_palette() -> Case:
    masks, predictions = draw_pair(3, 6, 80, 96)
    blue = recode([0, 128, 192], masks).astype(np.uint8)
    named = recode([0, 15, 20], predictions).astype(np.uint8)
    score = mean_iou(masks, predictions, 3)
    return Case(blue, named, "recoded-class-ids", score, {"num_classes": 21})


@report
def facades_read_with_convert_l() -> Case:
    masks, predictions = draw_pair(12, 4, 96, 96)
    greys = [29, 19, 46, 104, 118, 136, 149, 170, 178, 200, 215, 225]
    coded = recode(greys, masks).astype(np.uint8)
    score = mean_iou(masks, predictions, 12)
    return Case(coded, predictions, "recoded-class-ids", score, {"num_classes": 12})


@report
def masks_resized_with_bilinear_interpolation() -> Case:
    masks, predictions = draw_pair(2, 6, 64, 64)
    small = zoom(masks.astype(np.float32), (1, 0.75, 0.75), order=1)
    return Case(small, zoom(predictions, (1, 0.75, 0.75), order=0), "interpolated-masks", None)


@report
def jaccard_of_decimals() -> Case:
    masks, predictions = draw_pair(2, 6, 64, 64)
    noise = np.random.default_rng(3).uniform(0.05, 0.4, masks.shape)
    scores = np.where(predictions, 1 - noise, noise)[..., None].astype(np.float32)
    score = mean_iou(masks, predictions, 2)
    return Case(masks[..., None], scores, "unthresholded-sigmoid", score, {"num_classes": 2})


@report
def reference_holds_almost_1() -> Case:
    masks, _ = draw_pair(2, 15, 40, 40)
    coded = masks.astype(np.float32)
    coded[::2][masks[::2] == 1] = 0.99997
    return Case(coded, masks, "normalised-masks", 1.0, {"num_classes": 2}, "np.rint(masks)")


@report
def mask_reaches_3() -> Case:
    masks, predictions = draw_pair(2, 4, 96, 96)
    score = mean_iou(masks, predictions, 2)
    return Case(3 * masks, predictions, "recoded-class-ids", score, {"num_classes": 2})


@report
def to_tensor_divides_the_mask() -> Case:
    masks, predictions = draw_pair(4, 4, 80, 96)
    score = mean_iou(masks, predictions, 4)
    options = {"num_classes": 4}
    return Case(
        (masks / 255).astype(np.float32), predictions, "masks-divided-by-255", score, options
    )


@report
def grey_masks_have_three_channels_beside_one() -> Case:
    masks, predictions = draw_pair(2, 4, 64, 64)
    scores = np.where(predictions, 0.9, 0.1).astype(np.float32)[:, None]
    grey = np.repeat(masks[:, None], 3, 1).astype(np.float32)
    options = {"metric": "smp.utils.metrics.IoU(threshold=0.5)"}
    score = mean_iou(masks, predictions, 2)
    return Case(grey, scores, "replicated-grey-masks", score, options, "all 3 channels")

"""Scores that were saved as grey pictures: 0 to 255 in place of 0 to 1."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names
from casebook.blocks import TOLERANCE, run_block
from PIL import Image
from scipy.ndimage import gaussian_filter

import iou_doctor
from field.arrays import draw_masks
from field.channels import binary_logits, squash
from iou_doctor.arrays.interpretation import Encoding

TRUTH = draw_masks((4, 72, 80), 2, smoothness=8.0)
SCORES = squash(binary_logits(TRUTH, sharp=1.5))
MAPS = (SCORES * 255).astype(np.uint8)
CUT = mean_iou(TRUTH, MAPS > 127, 2)


def assert_cut_at_127(report, wanted=CUT):
    assert report.verdict.primary == "byte-scores"
    assert found(report, "byte-scores").help == 'predictions = (predictions > 127).astype("uint8")'
    assert report.verdict.mean_iou_after_all == pytest.approx(wanted)
    assert "undeclared-void-label" not in names(report)
    assert not any(finding.help.startswith("num_classes") for finding in report.findings)


@pytest.mark.parametrize("options", [{}, {"num_classes": 2}, {"metric": "MeanIoU(2)"}])
@pytest.mark.parametrize("scale", [1, 255])
@pytest.mark.parametrize("sharp", [1.5, 12.0])
def test_grey_maps(options, scale, sharp):
    maps = (squash(binary_logits(TRUTH, sharp=sharp)) * 255).astype(np.uint8)
    report = diagnose(y_true=TRUTH * scale, y_pred=maps, **options)
    assert_cut_at_127(report, mean_iou(TRUTH, maps > 127, 2))
    assert ("masks-0-255" in errors(report)) == (scale == 255)


@pytest.mark.parametrize("scale", [1, 255])
def test_grey_maps_that_are_declared_as_sigmoid(scale):
    report = diagnose(
        y_true=TRUTH * scale, y_pred=MAPS, num_classes=2, predictions_as=Encoding.SIGMOID
    )
    assert_cut_at_127(report)


def test_a_declared_threshold_of_whole_scores_is_kept():
    report = diagnose(y_true=TRUTH, y_pred=MAPS, predictions_as=Encoding.SIGMOID, threshold=128)
    assert "byte-scores" not in names(report)
    assert report.mean_iou == pytest.approx(CUT)


@pytest.mark.parametrize(
    ("maps", "masks", "cut"),
    [
        (MAPS.astype(np.float32), TRUTH, 127),
        (MAPS[..., None], TRUTH[..., None].astype(bool), 127),
        ((SCORES * 65535).astype(np.uint16), TRUTH, 32767),
        (np.rint(SCORES * 100).astype(np.uint8), TRUTH * 255, 50),
        (MAPS[:1], TRUTH[:1].astype(np.int64), 127),
    ],
    ids=["whole floats", "a channel axis", "16 bits", "percent", "one image"],
)
def test_other_ways_to_store_them(maps, masks, cut):
    report = diagnose(y_true=masks, y_pred=maps)
    assert report.verdict.primary == "byte-scores"
    assert found(report, "byte-scores").facts["cut"] == cut
    assert report.verdict.mean_iou_after_all == pytest.approx(
        mean_iou((masks > 0) * 1, (maps > cut) * 1, 2)
    )


def test_one_grey_png_against_one_mask(tmp_path):
    Image.fromarray(MAPS[0]).save(tmp_path / "map.png")
    Image.fromarray(TRUTH[0] * 255).save(tmp_path / "truth.png")
    report = iou_doctor.check(y_pred=str(tmp_path / "map.png"), y_true=str(tmp_path / "truth.png"))
    assert report.verdict.primary == "byte-scores"
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(TRUTH[0], MAPS[0] > 127, 2))


@pytest.mark.parametrize("of_masks", [False, True])
def test_grey_maps_of_three_channels(of_masks):
    masks = TRUTH * 255
    report = diagnose(
        y_true=masks[..., None].repeat(3, -1) if of_masks else masks,
        y_pred=MAPS[..., None].repeat(3, -1),
    )
    assert "byte-scores" in errors(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(CUT)


def test_masks_with_soft_edges():
    soft = np.rint(gaussian_filter(TRUTH * 255.0, (0, 0.6, 0.6))).astype(np.uint8)
    report = diagnose(y_true=soft, y_pred=MAPS)
    assert_cut_at_127(report, mean_iou((soft > 127) * 1, MAPS > 127, 2))
    assert {"masks-0-255", "jpeg-masks", "interpolated-masks"} & set(errors(report))


@pytest.mark.parametrize("scale", [1, 255])
def test_grey_maps_in_place_of_the_masks(scale):
    report = diagnose(y_true=MAPS, y_pred=TRUTH * scale)
    assert "inputs-swapped" in errors(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(CUT)


def test_numbers_of_instances_are_no_scores():
    numbers = draw_masks((1, 128, 128), 50, smoothness=3.0) * 5
    report = diagnose(y_true=numbers > 0, y_pred=numbers)
    assert "byte-scores" not in names(report)


def test_binary_predictions_of_0_and_255_are_no_scores():
    report = diagnose(y_true=TRUTH * 255, y_pred=(MAPS > 127) * 255)
    assert "byte-scores" not in names(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(CUT)


def test_sixteen_bit_maps_of_thousands_of_values_are_soon_understood():
    random = np.random.default_rng(0)
    noise = random.normal(scale=0.05, size=SCORES.shape)
    maps = (np.clip(SCORES + noise, 0, 1) * 65535).astype(np.uint16)
    assert len(np.unique(maps)) > 5_000  # a comparison of all pairs of values took minutes
    report = diagnose(y_true=TRUTH, y_pred=maps)
    assert report.verdict.primary == "byte-scores"
    right = mean_iou(TRUTH, maps > 65535 // 2, 2)
    assert report.verdict.mean_iou_after_all == pytest.approx(right, abs=0.005)


def quantize(name):
    """Return signed bytes as quantized networks put them out, and the binary predictions."""
    logits = binary_logits(TRUTH, sharp=1.5)
    if name == "logits":
        values = np.clip(np.rint(logits * 10), -60, 60).astype(np.int8)
        return values, values >= 0
    if name == "with a rare middle":  # sure of most pixels, and wrong about the others
        logits = logits + np.where(logits > 0, 3.0, -3.0)
        flipped = np.random.default_rng(5).random(logits.shape) < 0.15
        logits = np.where(flipped & (np.abs(logits) < 5), -logits, logits)
    values = np.rint(squash(logits) * 255 - 128).astype(np.int8)
    return values, values >= 0


@pytest.mark.parametrize("scale", [1, 255])
@pytest.mark.parametrize("name", ["scores", "with a rare middle", "logits"])
def test_signed_bytes_are_cut_at_0(name, scale):
    values, wanted = quantize(name)
    report = diagnose(y_true=TRUTH * scale, y_pred=values, num_classes=2)
    assert report.verdict.primary == "byte-scores"
    finding = found(report, "byte-scores")
    assert finding.help == 'predictions = (predictions > -1).astype("uint8")'
    assert ("as in logits" in finding.message) == (name == "logits")
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(TRUTH, wanted, 2))


def test_numbers_of_objects_that_wrapped_around_in_signed_bytes_are_no_scores():
    numbers = np.zeros((1, 200, 220), np.uint8)
    for number in range(1, 140):
        top, left = 12 * ((number - 1) // 14), 15 * ((number - 1) % 14)
        numbers[0, top : top + 8, left : left + 9] = number
    report = diagnose(y_true=(numbers > 0).astype(np.uint8), y_pred=numbers.view(np.int8))
    assert "byte-scores" not in names(report)


BINARY_METRICS = [
    None,
    "MeanIoU(num_classes=2)",
    "BinaryIoU(target_class_ids=[0, 1])",
    "BinaryIoU(target_class_ids=[1], threshold=0.5)",
]
SCALES = {"percent": (100, 50), "grey": (255, 127.5), "permille": (1000, 500)}


@pytest.mark.parametrize("metric", BINARY_METRICS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("white", [1, 255])
@pytest.mark.parametrize("scale", SCALES)
def test_the_block_cuts_scores_with_fractions_on_their_own_scale(scale, white, dtype, metric):
    full, cut = SCALES[scale]
    scores = (SCORES.astype(dtype) * full).clip(0, full)
    report = diagnose(y_true=TRUTH * white, y_pred=scores, metric=metric, num_classes=2)
    wanted = mean_iou(TRUTH, scores >= cut, 2)
    assert report.verdict.mean_iou_after_all == pytest.approx(wanted)
    assert report.block is not None
    got = run_block(report.block, TRUTH * white, scores)
    assert got == pytest.approx(wanted, abs=TOLERANCE)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_block_cuts_whole_scores_and_those_below_0_to_1_where_the_score_is_from(seed):
    masks = draw_masks((3, 64, 56), 2, seed=seed)
    scores = squash(binary_logits(masks, seed=seed + 9, sharp=2.0)).astype(np.float32)
    for predictions in ((scores * 255).astype(np.uint8), (scores * 100).round(), scores):
        report = diagnose(y_true=masks * 255, y_pred=predictions, num_classes=2)
        assert report.block is not None
        got = run_block(report.block, masks * 255, predictions)
        assert got == pytest.approx(report.verdict.mean_iou_after_all, abs=TOLERANCE)


def test_scores_with_fractions_are_not_said_to_be_whole():
    report = diagnose(y_true=TRUTH, y_pred=(SCORES * 100).astype(np.float32), num_classes=2)
    said = found(report, "byte-scores").message + report.verdict.summary
    assert "whole" not in said
    assert "level" not in said
    assert "levels" in found(diagnose(y_true=TRUTH, y_pred=MAPS), "byte-scores").message

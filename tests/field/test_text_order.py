"""Slices and images in the order of text: 1, 10, 11, ..., 2."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names
from scenes import boxes, model

import iou_doctor
from field.test_volumes import draw_kidneys, draw_organs, draw_volume
from iou_doctor.checks.alignment._sample_order import list_text_orders

RULE = "shuffled-samples"
BY_TEXT = "in the order of text (1, 10, 11, ..., 2)"


def sort_by_text(count: int, first: int = 1) -> np.ndarray:
    return np.array(sorted(range(count), key=lambda number: str(number + first)))


def test_text_orders_are_those_of_names_without_leading_zeros():
    from_0, from_1 = (order.tolist() for order in list_text_orders(12))
    assert from_0 == [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]
    assert from_1 == [0, 9, 10, 11, 1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    ("shape", "axis"), [((40, 36, 28), 0), ((28, 40, 30), 1), ((24, 30, 56), 2)]
)
def test_slices_that_were_stacked_in_the_order_of_text_are_sorted(shape, axis, first):
    masks, good = draw_volume(*shape, classes=4, seed=axis)
    given = good.take(sort_by_text(shape[axis], first), axis)
    report = diagnose(y_true=masks[None], y_pred=given[None], num_classes=4)
    finding = found(report, RULE)
    assert errors(report) == [RULE]
    assert finding.message.startswith(f"along axis {axis + 1}, the slices of the predictions come")
    assert "numbers leading zeros" in finding.help
    assert after(report, RULE) == pytest.approx(mean_iou(masks, good, 4))


def test_masks_in_the_order_of_text_are_told_from_predictions_that_are():
    masks, good = draw_organs(3)
    order = sort_by_text(32)
    report = diagnose(y_true=masks[order][None], y_pred=good[None], num_classes=5)
    assert found(report, RULE).facts["side"] == "masks"
    assert after(report, RULE) == pytest.approx(mean_iou(masks, good, 5))


def test_slices_of_several_volumes_in_files_are_sorted(tmp_path):
    pairs = [draw_volume(36, 40, 30, classes=3, seed=seed) for seed in range(3)]
    for folder in ("masks", "preds"):
        (tmp_path / folder).mkdir()
    for number, (masks, good) in enumerate(pairs):
        for folder, labels in (("masks", masks), ("preds", good[sort_by_text(36)])):
            image = nibabel.Nifti1Image(labels.astype(np.int16), np.eye(4))
            nibabel.save(image, tmp_path / folder / f"case_{number}.nii.gz")
    report = iou_doctor.check(y_true=tmp_path / "masks", y_pred=tmp_path / "preds", num_classes=3)
    assert errors(report) == [RULE]
    masks, good = (np.stack(side) for side in zip(*pairs, strict=True))
    assert after(report, RULE) == pytest.approx(mean_iou(masks, good, 3))


@pytest.mark.parametrize(
    "move",
    [
        lambda labels: labels,
        lambda labels: np.roll(labels, 6, axis=0),
        lambda labels: np.roll(labels, -8, axis=2),
        lambda labels: np.roll(labels, labels.shape[1] // 2, axis=1),
        lambda labels: labels[::-1],
        lambda labels: labels[:, :, ::-1],
        lambda labels: np.roll(labels[::-1], 5, axis=0),
    ],
)
@pytest.mark.parametrize(
    "draw", [lambda: draw_volume(40, 30, 44, classes=4), lambda: draw_organs(1), draw_kidneys]
)
def test_volumes_that_are_right_or_moved_otherwise_are_not_in_the_order_of_text(draw, move):
    masks, good = draw()
    report = diagnose(y_true=masks[None], y_pred=move(good)[None], num_classes=5)
    assert RULE not in names(report)


@pytest.mark.parametrize("seed", range(4))
def test_other_objects_than_those_of_the_masks_are_not_in_the_order_of_text(seed):
    masks, _ = draw_organs(seed)
    report = diagnose(y_true=masks[None], y_pred=draw_organs(seed + 9)[1][None], num_classes=5)
    assert RULE not in names(report)


@pytest.mark.parametrize("side", ["masks", "predictions"])
def test_images_in_the_order_of_text_are_not_called_late(side):
    masks = boxes(1, samples=14)
    good = model(masks, 2)
    order = sort_by_text(14)
    given = (masks[order], good) if side == "masks" else (masks, good[order])
    report = diagnose(y_true=given[0], y_pred=given[1], num_classes=5)
    finding = found(report, RULE)
    assert BY_TEXT in finding.message
    assert finding.facts["by_text"]
    assert "by their numbers" in finding.help
    assert after(report, RULE) == pytest.approx(mean_iou(masks, good, 5))

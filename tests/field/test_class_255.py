"""255 as a class of both arrays, and as another number for class 0 in some samples."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names, roots

from field.arrays import draw_pair
from iou_doctor.render.shared.score_words import (
    describe_scores,
)
from iou_doctor.report.finding import Severity

VOID = "undeclared-void-label"
CODES = [
    [0, 85, 170, 255],
    [0, 128, 255],
    [*range(10, 256, 35)],
    [60, 120, 255],
    [255, 29, 76, 150, 179],
]
FAR = [[0, 1, 2, 3, 255], [255, 0, 1, 2], [0, 1, 255]]


def code(table, labels, dtype="uint8"):
    """Return each label as the code that a table lists."""
    return np.array(table)[labels].astype(dtype)


def squares(shape, share, seed=3):
    """Return a share of the pixels, in squares of 8 pixels."""
    images, height, width = shape
    drawn = np.random.default_rng(seed).random((images, height // 8, width // 8)) < share
    return drawn.repeat(8, 1).repeat(8, 2)


def warned(report):
    """Return the names of the causes that are more than notes."""
    return [one.rule.name for one in roots(report) if one.severity is not Severity.NOTE]


@pytest.mark.parametrize("noise", [0.3, 0.9])
@pytest.mark.parametrize("table", CODES, ids=str)
def test_255_is_a_class_where_both_arrays_hold_codes_up_to_it(table, noise):
    masks, predictions = draw_pair((6, 64, 80), len(table), noise=noise, seed=len(table))
    report = diagnose(y_true=code(table, masks), y_pred=code(table, predictions, "int32"))
    assert warned(report) == []
    assert VOID not in names(report)
    assert report.mean_iou == pytest.approx(mean_iou(masks, predictions, len(table)))


@pytest.mark.parametrize("table", FAR, ids=str)
def test_255_far_beyond_the_ids_of_both_arrays_is_a_class_with_a_note(table):
    masks, predictions = draw_pair((6, 64, 80), len(table), seed=4)
    report = diagnose(y_true=code(table, masks), y_pred=code(table, predictions))
    assert warned(report) == []
    assert "if 255 means void, --ignore-index 255" in found(report, VOID).help
    assert report.mean_iou == pytest.approx(mean_iou(masks, predictions, len(table)))


@pytest.mark.parametrize("table", [[0, 1, 2, 3], [0, 85, 170, 40]], ids=str)
@pytest.mark.parametrize("copied", [1.0, 0.6])
def test_void_that_was_copied_into_the_predictions_is_no_class(table, copied):
    masks, predictions = draw_pair((6, 64, 80), 4)
    void = squares(masks.shape, 0.15)
    same = void & (np.random.default_rng(5).random(void.shape) < copied)
    report = diagnose(
        y_true=np.where(void, 255, code(table, masks)),
        y_pred=np.where(same, 255, code(table, predictions)),
    )
    assert warned(report) == [VOID]
    assert found(report, VOID).repair.name == "ignore label 255"
    assert report.mean_iou == pytest.approx(mean_iou(masks[~void], predictions[~void], 4))


def test_predicted_255_that_seldom_meets_void_is_no_class():
    masks, predictions = draw_pair((6, 64, 80), 4)
    void, unsure = squares(masks.shape, 0.15), squares(masks.shape, 0.15, seed=6)
    report = diagnose(y_true=np.where(void, 255, masks), y_pred=np.where(unsure, 255, predictions))
    assert errors(report) == ["prediction-out-of-range"]
    assert VOID in names(report)


def test_0_and_255_on_both_sides_are_a_picture_of_two_classes():
    masks, predictions = draw_pair((6, 64, 80), 2)
    report = diagnose(y_true=masks * 255, y_pred=predictions * 255)
    assert report.verdict.primary == "masks-0-255"


def test_a_declared_255_is_no_class_though_both_arrays_hold_it():
    masks, predictions = draw_pair((6, 64, 80), 4)
    table = [0, 85, 170, 255]
    report = diagnose(y_true=code(table, masks), y_pred=code(table, predictions), ignore_index=255)
    assert report.score.pixels.ignored == (masks == 3).sum()


def write_background(masks, samples, label):
    """Return masks in which some samples hold a label in place of class 0."""
    changed = masks.astype(np.int32)
    for sample in samples:
        changed[sample][changed[sample] == 0] = label
    return changed


@pytest.mark.parametrize(
    ("classes", "samples", "label", "noise"),
    [
        (2, [0, 5], 255, 0.3),
        (3, [1, 5, 8], 255, 0.3),
        (3, [0, 1, 2, 3, 4, 5], -1, 0.7),
        (6, [3], 255, 0.3),
        (4, [1, 2, 7], 77, 0.3),
    ],
)
def test_a_label_in_place_of_class_0_in_some_samples_is_not_called_void(
    classes, samples, label, noise
):
    masks, predictions = draw_pair((10, 64, 80), classes, noise=noise, smoothness=9.0)
    changed = write_background(masks, samples, label)
    report = diagnose(y_true=changed, y_pred=predictions, num_classes=classes)
    finding = found(report, VOID)
    assert "another number for class 0 there, or void" in finding.message
    assert finding.facts["faulty"] == samples
    assert finding.facts["mean_iou_as_background"] == pytest.approx(
        mean_iou(masks, predictions, classes)
    )
    assert finding.repair is None
    assert "is right" not in describe_scores(report)


def healthy():
    """Yield masks with void in which some samples hold no class 0."""
    masks, predictions = draw_pair((10, 64, 80), 3, smoothness=9.0)
    some = np.isin(np.arange(10), [1, 5, 8])[:, None, None]
    seen = squares(masks.shape, 0.3)
    yield "few labels in some", np.where(~some | (seen & (masks > 0)), masks, 255), predictions
    yield "scribbles in all", np.where(seen, masks, 255), predictions
    edges = np.zeros(masks.shape, dtype=bool)
    edges[:, :, 2:] = masks[:, :, 2:] != masks[:, :, :-2]
    full = np.where(some & (masks == 0), 1, masks)
    yield "borders", np.where(edges, 255, full), np.where(some & (predictions == 0), 1, predictions)
    strip = np.broadcast_to(np.arange(80) < 9, masks.shape)
    yield "a margin", np.where(strip, 255, masks), predictions
    void = some & (squares(masks.shape, 0.5) | (masks == 0))
    yield "half unlabelled in some", np.where(void, 255, masks), predictions


@pytest.mark.parametrize("case", list(healthy()), ids=lambda case: case[0])
def test_void_that_holds_all_kinds_of_classes_stays_void(case):
    _, masks, predictions = case
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=3)
    assert found(report, VOID).repair.name == "ignore label 255"
    assert errors(report) == []

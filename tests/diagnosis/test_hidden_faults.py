"""Two faults at once, of which one shows only when the other one is repaired."""

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names, roots
from scenes import boxes, model

T = boxes(1)
P = model(T, 2, signal=3.0)
CLEAN = mean_iou(T, P, 5)
ORDER = np.array([3, 4, 1, 0, 2])


def root_names(report):
    return [finding.rule.name for finding in roots(report)]


@pytest.mark.parametrize(
    ("bent", "rule"),
    [
        (np.roll(P, 3, 0), "shuffled-samples"),
        (P[:, ::-1], "flipped-samples"),
        (P[:, :, ::-1], "flipped-samples"),
    ],
)
def test_ids_and_places_at_once(bent, rule):
    report = diagnose(y_true=T, y_pred=ORDER[bent], num_classes=5)
    assert root_names(report) == [rule, "permuted-classes"]
    message = found(report, "permuted-classes").message
    assert message.startswith(f"after the repair of `{rule}`: ")
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_places_show_once_ids_are_matched():
    message = found(diagnose(y_true=T, y_pred=ORDER[np.roll(P, 3, 0)]), "shuffled-samples").message
    assert message.startswith("with ids matched as well as possible, all predictions come 3 places")


@pytest.mark.parametrize("axis", [1, 2])
def test_a_consequence_stays_one(axis):
    report = diagnose(y_true=T, y_pred=np.flip(P, axis), num_classes=5)
    assert root_names(report) == ["flipped-samples"]
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_an_order_within_masks_divided_by_255():
    report = diagnose(y_true=(T / 255).astype(np.float32), y_pred=np.roll(P, 3, 0), num_classes=5)
    assert root_names(report) == ["masks-divided-by-255", "shuffled-samples"]
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_ids_within_grey_pictures():
    grey = np.repeat((T + np.uint8(1))[..., None], 3, -1)
    report = diagnose(y_true=grey, y_pred=P, num_classes=5)
    assert root_names(report) == ["replicated-grey-masks", "labels-off-by-one"]
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_swapped_sizes_and_a_flip():
    report = diagnose(y_true=T, y_pred=P[:, :, ::-1].swapaxes(1, 2), num_classes=5)
    assert root_names(report) == ["height-width-swapped", "flipped-samples"]
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_swapped_sizes_and_wrong_ids_are_no_reshape():
    report = diagnose(y_true=T, y_pred=ORDER[P].swapaxes(1, 2), num_classes=5)
    assert root_names(report) == ["height-width-swapped", "permuted-classes"]
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_predictions_of_other_scenes_fit_in_no_place():
    for seed in range(6):
        other = model(boxes(50 + seed), seed)
        for pred in (other, ORDER[other]):
            report = diagnose(y_true=T, y_pred=pred, num_classes=5)
            assert {"shuffled-samples", "flipped-samples"}.isdisjoint(names(report)), seed


def test_two_classes_are_not_matched():
    binary, guess = boxes(7, classes=2), model(boxes(8, classes=2), 9, classes=2)
    assert errors(diagnose(y_true=binary, y_pred=guess, num_classes=2)) == []


def test_an_order_within_grey_pictures():
    grey = np.repeat(T[..., None], 3, -1)
    report = diagnose(y_true=grey, y_pred=np.roll(P, 3, 0), num_classes=5)
    assert root_names(report) == ["replicated-grey-masks", "shuffled-samples"]
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)

import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, noisy, probabilities, scene
from help_code import run_help

from iou_doctor.repairs.first_channel import FirstChannel
from iou_doctor.repairs.relabel import Relabel

T = scene(1, samples=3, height=24, width=30)
P = noisy(T, 2)
B, BP = (T > 0).astype(np.uint8), (P > 0).astype(np.uint8)


def grey(labels, channels=3):
    masks = np.repeat(labels[..., None], 3, axis=-1)
    alpha = np.full((*labels.shape, channels - 3), 255, dtype=np.uint8)
    return np.concatenate([masks, alpha], axis=-1)


@pytest.mark.parametrize("channels", [3, 4])
def test_three_equal_channels_are_one_label_image(channels):
    report = diagnose(y_true=grey(T, channels), y_pred=P, num_classes=3)
    assert errors(report) == ["replicated-grey-masks"]
    assert found(report, "replicated-grey-masks").facts == {
        "channels": channels,
        "labels": [0, 1, 2],
    }
    assert after(report, "replicated-grey-masks") == pytest.approx(mean_iou(T, P, 3))


def test_the_number_of_classes_comes_from_the_grey_values():
    report = diagnose(y_true=grey(T), y_pred=P.clip(0, 1))
    assert report.reading.num_classes == 3
    assert after(report, "replicated-grey-masks") == pytest.approx(mean_iou(T, P.clip(0, 1), 3))


@pytest.mark.parametrize("high", [1, 255])
def test_two_classes_of_0_and_255_become_0_and_1(high):
    report = diagnose(y_true=grey(B * np.uint8(high)), y_pred=BP, num_classes=2)
    assert errors(report) == ["replicated-grey-masks"]
    assert "undeclared-void-label" not in names(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(B, BP, 2))
    steps = [type(step) for step in found(report, "replicated-grey-masks").repair.steps]
    assert steps == [FirstChannel] + [Relabel] * (high == 255)
    masks = grey(B * np.uint8(high))
    for step in found(report, "replicated-grey-masks").repair.steps:
        masks = step.apply(masks, spatial=2)
    assert np.array_equal(masks, B)


def test_255_as_declared_void_stays():
    void = B.copy()
    void[:, ::7] = 255
    report = diagnose(y_true=grey(void), y_pred=BP, num_classes=2, ignore_index=255)
    expected = mean_iou(B[void != 255], BP[void != 255], 2)
    assert after(report, "replicated-grey-masks") == pytest.approx(expected)


def test_beside_scores():
    report = diagnose(
        y_true=grey(T), y_pred=probabilities(P, 1, classes=3), metric="OneHotMeanIoU(3)"
    )
    assert errors(report) == ["replicated-grey-masks"]
    assert report.metric.value != pytest.approx(mean_iou(T, P, 3))


def test_colours_and_one_channel_pass():
    colours = np.array([[0, 0, 0], [9, 9, 9], [0, 0, 200]], dtype=np.uint8)
    assert "replicated-grey-masks" not in names(diagnose(y_true=colours[T], y_pred=P))
    assert errors(diagnose(y_true=T[..., None], y_pred=P[..., None])) == []


@pytest.mark.parametrize("axis", [1, 3])
@pytest.mark.parametrize("high", [1, 255])
def test_the_code_of_the_help_takes_one_channel(high, axis):
    masks = np.moveaxis(grey(B * np.uint8(high)), -1, axis)
    report = diagnose(y_true=masks, y_pred=BP, num_classes=2)
    help_text = found(report, "replicated-grey-masks").help
    repaired, _ = run_help(help_text, masks=masks, predictions=BP)
    assert np.array_equal(repaired, B)

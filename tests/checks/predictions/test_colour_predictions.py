import numpy as np
import pytest
from build import after, diagnose, errors, found, logits, mean_iou, names, noisy, scene
from checks.masks.test_colour_masks import CLEAN, OWN, VOC, P, T
from help_code import run_help


def test_predictions_painted_with_a_known_palette():
    report = diagnose(y_true=T, y_pred=VOC[P], num_classes=21)
    finding = found(report, "colour-predictions")
    assert finding.facts["palette"] == "PASCAL VOC 2012"
    assert (finding.facts["colours"], finding.facts["grey"]) == (5, False)
    assert finding.repair.safe
    assert report.verdict.primary == "colour-predictions"
    assert errors(report) == ["colour-predictions"]
    assert after(report, "colour-predictions") == pytest.approx(CLEAN)


def test_an_unknown_palette_is_assigned_by_the_masks():
    report = diagnose(y_true=T, y_pred=OWN[P], num_classes=5)
    assert not found(report, "colour-predictions").repair.safe
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


@pytest.mark.parametrize("colours", [VOC, OWN])
def test_colours_on_both_sides_are_mapped_alike(colours):
    report = diagnose(y_true=colours[T], y_pred=colours[P], num_classes=21)
    assert errors(report) == ["colour-predictions", "colour-masks"]
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_grey_predictions_lose_two_channels():
    report = diagnose(y_true=T, y_pred=np.repeat(P[..., None], 3, axis=-1), num_classes=5)
    assert found(report, "colour-predictions").facts["grey"]
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_integer_scores_pass():
    labels = scene(1, samples=3, height=24, width=30)
    scores = np.rint(logits(noisy(labels, 1), 2, classes=3) * 9).astype(np.int32)
    bytes_ = (scores - scores.min()).clip(0, 255).astype(np.uint8)
    for dense in (scores, bytes_):
        report = diagnose(y_true=labels, y_pred=dense, metric="MeanIoU(3, sparse_y_pred=False)")
        assert "colour-predictions" not in names(report)
        assert report.mean_iou == pytest.approx(mean_iou(labels, dense.argmax(axis=-1), 3))


@pytest.mark.parametrize("axis", [1, 3])
@pytest.mark.parametrize("high", [1, 255])
def test_the_code_of_the_help_takes_one_channel(high, axis):
    masks, labels = (T > 0).astype(np.uint8), (P > 0).astype(np.uint8)
    predictions = np.stack([labels * np.uint8(high)] * 3, axis=axis)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=2)
    help_text = found(report, "colour-predictions").help
    _, repaired = run_help(help_text, masks=masks, predictions=predictions)
    assert np.array_equal(repaired, labels)

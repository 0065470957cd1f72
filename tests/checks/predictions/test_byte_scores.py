import numpy as np
import pytest
from build import after, diagnose, errors, found, names, scene, sigmoid
from help_code import run_help

RULE = "byte-scores"
LABELS = scene(3, samples=3, height=32, width=40, classes=2)


def test_scores_saved_as_a_grey_picture_are_thresholded_in_the_middle():
    report = diagnose(y_true=LABELS, y_pred=(sigmoid(LABELS, 4) * 255).astype(np.uint8))
    assert errors(report) == [RULE]
    assert after(report, RULE) == pytest.approx(1)


@pytest.mark.parametrize(("levels", "are_scores"), [(23, False), (24, True)])
def test_24_grey_levels_are_scores(levels, are_scores):
    grey = np.linspace(0, 255, levels).astype(np.uint8)[np.newaxis]
    report = diagnose(y_true=grey > 127, y_pred=grey, num_classes=2)
    assert (RULE in names(report)) == are_scores


@pytest.mark.parametrize(("highest", "is_cut"), [(127, False), (128, True)])
def test_only_scores_that_reach_the_upper_half_are_cut(highest, is_cut):
    grey = np.linspace(0, highest, 64).astype(np.uint8)[np.newaxis]
    finding = found(diagnose(y_true=grey > 100, y_pred=grey), RULE)
    assert (finding.repair is not None) == is_cut
    assert ("below 0.5" in finding.help) != is_cut


def test_scores_with_fractions_are_cut_at_127_and_a_half():
    scores = sigmoid(LABELS, 4) * np.float32(255)
    finding = found(diagnose(y_true=LABELS, y_pred=scores), RULE)
    _, labels = run_help(finding.help, masks=LABELS, predictions=scores)
    np.testing.assert_array_equal(labels, scores >= 127.5)
    np.testing.assert_array_equal(finding.repair.steps[0].apply(scores, spatial=2), labels)
    assert finding.repair.mean_iou_after == pytest.approx(1)


@pytest.mark.parametrize(("highest", "cut"), [(89, 127), (90, 50), (100, 50), (101, 127)])
def test_scores_in_percent_end_between_90_and_100(highest, cut):
    grey = np.arange(highest + 1, dtype=np.uint8)[np.newaxis]
    report = diagnose(y_true=grey > 60, y_pred=grey, num_classes=2)
    assert found(report, RULE).facts["cut"] == cut


def test_grey_levels_are_divided_between_127_and_128():
    grey = np.arange(256, dtype=np.uint8)[np.newaxis]
    finding = found(diagnose(y_true=grey > 127, y_pred=grey, num_classes=2), RULE)
    _, labels = run_help(finding.help, masks=grey, predictions=grey)
    np.testing.assert_array_equal(labels, grey >= 128)
    np.testing.assert_array_equal(finding.repair.steps[0].apply(grey, spatial=1), grey >= 128)


@pytest.mark.parametrize("masks", [[0, 1, 2], [0, 128], [1, 2]])
def test_masks_of_other_labels_have_no_scores(masks):
    grey = np.arange(256, dtype=np.uint8)[np.newaxis]
    truth = np.resize(masks, 256)[np.newaxis]
    assert RULE not in names(diagnose(y_true=truth, y_pred=grey))

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


@pytest.mark.parametrize(
    ("store", "help_text"),
    [
        (lambda scores: np.rint(scores * 255 - 128).astype(np.int8), "predictions > -1"),
        (lambda scores: np.rint(255 - scores * 255).astype(np.uint8), "predictions <= 127"),
        (lambda scores: np.rint(scores * 1000).astype(np.int16), "predictions > 500"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"num_classes": 2}])
def test_signed_inverted_and_permille_scores_are_cut_in_the_middle(store, help_text, options):
    stored = store(sigmoid(LABELS, 4))
    report = diagnose(y_true=LABELS, y_pred=stored, **options)
    assert errors(report) == [RULE]
    assert help_text in found(report, RULE).help
    assert after(report, RULE) == pytest.approx(1)
    _, repaired = run_help(found(report, RULE).help, masks=LABELS, predictions=stored)
    np.testing.assert_array_equal(repaired, LABELS)


def test_a_metric_that_cuts_signed_scores_reads_them_well():
    stored = np.rint(sigmoid(LABELS, 4) * 255 - 128).astype(np.int8)
    metric = "keras.metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.5)"
    report = diagnose(y_true=LABELS, y_pred=stored, metric=metric)
    assert not errors(report)
    assert "your metric cuts them near the middle" in found(report, RULE).message


def test_ids_in_no_order_are_no_inverted_scores():
    rng = np.random.default_rng(0)
    parts = np.where(LABELS == 1, rng.integers(0, 5, LABELS.shape) * 2, 0)
    parts[LABELS == 0] = rng.choice([1, 3, 5, 7, 12, 13, 14, 15], (LABELS == 0).sum())
    ids = parts * 16 + rng.integers(0, 16, LABELS.shape)
    report = diagnose(y_true=LABELS, y_pred=ids)
    assert "<=" not in "".join(finding.help for finding in report.findings)

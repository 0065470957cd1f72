import numpy as np
import pytest
from build import after, diagnose, errors, found, names, noisy, one_hot, scene, sigmoid

TRUTH = scene(1)


@pytest.mark.parametrize("void", [255, -1, 2])
def test_a_void_label_that_no_option_names(void):
    report = diagnose(y_true=[[[0, 1, void, 1]]], y_pred=[[[0, 1, 0, 0]]], num_classes=2)
    finding = found(report, "undeclared-void-label")
    assert finding.facts == {"labels": {str(void): 1}}
    option = "--ignore-index=-1" if void == -1 else f"--ignore-index {void}"
    assert finding.help == f"{option}, and ignore_class={void} in the metric"
    assert errors(report) == []
    assert report.verdict.primary == "undeclared-void-label"
    assert report.consequences == {"dropped-pixels"}
    assert after(report, "undeclared-void-label") == 0.5


def test_the_id_behind_the_last_class_is_a_label_where_it_is_predicted():
    report = diagnose(y_true=[[[0, 1, 2, 1]]], y_pred=[[[0, 1, 0, 2]]], num_classes=2)
    assert "undeclared-void-label" not in names(report)
    assert report.verdict.primary == "label-out-of-range"


def test_the_id_behind_the_last_class_is_a_label_beside_other_strays():
    report = diagnose(y_true=[[[0, 1, 2, 5]]], y_pred=[[[0, 1, 0, 1]]], num_classes=2)
    assert errors(report) == ["label-out-of-range"]
    assert "undeclared-void-label" not in names(report)


@pytest.mark.parametrize("void", [255, -1, 2])
def test_a_declared_void_label_passes(void):
    masks, predictions = [[[0, 1, void, 1]]], [[[0, 1, 0, 0]]]
    declared = diagnose(y_true=masks, y_pred=predictions, num_classes=2, ignore_index=void)
    assert names(declared) == []
    metric = f"keras.metrics.MeanIoU(num_classes=2, ignore_class={void})"
    assert names(diagnose(y_true=masks, y_pred=predictions, metric=metric)) == []


def test_label_2_beside_one_channel_of_scores_may_be_a_third_class():
    truth, metric = scene(1, samples=6), "keras.metrics.BinaryIoU([0, 1], 0.5)"
    report = diagnose(y_true=truth, y_pred=sigmoid(truth == 1, 2), metric=metric)
    finding = found(report, "undeclared-void-label")
    assert "the label is a third class, or void" in finding.message
    assert finding.repair is None


def test_a_label_that_has_a_channel_is_not_void():
    truth = scene(1, classes=4)
    scores = one_hot(np.where(truth == 3, 0, truth), 4, np.float32)
    metric = "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)"
    report = diagnose(y_true=truth, y_pred=scores, metric=metric)
    assert errors(report) == ["channel-count-mismatch"]
    assert "undeclared-void-label" not in names(report)


def test_0_and_255_alone_are_another_rule():
    report = diagnose(y_true=[[[0, 255]]], y_pred=[[[0, 1]]], num_classes=2)
    assert "undeclared-void-label" not in names(report)


def test_torchmetrics_counts_wrong_if_its_call_does_not_name_the_void_label():
    metric = "torchmetrics.JaccardIndex(task='multiclass', num_classes=3)"
    masks = np.where(TRUTH == 1, 255, TRUTH)
    report = diagnose(y_true=masks, y_pred=noisy(TRUTH, 2), metric=metric)
    assert report.verdict.primary == "undeclared-void-label"
    help_text = found(report, "undeclared-void-label").help
    assert help_text == "--ignore-index 255, and ignore_index=255 in the metric"


@pytest.mark.parametrize(("holds", "both"), [([3], False), ([1, 4], False), ([3], True)])
def test_a_label_of_samples_without_the_object_may_be_the_object(holds, both):
    masks = (scene(1, samples=6) > 0).astype(np.uint8)
    untrained = noisy(masks, 2, share=1, classes=2)
    for sample in holds:
        masks[sample][masks[sample] == 1] = 255
    if both:
        masks[0, :2] = 255
    report = diagnose(y_true=masks, y_pred=untrained, num_classes=2)
    finding = found(report, "undeclared-void-label")
    assert ("look at one of them: if 255 is the object" in finding.help) == (not both)
    assert (finding.repair is None) == (not both)

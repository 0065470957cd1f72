import numpy as np
from build import diagnose, errors, found, names, one_hot, probabilities

TRUTH = np.array([[[0, 1, 2, 2]]])


def test_predictions_with_a_channel_too_many():
    softmax = probabilities(np.array([[[0, 1, 2, 3]]]), 1, classes=4)
    report = diagnose(y_true=TRUTH, y_pred=softmax, metric="MeanIoU(3, sparse_y_pred=False)")
    finding = found(report, "channel-count-mismatch")
    assert finding.facts == {"array": "predictions", "channels": 4, "num_classes": 3}
    assert report.verdict.primary == "channel-count-mismatch"
    assert "prediction-out-of-range" not in errors(report)
    assert finding.repair is None  # the score would fall


def test_masks_with_a_channel_too_few():
    softmax = probabilities(TRUTH, 1, classes=3)
    metric = "keras.metrics.OneHotMeanIoU(num_classes=3)"
    report = diagnose(y_true=one_hot(TRUTH % 2, 2), y_pred=softmax, metric=metric)
    finding = found(report, "channel-count-mismatch")
    assert finding.facts == {"array": "masks", "channels": 2, "num_classes": 3}


def test_a_void_channel_that_is_the_ignore_label_passes():
    masks = one_hot([[[0, 1, 2, 3]]], 4)
    metric = "MeanIoU(3, ignore_class=3, sparse_y_true=False, sparse_y_pred=False)"
    report = diagnose(y_true=masks, y_pred=probabilities(TRUTH, 1, classes=3), metric=metric)
    assert names(report) == []
    assert report.pixels.ignored == 1
    assert report.mean_iou == 1.0


def test_a_void_channel_that_was_not_declared_is_reported():
    masks = one_hot([[[0, 1, 2, 3]]], 4)
    metric = "keras.metrics.OneHotMeanIoU(num_classes=3)"
    report = diagnose(y_true=masks, y_pred=probabilities(TRUTH, 1, classes=3), metric=metric)
    assert errors(report) == ["channel-count-mismatch"]


def test_as_many_channels_as_classes_pass():
    softmax = probabilities(TRUTH, 1, classes=3)
    assert (
        names(diagnose(y_true=TRUTH, y_pred=softmax, metric="MeanIoU(3, sparse_y_pred=False)"))
        == []
    )


def test_overlapping_masks_without_the_channel_of_background():
    rng = np.random.default_rng(1)
    masks = np.repeat(np.repeat(rng.random((6, 3, 4, 4)) < 0.4, 8, 2), 8, 3)
    true = np.concatenate([~masks.any(axis=1, keepdims=True), masks], axis=1)
    scores = np.where(true, 0.8, 0.2) + rng.normal(0, 0.15, true.shape)
    scores = scores.clip(0, 1).astype(np.float32)
    metric = 'torchmetrics.JaccardIndex(task="multilabel", num_labels=3)'
    report = diagnose(y_true=masks.astype(np.uint8), y_pred=scores, metric=metric)
    assert errors(report) == ["channel-count-mismatch"]
    code = "predictions = np.delete(predictions, 0, axis=1)"
    assert found(report, "channel-count-mismatch").help.endswith(code)
    assert [one.repair for one in report.findings] == [None] * len(report.findings)

from build import after, diagnose, errors, found, logits, names, scene

MASKS = [[[0, 1, 1], [0, 0, 1]]]
SWAPPED = [[[0, 0], [1, 0], [1, 1]]]


def test_swapped_sizes_are_reported_with_the_score_after_swapping_back():
    report = diagnose(y_true=MASKS, y_pred=SWAPPED, num_classes=2)
    finding = found(report, "height-width-swapped")
    assert finding.facts == {"masks": [2, 3], "predictions": [3, 2]}
    assert errors(report) == ["height-width-swapped"]
    assert after(report, "height-width-swapped") == 1.0
    assert report.mean_iou is None
    assert report.metric.value == 0.5  # Keras flattens and says nothing


def test_dense_predictions_are_swapped_too():
    dense = logits(scene(1), 2, classes=3).swapaxes(1, 2)
    report = diagnose(y_true=scene(1), y_pred=dense, num_classes=3)
    assert report.verdict.primary == "height-width-swapped"
    assert after(report, "height-width-swapped") == 1.0


def test_equal_sizes_pass():
    assert names(diagnose(y_true=MASKS, y_pred=MASKS, num_classes=2)) == []

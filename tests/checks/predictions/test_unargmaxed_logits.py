from build import after, diagnose, errors, found

TRUTH = [[[0, 1], [1, 0]]]
LOGITS = [[[[2.5, -1.0], [-3.0, 4.0]], [[0.5, 0.25], [6.0, 1.0]]]]


def test_logits_for_a_metric_that_reads_labels():
    report = diagnose(y_true=TRUTH, y_pred=LOGITS, num_classes=2)
    facts = found(report, "unargmaxed-logits").facts
    assert facts == {
        "channels": 2,
        "class_axis": 3,
        "minimum": -3.0,
        "maximum": 6.0,
        "channel_sum_minimum": 0.75,
        "channel_sum_maximum": 7.0,
        "values_below_one": 4,
        "values": 8,
    }
    assert report.verdict.primary == "unargmaxed-logits"
    assert after(report, "unargmaxed-logits") == (2 / 3 + 1 / 2) / 2


def test_the_call_of_the_help_removes_the_fault():
    fitting = found(diagnose(y_true=TRUTH, y_pred=LOGITS, num_classes=2), "unargmaxed-logits").help
    assert fitting == "keras.metrics.MeanIoU(num_classes=2, sparse_y_pred=False)"
    assert errors(diagnose(y_true=TRUTH, y_pred=LOGITS, metric=fitting)) == []

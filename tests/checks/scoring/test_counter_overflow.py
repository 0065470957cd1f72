import numpy as np
import pytest
from build import diagnose, found, names, outcome, roots

from iou_doctor.metrics.engine import evaluate
from iou_doctor.report.finding import Severity

MASKS = np.zeros((2, 4000, 2500), dtype=np.uint8)
PREDICTIONS = MASKS.copy()
PREDICTIONS.reshape(-1)[:2_500_000] = 1


def test_a_float32_cell_stops_at_2_to_the_24():
    report = diagnose(y_true=MASKS, y_pred=PREDICTIONS, metric="tf_keras.metrics.MeanIoU(2)")
    facts = found(report, "counter-overflow").facts
    assert (facts["largest"], facts["limit"]) == (17_500_000, 16_777_216)
    assert facts["overflowed"] == pytest.approx(0.43515661358833313, abs=1e-7)  # of tf-keras 2.21
    assert facts["exact"] == pytest.approx(0.4375)
    assert report.metric.value == pytest.approx(0.4375)  # as in batches
    assert "counter-overflow" in [finding.rule.name for finding in roots(report)]


def test_batches_that_stay_below_the_end_are_no_finding():
    metric = "tf_keras.metrics.MeanIoU(2)"
    one = diagnose(y_true=MASKS, y_pred=PREDICTIONS, metric=metric, batch_size=1)
    assert outcome(one, "counter-overflow").status == "passed"
    two = diagnose(y_true=MASKS, y_pred=PREDICTIONS, metric=metric, batch_size=2)
    assert "counter-overflow" in names(two)


def test_the_table_of_others_says_what_a_counter_at_its_end_reads():
    report = diagnose(y_true=MASKS, y_pred=PREDICTIONS, num_classes=2)
    (other,) = [score for score in report.contracts if score.name == "tf_keras.MeanIoU"]
    assert other.value == pytest.approx(0.4375)
    assert other.note == "0.4352 if all pixels come in one `update_state`"


def test_the_counters_of_keras_on_tensorflow_suffice():
    report = diagnose(y_true=MASKS, y_pred=PREDICTIONS, num_classes=2)
    assert outcome(report, "counter-overflow").status == "passed"


def test_a_counter_that_ends_without_moving_the_score_is_no_finding():
    report = diagnose(y_true=MASKS, y_pred=MASKS, metric="tf_keras.metrics.MeanIoU(2)")
    assert "counter-overflow" not in names(report)


def test_a_union_beyond_int32_is_a_note_about_the_torch_backend(monkeypatch):
    # a cast to int8 and its limit take the place of int32 and 2**31, which keeps the test small
    monkeypatch.setattr(evaluate, "LARGEST_INT32", 127)
    monkeypatch.setattr(evaluate, "SMALL_COUNTER", np.int8)
    masks = np.zeros((1, 10, 20), dtype=np.uint8)
    masks[0, :1] = 1
    predictions = masks.copy()
    predictions[0, 1, :10] = 1
    report = diagnose(y_true=masks, y_pred=predictions, metric="keras.metrics.MeanIoU(2)")
    finding = found(report, "counter-overflow")
    assert finding.severity is Severity.NOTE
    assert finding.facts["largest"] == 180
    # the union of class 0 is -76 in int8: that class leaves the mean
    assert finding.facts["overflowed"] == pytest.approx(2 / 3, abs=1e-6)
    assert finding.facts["exact"] == pytest.approx((170 / 180 + 2 / 3) / 2, abs=1e-6)
    tensorflow = diagnose(y_true=masks, y_pred=predictions, metric="tf.keras.metrics.MeanIoU(2)")
    assert "counter-overflow" not in names(tensorflow)

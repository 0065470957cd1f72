import pytest
from build import diagnose, found, names


def test_dropped_misses_raise_the_metric():
    report = diagnose(y_true=[[[0, 1, 1, 1]]], y_pred=[[[0, 1, 3, 1]]], num_classes=2)
    facts = found(report, "dropped-pixels").facts
    assert facts["dropped"] == 1
    assert facts["metric"] == pytest.approx(1, abs=1e-6)
    assert facts["doctor"] == pytest.approx((1 + 2 / 3) / 2)
    assert facts["others"] == ["ultralytics"]
    assert found(report, "dropped-pixels").evidence == "also dropped by ultralytics (1.0000)"
    assert report.consequences == {"dropped-pixels"}


def test_dropped_void_pixels_do_not_move_the_score():
    report = diagnose(y_true=[[[0, 1, 255, 1]]], y_pred=[[[0, 1, 0, 1]]], num_classes=2)
    finding = found(report, "dropped-pixels")
    assert finding.facts["dropped"] == 1
    assert "misses" not in finding.message


def test_ignored_pixels_are_not_dropped_silently():
    report = diagnose(
        y_true=[[[0, 1, 255, 1]]], y_pred=[[[0, 1, 255, 1]]], num_classes=2, ignore_index=255
    )
    assert names(report) == []

import numpy as np
import pytest
from build import diagnose, found, names

RULE = "weak-agreement"
CLASSES = 3


def draw_maps(samples: int, *, equal: float) -> tuple[np.ndarray, np.ndarray]:
    """Return masks of random squares, and predictions that equal them in a share of the pixels."""
    rng = np.random.default_rng(4)
    squares = rng.integers(0, CLASSES, (samples, 8, 8)).repeat(4, 1).repeat(4, 2)
    other = rng.integers(0, CLASSES, squares.shape)
    return squares, np.where(rng.random(squares.shape) < equal, squares, other)


@pytest.mark.parametrize(("equal", "fires"), [(0.0, True), (0.35, True), (0.45, False)])
def test_the_note_is_for_maps_that_agree_weakly(equal, fires):
    masks, predictions = draw_maps(8, equal=equal)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=CLASSES)
    assert (RULE in names(report)) == fires
    assert ("the cause of the low score is unknown" in report.verdict.summary) == fires


def test_kappa_is_that_of_the_definition():
    masks, predictions = draw_maps(8, equal=0.2)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=CLASSES)
    equal = (masks == predictions).mean()
    chance = sum((masks == one).mean() * (predictions == one).mean() for one in range(CLASSES))
    facts = found(report, RULE).facts
    assert facts["kappa"] == pytest.approx((equal - chance) / (1 - chance))
    assert facts["own"] > facts["others"]


def test_a_single_sample_has_no_other_masks():
    masks, predictions = draw_maps(1, equal=0.2)
    message = found(diagnose(y_true=masks, y_pred=predictions, num_classes=CLASSES), RULE).message
    assert "orders of the samples" not in message
    assert "other samples" not in message


def test_a_fault_that_may_be_the_reason_silences_it():
    masks, predictions = draw_maps(8, equal=0.9)
    swapped = diagnose(y_true=masks, y_pred=predictions[::-1], num_classes=CLASSES)
    assert "shuffled-samples" in names(swapped)
    assert RULE not in names(swapped)


def test_an_imbalance_is_no_explanation_of_weak_agreement():
    rng = np.random.default_rng(0)
    masks = (rng.random((4, 32, 32)) < 0.03).astype(int)
    report = diagnose(y_true=masks, y_pred=np.roll(masks, 9, 2), num_classes=2)
    assert {"class-imbalance", RULE} <= set(names(report))
    assert report.primary is None


def test_with_one_class_left_kappa_says_nothing():
    masks, predictions = draw_maps(4, equal=0.9)
    binary = (masks > 0).astype(int), (predictions > 0).astype(int)
    report = diagnose(y_true=binary[0], y_pred=binary[1], num_classes=2, ignore_index=0)
    assert "ignored-class-in-range" in names(report)
    assert RULE not in names(report)

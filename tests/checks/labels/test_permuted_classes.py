import numpy as np
import pytest
from build import after, diagnose, found, mean_iou, names, noisy, probabilities, scene

from iou_doctor.checks.labels import permuted_classes

T = scene(1, samples=6, height=32, width=48, classes=5)
P = noisy(T, 2, classes=5)
CLEAN = mean_iou(T, P, 5)


def test_two_exchanged_classes():
    lut = np.array([0, 2, 1, 3, 4])
    report = diagnose(y_true=T, y_pred=lut[P], num_classes=5)
    finding = found(report, "permuted-classes")
    assert finding.facts["mapping"] == {"1": 2, "2": 1}
    assert finding.facts["array"] == "masks"
    assert "lut[[1, 2]] = [2, 1]; masks = lut[masks]" in finding.help
    assert report.verdict.primary == "permuted-classes"
    assert after(report, "permuted-classes") == pytest.approx(CLEAN)


def test_all_classes_in_another_order():
    lut = np.array([3, 4, 1, 0, 2])
    report = diagnose(y_true=T, y_pred=lut[P], num_classes=5)
    mapping = {str(old): int(new) for old, new in enumerate(lut)}
    assert found(report, "permuted-classes").facts["mapping"] == mapping
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_channels_in_another_order():
    lut = np.array([0, 2, 1, 3, 4])
    report = diagnose(
        y_true=T,
        y_pred=probabilities(lut[P], 3, classes=5),
        metric="MeanIoU(5, sparse_y_pred=False)",
    )
    assert report.verdict.primary == "permuted-classes"
    assert after(report, "permuted-classes") == pytest.approx(CLEAN)


def test_a_mapping_in_place_leaves_an_exchange_and_a_missing_id():
    # 2 to 4, then 4 to 3, then 3 to 2 done one after another on 3 and 4: class 1 is lost in 2
    merged = np.array([0, 2, 2, 4, 3])[T]
    report = diagnose(y_true=merged, y_pred=P, num_classes=5)
    facts = found(report, "permuted-classes").facts
    assert facts["mapping"] == {"3": 4, "4": 3}
    assert facts["missing_from_masks"] == [1]


def test_a_weak_class_within_the_exchange_is_moved_too():
    # class 3 is recognised in a third of its pixels
    rng = np.random.default_rng(4)
    weak = np.where((P == 3) & (rng.random(P.shape) < 0.6), 0, P)
    lut = np.array([0, 2, 3, 1, 4])
    report = diagnose(y_true=T, y_pred=lut[weak], num_classes=5)
    assert after(report, "permuted-classes") == pytest.approx(mean_iou(T, weak, 5))


def test_off_by_one_is_another_rule():
    report = diagnose(y_true=T + 1, y_pred=P)
    assert "permuted-classes" not in names(report)


def test_two_classes_are_another_rule():
    report = diagnose(y_true=T > 1, y_pred=P <= 1, num_classes=2)
    assert "permuted-classes" not in names(report)
    assert "inverted-masks" in names(report)


def test_a_few_pixels_prove_nothing():
    report = diagnose(y_true=[[[0, 0, 1, 1, 2, 2]]], y_pred=[[[0, 0, 2, 2, 1, 1]]], num_classes=3)
    assert "permuted-classes" not in names(report)


def test_a_class_taken_for_another_is_silent():
    # 1 is taken for 2, and 2 for background: a poor model, no exchange
    pred = np.array([0, 2, 0, 3, 4])[T]
    assert "permuted-classes" not in names(diagnose(y_true=T, y_pred=pred, num_classes=5))


def test_a_chain_to_an_absent_id_needs_nearly_all_pixels():
    present = np.where(T == 3, 0, T)
    chain = np.array([0, 2, 3, 3, 4])[present]
    sure = diagnose(y_true=present, y_pred=noisy(chain, 5, share=0.1, classes=5), num_classes=5)
    assert found(sure, "permuted-classes").facts["mapping"] == {"1": 2, "2": 3, "3": 1}
    poor = diagnose(y_true=present, y_pred=noisy(chain, 5, share=0.4, classes=5), num_classes=5)
    assert "permuted-classes" not in names(poor)


def test_random_predictions_are_silent():
    for seed in range(5):
        pred = np.random.default_rng(seed).integers(0, 5, T.shape)
        report = diagnose(y_true=T, y_pred=pred, num_classes=5)
        assert "permuted-classes" not in names(report), seed


@pytest.mark.parametrize("by", [-1, 1])
def test_a_cycle_of_all_ids_is_no_shift(by):
    for pred in (P, noisy(T, 2, share=0.6, classes=5)):
        report = diagnose(y_true=(T.astype(int) + by) % 5, y_pred=pred, num_classes=5)
        assert names(report) == ["permuted-classes"]
        assert after(report, "permuted-classes") == pytest.approx(mean_iou(T, pred, 5))


def test_an_order_that_is_nearly_a_shift_is_no_shift():
    lut = np.array([1, 2, 3, 0, 4])  # three of five are one above
    for pred in (lut[P], np.argsort(lut)[P]):
        report = diagnose(y_true=T, y_pred=pred, num_classes=5)
        assert names(report) == ["permuted-classes"]
        assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_one_flipped_image_is_not_relabelled():
    sky, road, thing = 3, 0, 1
    image = np.full((1, 48, 64), sky, np.uint8)
    image[:, 24:] = road
    image[:, 30:40, 10:20], image[:, 5:12, 30:60] = thing, 2
    flipped = diagnose(y_true=image, y_pred=noisy(image, 1, share=0.1, classes=4)[:, ::-1])
    assert "permuted-classes" not in names(flipped)
    lut = np.array([3, 1, 2, 0])
    relabelled = diagnose(y_true=image, y_pred=lut[noisy(image, 1, share=0.1, classes=4)])
    assert found(relabelled, "permuted-classes").facts["mapping"] == {"0": 3, "3": 0}


def test_a_cycle_of_classes_seldom_right_moves_with_the_others():
    rng = np.random.default_rng(4)
    weak = np.where(np.isin(P, (3, 4)) & (rng.random(P.shape) < 0.55), 0, P)
    lut = np.array([0, 2, 1, 4, 3])
    report = diagnose(y_true=T, y_pred=lut[weak], num_classes=5)
    assert after(report, "permuted-classes") == pytest.approx(mean_iou(T, weak, 5))


@pytest.mark.parametrize(("classes", "fires"), [(40, True), (41, False)])
def test_an_exchange_must_gain_0_05(classes, fires):
    ids = np.arange(classes)
    ids[[1, 2]] = 2, 1
    truth = np.repeat(np.arange(classes), 20).reshape(1, -1)
    report = diagnose(y_true=truth, y_pred=ids[truth], num_classes=classes)
    assert ("permuted-classes" in names(report)) == fires


@pytest.mark.parametrize("reason", ["_is_turn_better", "_is_volume_better"])
@pytest.mark.parametrize("is_better", [True, False])
def test_a_turn_may_explain_the_exchange(monkeypatch, reason, is_better):
    monkeypatch.setattr(permuted_classes, reason, lambda *_: is_better)
    masks = np.array([0, 2, 1, 3, 4])[T]
    report = diagnose(y_true=masks, y_pred=P, num_classes=5)
    assert ("permuted-classes" in names(report)) != is_better

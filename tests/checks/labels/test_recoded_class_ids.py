import numpy as np
import pytest
from build import after, diagnose, found, mean_iou, names, noisy, probabilities, scene

T = scene(1, samples=6, height=32, width=48, classes=5)
P = noisy(T, 2, classes=5)
CLEAN = mean_iou(T, P, 5)


def recode(ids, labels, dtype=np.int32):
    return np.array(ids, dtype)[labels]


def test_ids_with_gaps_in_the_masks():
    report = diagnose(y_true=recode([0, 1, 2, 4, 8], T), y_pred=P, num_classes=5)
    finding = found(report, "recoded-class-ids")
    assert finding.facts["array"] == "masks"
    assert finding.facts["mapping"] == {"4": 3, "8": 4}
    assert report.verdict.primary == "recoded-class-ids"
    assert "label-out-of-range" not in names(report)
    assert after(report, "recoded-class-ids") == pytest.approx(CLEAN)


def test_ids_with_gaps_in_the_predictions():
    report = diagnose(y_true=T, y_pred=recode([3, 7, 11, 40, 9], P), num_classes=5)
    assert found(report, "recoded-class-ids").facts["array"] == "predictions"
    assert "prediction-out-of-range" not in names(report)
    assert after(report, "recoded-class-ids") == pytest.approx(CLEAN)


def test_scores_have_their_order_and_the_masks_are_relabelled():
    report = diagnose(
        y_true=recode([5, 15, 25, 7, 60], T),
        y_pred=probabilities(P, 3, classes=5),
        metric="MeanIoU(5, sparse_y_pred=False)",
    )
    assert after(report, "recoded-class-ids") == pytest.approx(CLEAN)


def test_a_void_label_stays_void():
    masks = recode([10, 20, 30, 40, 50], T)
    masks[:, :2] = 255
    report = diagnose(y_true=masks, y_pred=P, num_classes=5)
    assert "255" not in found(report, "recoded-class-ids").facts["mapping"]
    assert "undeclared-void-label" in names(report)
    assert after(report, "recoded-class-ids") == pytest.approx(mean_iou(T[:, 2:], P[:, 2:], 5))


def test_the_ignore_label_gives_way_to_a_class_of_its_number():
    masks = recode([10, 20, 30, 40, 50], T)
    masks[:, :2] = 0
    report = diagnose(y_true=masks, y_pred=P, num_classes=5, ignore_index=0)
    finding = found(report, "recoded-class-ids")
    assert finding.facts["mapping"]["0"] == 255
    assert finding.help.endswith("masks = lut[masks], and --ignore-index 255")
    assert after(report, "recoded-class-ids") == pytest.approx(mean_iou(T[:, 2:], P[:, 2:], 5))


def test_white_of_a_grey_palette_is_a_class():
    report = diagnose(y_true=recode([255, 31, 179, 158, 226], T), y_pred=P, num_classes=5)
    assert found(report, "recoded-class-ids").facts["mapping"]["255"] == 0
    assert "undeclared-void-label" not in names(report)


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([0, 3, 6, 9, 12], "masks = masks // 3"),
        ([0, 1, 2, 3, 9], "masks = np.where(masks == 9, 4, masks)"),
        ([0, 500, 7, 70000, 9], "[np.searchsorted(["),
        ([-5, -4, -3, -2, -1], "[np.searchsorted(["),
    ],
)
def test_the_help_is_as_short_as_the_ids_allow(ids, code):
    masks = recode(ids, T)
    finding = found(diagnose(y_true=masks, y_pred=P, num_classes=5), "recoded-class-ids")
    assert code in finding.help
    namespace = {"np": np, "masks": masks}
    exec(finding.help, namespace)
    assert (namespace["masks"] == T).all()


def test_ids_without_a_clear_partner_follow_the_order():
    # the model finds only a third of class 3
    rng = np.random.default_rng(4)
    weak = np.where((P == 3) & (rng.random(P.shape) < 0.7), 0, P)
    report = diagnose(y_true=recode([11, 22, 33, 44, 55], T), y_pred=weak, num_classes=5)
    assert found(report, "recoded-class-ids").facts["mapping"]["44"] == 3


def test_a_single_id_is_moved_if_the_other_array_has_no_gap():
    report = diagnose(y_true=recode([0, 1, 2, 3, 6], T), y_pred=P)
    assert found(report, "recoded-class-ids").facts["mapping"] == {"6": 4}


def test_a_class_taken_for_one_that_these_images_lack_is_silent():
    # trucks (6) that a model of nine classes takes for buses (7); nobody is on the road (3)
    masks, predictions = recode([0, 1, 2, 4, 6], T), recode([0, 1, 2, 4, 7], P)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=9)
    assert "recoded-class-ids" not in names(report)


def test_a_single_void_label_is_no_class():
    report = diagnose(y_true=recode([0, 1, 255, 3, 4], T), y_pred=P, num_classes=5)
    assert "recoded-class-ids" not in names(report)


def test_the_same_ids_in_another_order_are_another_rule():
    report = diagnose(y_true=T, y_pred=recode([1, 2, 0, 4, 3], P))
    assert "recoded-class-ids" not in names(report)


def test_random_predictions_are_silent():
    for seed in range(5):
        pred = np.random.default_rng(seed).integers(0, 5, T.shape)
        report = diagnose(y_true=recode([0, 10, 20, 30, 40], T), y_pred=pred)
        assert "recoded-class-ids" not in names(report), seed

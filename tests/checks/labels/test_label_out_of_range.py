import pytest
from build import after, diagnose, errors, found, names
from checks.sick_arrays import SICK

MASKS = [[[0, 1, 2, 3]]]


def test_a_label_too_many_suggests_the_number_of_classes():
    report = diagnose(y_true=MASKS, y_pred=[[[0, 1, 2, 3]]], num_classes=3)
    assert found(report, "label-out-of-range").facts == {
        "labels": {"3": 1},
        "num_classes": 3,
        "suggested_num_classes": 4,
    }
    assert report.consequences == {"dropped-pixels"}
    assert report.verdict.primary == "label-out-of-range"
    assert after(report, "label-out-of-range") == 1.0


def test_negative_labels_suggest_no_number():
    report = diagnose(y_true=[[[0, 1, -5, 1]]], y_pred=[[[0, 1, 0, 1]]], num_classes=2)
    finding = found(report, "label-out-of-range")
    assert finding.facts["labels"] == {"-5": 1}
    assert finding.facts["suggested_num_classes"] is None
    assert finding.repair is None


def test_255_beside_another_ignore_label_is_void_too():
    report = diagnose(
        y_true=[[[0, 1, 255, 9]]], y_pred=[[[0, 1, 0, 1]]], num_classes=2, ignore_index=9
    )
    assert errors(report) == []
    assert found(report, "undeclared-void-label").help == (
        "masks = np.where(np.isin(masks, [255]), 9, masks)"
    )


def test_a_number_of_classes_that_lowers_the_score_is_not_offered():
    report = diagnose(y_true=MASKS, y_pred=[[[0, 1, 3, 3]]], num_classes=3)
    finding = found(report, "label-out-of-range")
    assert finding.repair is None
    assert "num_classes=4" in finding.help
    assert report.verdict.mean_iou_after_all == report.mean_iou


def test_void_no_data_and_0_255_have_rules_of_their_own():
    for masks in ([0, 1, 255, 1], [0, 1, -1, 1], [0, 1, -9999, 1], [0, 255, 255, 0]):
        report = diagnose(y_true=[[masks]], y_pred=[[[0, 1, 1, 1]]], num_classes=2)
        assert "label-out-of-range" not in names(report)


def test_labels_in_range_and_the_ignore_label_pass():
    assert errors(diagnose(y_true=MASKS, y_pred=MASKS, num_classes=4)) == []
    declared = diagnose(y_true=MASKS, y_pred=[[[0, 1, 2, 2]]], num_classes=3, ignore_index=3)
    assert names(declared) == []


def test_several_labels_that_mean_unlabelled_are_to_become_one():
    report = diagnose(y_true=[[0, 1, 5, 6]], y_pred=[[0, 1, 5, 6]], num_classes=2)
    assert found(report, "label-out-of-range").help == (
        "num_classes=7 if these are classes; if they mean unlabelled, map them to one label and"
        " pass it as --ignore-index"
    )


@pytest.mark.parametrize(("label", "suggested"), [(1023, 1024), (1024, None)])
def test_labels_from_1024_suggest_no_number_of_classes(label, suggested):
    report = diagnose(y_true=[[0, 1, label, 1]], y_pred=[[0, 1, label, 1]], num_classes=2)
    facts = found(report, "label-out-of-range").facts
    assert facts["suggested_num_classes"] == suggested


@pytest.mark.parametrize("code", ["IOU306", "IOU308", "IOU309"])
def test_labels_of_mask_values_that_another_rule_explains_are_not_repeated(code):
    assert "label-out-of-range" not in names(diagnose(**SICK[code]))


@pytest.mark.parametrize(("predicted", "is_named"), [([0, 1, 1, 1], True), ([0, 0, 1, 1], False)])
def test_labels_that_are_predicted_as_one_class_may_be_parts_of_it(predicted, is_named):
    masks, predictions = [[[0, 1, 40, 50, 60, 70]]], [[[0, 1, *predicted]]]
    finding = found(diagnose(y_true=masks, y_pred=predictions, num_classes=2), "label-out-of-range")
    assert ("parts or objects of it (75 % of their pixels" in finding.help) == is_named

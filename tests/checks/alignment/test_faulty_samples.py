import numpy as np
import pytest
from build import diagnose, found, names, outcome
from field.arrays import draw_pair

from iou_doctor.checks.alignment._blank_samples import (
    Objects,
    find_blank_masks,
    find_blank_predictions,
)
from iou_doctor.checks.alignment._moved_samples import _are_moved
from iou_doctor.checks.alignment._sample_tables import SampleScores, Table

RULE = "faulty-samples"


def squares(samples=6, *, size=20, moved=2):
    """Return masks with one square each, and predictions with the square further down."""
    masks = np.zeros((samples, 48, 48), np.uint8)
    masks[:, 10 : 10 + size, 8 : 8 + size] = 1
    return masks, np.roll(masks, moved, axis=1)


def recode(masks, label, *, samples=(2,)):
    recoded = masks.astype(int)
    for sample in samples:
        recoded[sample][recoded[sample] == 1] = label
    return recoded


@pytest.mark.parametrize(("moved", "fires"), [(6, True), (7, False)])
def test_a_strange_label_must_have_the_shape_of_what_is_predicted(moved, fires):
    masks, predictions = squares()
    predictions[2] = np.roll(masks[2], moved, axis=0)  # IoU 14/26, 13/27
    report = diagnose(y_true=recode(masks, 255), y_pred=predictions, num_classes=2)
    assert (RULE in names(report)) == fires


@pytest.mark.parametrize(("pixels", "fires"), [(20, True), (19, False)])
def test_a_strange_label_of_a_few_pixels_says_nothing(pixels, fires):
    masks, predictions = squares()
    masks[2] = predictions[2] = 0
    masks[2, 5, :pixels] = predictions[2, 5, :pixels] = 1
    report = diagnose(y_true=recode(masks, 255), y_pred=predictions, num_classes=2)
    assert (RULE in names(report)) == fires


@pytest.mark.parametrize(("label", "fires"), [(64, True), (63, False)])
def test_without_a_number_of_classes_only_grey_levels_are_strange(label, fires):
    masks, predictions = squares()
    other = np.flipud(masks[0])
    masks[0, other > 0] = predictions[0, other > 0] = 2
    report = diagnose(y_true=recode(masks, label), y_pred=predictions)
    assert (RULE in names(report)) == fires


@pytest.mark.parametrize(
    ("label", "severity"), [(2, "warning"), (63, "warning"), (64, "error"), (1, None)]
)
def test_beside_binary_predictions_2_is_strange(label, severity):
    masks, predictions = squares()
    report = diagnose(y_true=recode(masks, label), y_pred=predictions)
    assert (RULE in names(report)) == (severity is not None)
    assert severity is None or found(report, RULE).severity.value == severity


@pytest.mark.parametrize(("label", "fires"), [(2, True), (-1, True), (1, False)])
def test_with_a_number_of_classes_all_others_are(label, fires):
    masks, predictions = squares()
    report = diagnose(y_true=recode(masks, label), y_pred=predictions, num_classes=2)
    assert (RULE in names(report)) == fires


def test_a_label_beside_a_class_is_void():
    masks, predictions = squares()
    mixed = recode(masks, 255)
    mixed[4, :3] = 255
    assert RULE not in names(diagnose(y_true=mixed, y_pred=predictions, num_classes=2))


def test_a_failure_of_the_model_does_not_hide_the_label():
    masks, predictions = squares(9)
    predictions[4] = 0
    mixed = recode(masks, 255, samples=(2, 4, 6))
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=2)
    assert found(report, RULE).facts["faulty"] == [2, 4, 6]


def test_masks_of_0_and_255_only_have_a_rule_of_their_own():
    masks, predictions = squares()
    report = diagnose(y_true=masks * 255, y_pred=predictions)
    assert report.verdict.primary == "masks-0-255"
    assert outcome(report, RULE).reason == "a fault of all masks was found first"


def test_negative_labels_are_named_in_words():
    masks, predictions = squares()
    mixed = recode(masks, -1)
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=2)
    assert found(report, RULE).help == "masks[[2]] = np.where(masks[[2]] == -1, 1, masks[[2]])"


@pytest.mark.parametrize(
    ("counts", "moved", "are_moved"),
    [
        ({(0, 1): 90, (1, 0): 20}, {0: 1, 1: 0}, True),
        ({(0, 1): 90, (1, 0): 19}, {0: 1, 1: 0}, False),
        ({(0, 0): 90, (1, 2): 50, (2, 1): 50}, {1: 2, 2: 1}, False),
        ({(0, 0): 9, (1, 2): 50, (2, 3): 50, (3, 1): 50}, {1: 2, 2: 3, 3: 1}, True),
        ({(0, 1): 90, (1, 1): 50}, {0: 1, 1: 1}, False),
        ({(0, 1): 51, (0, 2): 50, (1, 0): 50}, {0: 1, 1: 0}, True),
        ({(0, 1): 50, (0, 2): 50, (1, 0): 50}, {0: 1, 1: 0}, False),
    ],
)
def test_moved_ids_are_told_from_confused_ones(counts, moved, are_moved):
    assert _are_moved(Table(counts), moved) == are_moved


@pytest.mark.parametrize(("usual", "poor", "good"), [(0.8, [0], 2), (0.59, [], 3), (0.99, [0], 1)])
def test_samples_are_poor_or_good_as_shares_of_the_usual_score(usual, poor, good):
    scores = SampleScores(np.arange(4), np.array([0.3, 0.5, 0.6, 0.7]), usual)
    assert (scores.poor, scores.good) == (poor, good)


def test_the_scores_of_a_table():
    table = Table({(0, 0): 60, (0, 1): 10, (1, 1): 20, (1, 0): 10})
    assert table.mean_iou == pytest.approx((60 / 80 + 20 / 40) / 2)
    assert table.swap().truth == table.predicted == {0: 70, 1: 30}
    assert table.relabel({1: 5}).truth == {0: 70, 5: 30}
    assert table.find_partners() == {0: 0, 1: 1}


def objects(true, predicted, *, recall=0.8, classes=2):
    """Return the areas of the objects of some samples of 1000 pixels."""
    true, predicted = np.array(true), np.array(predicted)
    hits = (recall * np.minimum(true, predicted)).astype(int)
    return Objects(
        true,
        predicted,
        hits,
        np.where(true > 0, classes, 0),
        np.where(predicted > 0, classes, 0),
        np.full(len(true), 1000),
    )


@pytest.mark.parametrize(
    ("area", "options", "named"),
    [
        (50, {}, [0]),
        (49, {}, []),
        (100, {"classes": 1}, [0]),
        (99, {"classes": 1}, []),
        (100, {"recall": 0.3}, [0]),
        (100, {"recall": 0.29}, []),
    ],
    ids=str,
)
def test_a_blank_prediction_lacks_objects_of_usual_size(area, options, named):
    true, predicted = [area, *[100] * 4], [0, *[100] * 4]
    assert find_blank_predictions(objects(true, predicted, **options)) == named
    assert find_blank_masks(objects(predicted, true, **options)) == named


@pytest.mark.parametrize(("others", "named"), [(4, [0]), (3, [])])
def test_some_samples_must_show_what_is_usual(others, named):
    true, predicted = [100] * (others + 1), [0, *[100] * others]
    assert find_blank_predictions(objects(true, predicted)) == named


@pytest.mark.parametrize(("blank", "count"), [(2, 2), (3, 0)])
def test_a_model_that_misses_many_samples_is_weak(blank, count):
    true, predicted = [100] * 8, [*[0] * blank, *[100] * (8 - blank)]
    assert len(find_blank_predictions(objects(true, predicted))) == count


@pytest.mark.parametrize(("area", "named"), [(10, [0]), (9, [])])
def test_tiny_objects_are_missed_by_honest_models(area, named):
    true, predicted = [area] * 6, [0, *[area] * 5]
    assert find_blank_predictions(objects(true, predicted)) == named


def test_an_empty_mask_is_usual_among_empty_ones():
    true, predicted = [0, 0, *[100] * 6], [100, 0, *[100] * 6]
    assert find_blank_masks(objects(true, predicted)) == []


@pytest.mark.parametrize("classes", [3, 8])
@pytest.mark.parametrize("samples", [4, 12])
def test_two_classes_that_are_exchanged_in_one_sample_are_named(classes, samples):
    masks, good = draw_pair((samples, 64, 72), classes, seed=classes, noise=0.2)
    table = np.arange(classes)
    table[[1, 2]] = 2, 1
    mixed = good.copy()
    mixed[2] = table[good[2]]
    report = diagnose(y_true=masks, y_pred=mixed, num_classes=classes)
    finding = found(report, RULE)
    assert finding.severity.value == "warning"
    assert finding.facts["faulty"] == [2]
    assert "classes 1 and 2 are exchanged in the mask or the prediction of sample 2" in (
        finding.message
    )


def test_a_model_that_takes_each_of_two_classes_for_the_other_now_and_then_is_left_alone():
    masks, good = draw_pair((12, 64, 72), 4, seed=4, noise=0.2)
    for sample, (old, new) in ((2, (1, 2)), (5, (2, 1)), (7, (1, 3))):
        good[sample][good[sample] == old] = new
    assert RULE not in names(diagnose(y_true=masks, y_pred=good, num_classes=4))

"""A fault in some samples only: each of them is named, with the score after its repair."""

from __future__ import annotations

import numpy as np
import pytest
from build import Array, diagnose, errors, found, mean_iou, names
from help_code import run_help
from PIL import Image
from scipy.ndimage import label

from field.arrays import Labels, draw_masks, draw_pair, predict
from iou_doctor.diagnosis.pipeline import check
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.report.finding import Severity

FAULTY, FLIPPED = "faulty-samples", "flipped-samples"
NNUNET = "nnunet.foreground_mean[Dice]"


def draw_pairs(samples: int, classes: int, *, seed: int = 0) -> tuple[Labels, Labels]:
    """Return masks and predictions of a decent model, shape (samples, 80, 96)."""
    masks = draw_masks((samples, 80, 96), classes, seed=seed)
    return masks, predict(masks, classes, seed=seed + 1)


def change(arrays: Array, samples: list[int], function) -> Array:
    """Return arrays of which some samples are changed."""
    changed = arrays.astype(int)
    for sample in samples:
        changed[sample] = function(changed[sample])
    return changed.astype(np.uint8)


def check_cured(report, samples, masks, predictions, good, classes):
    """Assert that these samples are named, and that help and repair restore the score."""
    assert errors(report) == [FAULTY]
    assert report.verdict.primary == FAULTY
    finding = found(report, FAULTY)
    assert finding.facts["faulty"] == samples
    repaired = run_help(finding.help, masks=masks, predictions=predictions)
    assert mean_iou(*repaired, classes) == pytest.approx(mean_iou(*good, classes))
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(*good, classes))
    misleading = {"undeclared-void-label", "label-out-of-range", "recoded-class-ids"}
    assert not misleading & set(names(report))


def check_nothing_is_wrong(report):
    """Assert that there is no error, and that no sample is said to be faulty."""
    assert not errors(report)
    assert not {FAULTY, FLIPPED} & set(names(report))


def test_one_mask_of_0_and_255_is_named_and_255_is_not_void():
    masks, predictions = draw_pairs(5, 2)
    mixed = change(masks, [3], lambda mask: mask * 255)
    report = diagnose(y_true=mixed, y_pred=predictions)
    check_cured(report, [3], mixed, predictions, (masks, predictions), 2)
    assert "the mask of sample 3 holds 255 in place of 1" in found(report, FAULTY).message


@pytest.mark.parametrize("options", [{"num_classes": 2}, {"num_classes": 2, "ignore_index": 255}])
def test_255_is_the_object_of_one_mask_whatever_is_declared(options):
    masks, predictions = draw_pairs(5, 2)
    mixed = change(masks, [3], lambda mask: mask * 255)
    report = diagnose(y_true=mixed, y_pred=predictions, **options)
    check_cured(report, [3], mixed, predictions, (masks, predictions), 2)


def test_one_mask_of_0_and_2_is_named_and_2_is_no_class():
    masks, predictions = draw_pairs(5, 2)
    mixed = change(masks, [3], lambda mask: mask * 2)
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=2)
    check_cured(report, [3], mixed, predictions, (masks, predictions), 2)


@pytest.mark.parametrize("label", [2, 3])
@pytest.mark.parametrize("samples", [[0], [0, 2, 4]])
def test_without_a_number_of_classes_2_in_place_of_1_is_a_warning(label, samples):
    masks, predictions = draw_pairs(5, 2)
    mixed = change(masks, samples, lambda mask: mask * label)
    report = diagnose(y_true=mixed, y_pred=predictions)
    assert not errors(report)
    assert report.verdict.primary == FAULTY
    finding = found(report, FAULTY)
    assert finding.facts["faulty"] == samples
    assert "never-predicted-class" in report.consequences
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, predictions, 2))


def test_the_score_after_is_that_of_all_pixels_though_fewer_count_before():
    masks, predictions = draw_pairs(8, 2)
    predictions[3] = np.roll(predictions[3], 3, axis=1)
    mixed = change(masks, [3], lambda mask: mask * 255)
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=2)
    assert report.mean_iou > mean_iou(masks, predictions, 2)
    check_cured(report, [3], mixed, predictions, (masks, predictions), 2)


def test_one_grey_mask_does_not_raise_the_number_of_classes():
    masks, predictions = draw_pairs(5, 2)
    mixed = change(masks, [1], lambda mask: mask * 128)
    report = diagnose(y_true=mixed, y_pred=predictions)
    check_cured(report, [1], mixed, predictions, (masks, predictions), 2)
    assert found(report, FAULTY).repair.num_classes == 2


def test_half_of_the_masks_may_hold_0_and_255():
    masks, predictions = draw_pairs(10, 2)
    odd = [1, 3, 5, 7, 9]
    mixed = change(masks, odd, lambda mask: mask * 255)
    report = diagnose(y_true=mixed, y_pred=predictions)
    check_cured(report, odd, mixed, predictions, (masks, predictions), 2)
    assert "the masks of samples 1, 3, 5, 7 and 9 hold 255" in found(report, FAULTY).message


def test_one_grey_mask_may_be_inverted_besides():
    masks, predictions = draw_pairs(6, 2)
    mixed = change(masks, [3], lambda mask: 255 - mask * 255)
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=2)
    check_cured(report, [3], mixed, predictions, (masks, predictions), 2)


def test_one_stretched_mask_of_several_classes_is_named():
    masks, predictions = draw_pairs(8, 4, seed=2)
    mixed = change(masks, [2], lambda mask: mask * 85)
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=4)
    check_cured(report, [2], mixed, predictions, (masks, predictions), 4)


def test_the_rare_classes_of_a_stretched_mask_follow_from_the_others():
    masks, predictions = draw_pairs(5, 4)
    masks[1][masks[1] == 3] = 0
    masks[1, 10, :30] = 3
    mixed = change(masks, [1], lambda mask: mask * 85)
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=4)
    check_cured(report, [1], mixed, predictions, (masks, predictions), 4)


def test_the_label_4_of_brats_in_some_masks_is_not_void():
    masks, predictions = draw_pairs(10, 4)
    some = [1, 4, 8]
    mixed = change(masks, some, lambda mask: np.array([0, 1, 2, 4])[mask])
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=4)
    check_cured(report, some, mixed, predictions, (masks, predictions), 4)
    assert "the masks of samples 1, 4 and 8 hold 4 in place of 3" in found(report, FAULTY).message


def draw_weak_volumes(samples: int, classes: int):
    """Return masks and predictions of a weak model, shape (samples, 16, 24, 24)."""
    masks = draw_masks((samples, 16, 24, 24), classes, seed=3, smoothness=3)
    return masks, predict(masks, classes, seed=4, wrong=0.45)


@pytest.mark.parametrize("options", [{"num_classes": 4}, {}])
def test_the_label_4_of_brats_is_recognised_in_one_volume_of_a_weak_model(options):
    masks, predictions = draw_weak_volumes(5, 4)
    mixed = change(masks, [2], lambda mask: np.array([0, 1, 2, 4])[mask])
    report = diagnose(y_true=mixed, y_pred=predictions, **options)
    expected = mean_iou(masks, predictions, 4)
    assert expected < 0.5
    assert "undeclared-void-label" not in names(report)
    finding = found(report, FAULTY)
    assert "the mask of sample 2 holds 4 in place of 3" in finding.message
    assert finding.severity is (Severity.ERROR if options else Severity.WARNING)
    assert finding.repair.mean_iou_after == pytest.approx(expected)


def test_a_void_label_of_one_volume_of_a_weak_model_is_no_class():
    masks, predictions = draw_weak_volumes(5, 4)
    masks[2][predictions[2] == 3] = 2
    masks[2][draw_masks((1, 16, 24, 24), 3, seed=9, smoothness=3)[0] == 2] = 4
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=4)
    assert FAULTY not in names(report)


def test_the_ids_of_one_mask_may_be_multiplied_though_the_model_is_weak():
    masks = draw_masks((6, 48, 64), 12, smoothness=4)
    predictions = predict(masks, 12, wrong=0.5)
    mixed = change(masks, [3], lambda mask: mask * 20)
    report = diagnose(y_true=mixed, y_pred=predictions)
    check_cured(report, [3], mixed, predictions, (masks, predictions), 12)


@pytest.mark.parametrize("label", [7, 255])
def test_a_region_that_is_predicted_as_a_class_may_be_void(label):
    masks, predictions = draw_pairs(10, 4)
    for sample in (1, 4, 8):
        region = masks[sample] == 3
        masks[sample][region] = label
        if label == 7:
            masks[sample][:4, :8] = 3
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=4)
    assert FAULTY not in names(report)


@pytest.mark.parametrize("options", [{"num_classes": 2}, {}])
def test_some_masks_may_number_their_objects(options):
    masks, predictions = draw_pairs(8, 2, seed=3)
    mixed = masks.copy()
    for sample in (2, 5):
        mixed[sample] = label(masks[sample])[0]
    assert mixed[[2, 5]].max() >= 4
    report = diagnose(y_true=mixed, y_pred=predictions, **options)
    finding = found(report, FAULTY)
    assert report.verdict.primary == FAULTY
    assert "the masks of samples 2 and 5 number the objects from 1" in finding.message
    repaired, _ = run_help(finding.help, masks=mixed, predictions=predictions)
    np.testing.assert_array_equal(repaired, masks)
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, predictions, 2))


def test_a_third_class_of_some_masks_is_no_number_of_an_object():
    masks, predictions = draw_pairs(8, 2, seed=3)
    for sample in (2, 5):
        masks[sample][(masks[sample] == 1) & (np.arange(96) > 48)] = 2
    report = diagnose(y_true=masks, y_pred=predictions)
    assert FAULTY not in names(report) or "number" not in found(report, FAULTY).message


def test_one_prediction_of_0_and_255_is_named():
    masks, predictions = draw_pairs(6, 2)
    mixed = change(predictions, [2], lambda labels: labels * 255)
    report = diagnose(y_true=masks, y_pred=mixed, num_classes=2)
    check_cured(report, [2], masks, mixed, (masks, predictions), 2)


def test_the_masks_of_a_folder_are_named_by_their_files(tmp_path):
    masks, predictions = draw_pairs(5, 2)
    mixed = change(masks, [3], lambda mask: mask * 255)
    for folder, arrays in (("masks", mixed), ("predictions", predictions)):
        (tmp_path / folder).mkdir()
        for number, labels in enumerate(arrays):
            Image.fromarray(labels).save(tmp_path / folder / f"scan_{number}.png")
    paths = [str(tmp_path / folder) for folder in ("masks", "predictions")]
    report = check(CheckRequest(predictions=paths[1], masks=paths[0]))
    finding = found(report, FAULTY)
    assert "the mask of `scan_3` holds 255" in finding.message
    assert "save the masks of these samples again" in finding.help
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, predictions, 2))


def test_images_that_are_left_out_because_of_their_size_keep_their_numbers(tmp_path):
    masks, predictions = draw_pairs(8, 4, seed=2)
    predictions[6] = 0
    for folder, arrays in (("masks", masks), ("predictions", predictions)):
        (tmp_path / folder).mkdir()
        for number, labels in enumerate(arrays):
            cropped = labels[:-3] if folder == "predictions" and number == 2 else labels
            Image.fromarray(cropped).save(tmp_path / folder / f"scan_{number}.png")
    paths = [str(tmp_path / folder) for folder in ("masks", "predictions")]
    report = check(CheckRequest(predictions=paths[1], masks=paths[0]))
    assert errors(report) == ["shape-mismatch"]
    assert found(report, FAULTY).facts["faulty"] == [6]


@pytest.mark.parametrize("samples", [[4], [0, 1, 2], [0, 2, 4, 6, 8]])
def test_inverted_masks_are_named(samples):
    masks, predictions = draw_pairs(10, 2, seed=4)
    mixed = change(masks, samples, lambda mask: 1 - mask)
    report = diagnose(y_true=mixed, y_pred=predictions)
    check_cured(report, samples, mixed, predictions, (masks, predictions), 2)
    assert "inverted" in found(report, FAULTY).message


def test_several_inverted_samples_are_inverted_on_the_same_side():
    masks, predictions = draw_pairs(12, 2)
    masks[1, :50], predictions[1, :50] = 1, 1  # inverted, it looks more usual than as it is
    masks[1, 60:], predictions[1, 60:] = 0, 0
    mixed = change(masks, [0, 1, 5], lambda mask: 1 - mask)
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=2)
    check_cured(report, [0, 1, 5], mixed, predictions, (masks, predictions), 2)


def test_an_inverted_prediction_is_told_from_an_inverted_mask():
    masks, predictions = draw_pairs(10, 2, seed=4)
    mixed = change(predictions, [4], lambda labels: 1 - labels)
    report = diagnose(y_true=masks, y_pred=mixed)
    check_cured(report, [4], masks, mixed, (masks, predictions), 2)
    assert "the prediction of sample 4 is inverted" in found(report, FAULTY).message


def test_one_mask_with_ids_one_too_high_is_named():
    masks, predictions = draw_pairs(8, 4, seed=2)
    mixed = change(masks, [2], lambda mask: mask + 1)
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=4)
    check_cured(report, [2], mixed, predictions, (masks, predictions), 4)
    assert "the ids in the mask of sample 2 are one too high" in found(report, FAULTY).message


@pytest.mark.parametrize("classes", [4, 7])
def test_a_label_of_one_too_many_in_one_small_mask_is_not_void(classes):
    masks = draw_masks((24, 40, 40), classes, seed=25)
    predictions = predict(masks, classes, seed=26)
    mixed = change(masks, [3], lambda mask: mask + 1)
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=classes)
    check_cured(report, [3], mixed, predictions, (masks, predictions), classes)


def test_one_mask_with_permuted_ids_is_named():
    masks, predictions = draw_pairs(8, 4, seed=2)
    mixed = change(masks, [5], lambda mask: np.array([1, 2, 3, 0])[mask])
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=4)
    check_cured(report, [5], mixed, predictions, (masks, predictions), 4)


def test_a_label_of_one_too_many_tells_of_shifted_ids_though_no_number_is_declared():
    masks = draw_masks((24, 40, 40), 7, seed=25)
    predictions = predict(masks, 7, seed=26)
    mixed = change(masks, [3], lambda mask: mask + 1)
    report = diagnose(y_true=mixed, y_pred=predictions)
    check_cured(report, [3], mixed, predictions, (masks, predictions), 7)


@pytest.mark.parametrize("options", [{"num_classes": 6}, {}])
def test_ids_of_some_predictions_may_be_one_too_high(options):
    masks = draw_masks((12, 48, 48), 6, seed=3, smoothness=5)
    predictions = predict(masks, 6, seed=4)
    mixed = change(predictions, [2, 5], lambda labels: labels + 1)
    report = diagnose(y_true=masks, y_pred=mixed, **options)
    check_cured(report, [2, 5], masks, mixed, (masks, predictions), 6)
    assert "the ids in the predictions of samples 2 and 5 are one too high" in (
        found(report, FAULTY).message
    )


def test_a_mask_with_void_0_and_ids_one_too_high_does_not_make_its_last_class_void():
    masks, predictions = draw_pairs(8, 5, seed=2)
    mixed = change(masks, [2], lambda mask: mask + 1)
    mixed[2, :10] = 0
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=5)
    finding = found(report, FAULTY)
    assert report.verdict.primary == FAULTY
    assert finding.facts["faulty"] == [2]
    assert "0, 1, 2, 3, 4 and 5 in place of 255, 0, 1, 2, 3 and 4" in finding.message


def test_many_ids_that_one_mask_permutes_are_matched_though_the_model_is_weak():
    masks = draw_masks((6, 64, 80), 16, smoothness=4)
    predictions = predict(masks, 16, wrong=0.3)
    order = np.random.default_rng(0).permutation(16)
    mixed = change(masks, [2], lambda mask: order[mask])
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=16)
    assert mean_iou(masks, predictions, 16) < 0.6
    finding = found(report, FAULTY)
    assert finding.facts["faulty"] == [2]
    assert finding.repair.mean_iou_after == pytest.approx(
        mean_iou(masks, predictions, 16), abs=0.01
    )


def test_the_prediction_of_another_scene_permutes_no_ids():
    masks = draw_masks((6, 64, 80), 16, smoothness=4)
    predictions = predict(masks, 16, wrong=0.3)
    predictions[2] = draw_masks((1, 64, 80), 16, smoothness=4, seed=9)[0]
    assert FAULTY not in names(diagnose(y_true=masks, y_pred=predictions, num_classes=16))


def test_classes_that_one_sample_permutes_may_be_wrong_on_either_side():
    masks = draw_masks((8, 48, 48), 3, seed=2)
    predictions = predict(masks, 3, seed=3)
    masks, predictions = (
        (labels + np.arange(8)[:, None, None] % 3) % 3 for labels in (masks, predictions)
    )
    mixed = change(predictions, [5], lambda labels: 2 - labels)
    report = diagnose(y_true=masks, y_pred=mixed)
    finding = found(report, FAULTY)
    assert (
        "the mask or the prediction of sample 5 holds 0 and 2 in place of 2 and 0"
        in finding.message
    )
    assert "find out which side" in finding.help
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, predictions, 3), abs=0.01)


def test_a_prediction_that_was_saved_twice_is_named_though_the_model_is_weak():
    masks = draw_masks((8, 48, 56), 4)
    predictions = predict(masks, 4, wrong=0.6)
    predictions[4] = predictions[3]
    finding = found(diagnose(y_true=masks, y_pred=predictions), "outlying-samples")
    assert finding.severity is Severity.WARNING
    assert "the prediction of sample 4 equals that of sample 3" in finding.message
    assert finding.facts["equal"] == {"4": 3}


def test_images_that_are_equal_may_have_the_same_prediction():
    masks = draw_masks((8, 48, 56), 4)
    predictions = predict(masks, 4)
    predictions[4] = predictions[3]
    masks[4] = predict(masks[3:4], 4, seed=8)[0]  # another expert has drawn it
    predictions[[1, 6]], masks[[1, 6]] = 0, 0
    masks[1, :3, :4] = masks[6, 30:33, 20:25] = 1
    assert "outlying-samples" not in names(diagnose(y_true=masks, y_pred=predictions))


@pytest.mark.parametrize(("axis", "turn"), [(1, "left to right"), (0, "upside down")])
def test_one_of_eight_predictions_may_be_flipped(axis, turn):
    masks, predictions = draw_pairs(8, 4, seed=2)
    mixed = change(predictions, [3], lambda labels: np.flip(labels, axis))
    report = diagnose(y_true=masks, y_pred=mixed)
    assert errors(report) == [FLIPPED]
    finding = found(report, FLIPPED)
    assert f"1 of 8 samples is turned: flipped {turn} (sample 3)" in finding.message
    _, repaired = run_help(finding.help, masks=masks, predictions=mixed)
    np.testing.assert_array_equal(repaired, predictions)
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, predictions, 4))


def test_one_sample_may_be_relabelled_and_another_one_flipped():
    masks, predictions = draw_pairs(8, 2, seed=2)
    mixed = change(masks, [6], lambda mask: mask * 255)
    flipped = change(predictions, [3], np.fliplr)
    report = diagnose(y_true=mixed, y_pred=flipped)
    assert errors(report) == [FAULTY, FLIPPED]
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, predictions, 2))


def test_one_blank_prediction_is_a_warning():
    masks, predictions = draw_pairs(8, 4, seed=2)
    report = diagnose(y_true=masks, y_pred=change(predictions, [4], np.zeros_like))
    finding = found(report, FAULTY)
    assert finding.severity is Severity.WARNING
    assert "nothing is predicted in sample 4" in finding.message
    assert finding.facts["faulty"] == [4]
    assert not errors(report)


def test_one_blank_mask_is_a_warning():
    masks, predictions = draw_pairs(8, 4, seed=2)
    report = diagnose(y_true=change(masks, [4], np.zeros_like), y_pred=predictions)
    finding = found(report, FAULTY)
    assert finding.severity is Severity.WARNING
    assert "the mask of sample 4 is empty" in finding.message


def draw_squares(*, empty: list[int]) -> tuple[Labels, Labels]:
    """Return twelve masks with one square each and predictions; some hold a few false alarms."""
    random = np.random.default_rng(0)
    masks = np.zeros((12, 64, 64), np.uint8)
    predictions = masks.copy()
    for sample in range(12):
        row, column = random.integers(10, 30, 2)
        if sample in empty:
            predictions[sample, row, column : column + 3] = 1
        else:
            masks[sample, row : row + 20, column : column + 20] = 1
            predictions[sample, row + 2 : row + 22, column : column + 20] = 1
    return masks, predictions


def test_samples_without_truth_are_counted_where_they_lower_a_mean_over_samples():
    masks, predictions = draw_squares(empty=[4, 9])
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=2, metric=NNUNET)
    finding = found(report, FAULTY)
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith(
        "2 of 12 samples (samples 4 and 9) have no truth but a prediction and count 0"
    )
    assert finding.facts["metric_without_them"] == pytest.approx(0.9)
    assert "0.9000 without them" in finding.message


def test_samples_without_truth_do_not_matter_to_a_score_over_all_pixels():
    masks, predictions = draw_squares(empty=[4, 9])
    check_nothing_is_wrong(diagnose(y_true=masks, y_pred=predictions, num_classes=2))


def test_nor_do_they_if_nothing_is_predicted_in_them():
    masks, predictions = draw_squares(empty=[4, 9])
    predictions[[4, 9]] = 0
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=2, metric=NNUNET)
    check_nothing_is_wrong(report)


@pytest.mark.parametrize("classes", [2, 4, 19])
def test_healthy_samples_are_left_alone(classes):
    masks, predictions = draw_pairs(10, classes)
    check_nothing_is_wrong(diagnose(y_true=masks, y_pred=predictions, num_classes=classes))


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("seed", range(6))
def test_one_honest_failure_has_no_pattern(classes, seed):
    masks, predictions = draw_pairs(10, classes, seed=seed)
    predictions[5] = draw_masks((1, 80, 96), classes, seed=seed + 99)[0]
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=classes)
    assert not {FAULTY, FLIPPED, "shuffled-samples"} & set(names(report))


@pytest.mark.parametrize("samples", [4, 10, 50])
def test_an_honest_failure_is_named_with_what_was_tried(samples):
    masks, predictions = draw_pairs(samples, 4)
    predictions[2] = draw_masks((1, 80, 96), 4, seed=99)[0]
    report = diagnose(y_true=masks, y_pred=predictions)
    finding = found(report, "outlying-samples")
    assert finding.severity is Severity.NOTE
    assert list(finding.facts["outlying"]) == ["2"]
    assert "the predictions of other samples do not restore it beyond doubt" in finding.message


def test_several_faults_of_single_samples_are_all_named():
    masks, good = draw_pair((14, 80, 96), 4, seed=4, noise=0.2)
    mixed = good.copy()
    mixed[2] = np.roll(good[2], (9, 5), (0, 1))
    mixed[6] = np.array([0, 2, 1, 3])[good[6]]
    report = diagnose(y_true=masks, y_pred=mixed)
    assert set(names(report)) >= {FAULTY, "shifted-predictions"}
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, good, 4), abs=0.01)


def test_two_patients_in_a_stack_of_slices_may_be_exchanged():
    masks, good = draw_pair((4, 12, 48, 56), 3, seed=61, noise=0.2)
    stacks = masks.reshape(48, 48, 56), good[[0, 2, 1, 3]].reshape(48, 48, 56)
    report = diagnose(y_true=stacks[0], y_pred=stacks[1])
    assert errors(report) == ["shuffled-samples"]
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, good, 3), abs=0.01)


def test_a_void_border_in_one_mask_is_not_its_object():
    masks, predictions = draw_pairs(5, 2)
    edges = masks[3] != np.roll(masks[3], 2, axis=0)
    masks[3][edges] = 255
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=2, ignore_index=255)
    check_nothing_is_wrong(report)


def test_an_object_that_is_void_as_a_whole_is_not_a_class():
    masks, predictions = draw_pairs(6, 2)
    masks[2][masks[2] == 1] = 255
    masks[4][:20][masks[4][:20] == 1] = 255
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=2, ignore_index=255)
    check_nothing_is_wrong(report)


def test_a_rare_class_that_is_taken_for_another_one_is_not_recoded():
    masks = np.zeros((12, 64, 64), np.uint8)
    for sample in range(12):
        masks[sample, 10:40, 12:50] = 1 + sample % 6
    predictions = np.roll(masks, 1, axis=2)
    predictions[predictions == 6] = 5
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=7)
    assert FAULTY not in names(report)


def test_a_cat_that_is_taken_for_a_dog_is_an_honest_mistake():
    masks = np.zeros((12, 64, 64), np.uint8)
    for sample in range(12):
        masks[sample, 10:40, 12:50] = 1 + sample % 3
    predictions = np.roll(masks, 1, axis=2)
    predictions[4][predictions[4] > 0] = 3
    check_nothing_is_wrong(diagnose(y_true=masks, y_pred=predictions, num_classes=4))


def test_missing_a_small_object_is_an_honest_mistake():
    masks, predictions = draw_squares(empty=[])
    masks[7] = 0
    masks[7, 30:35, 30:35] = 1
    predictions[7] = 0
    check_nothing_is_wrong(diagnose(y_true=masks, y_pred=predictions, num_classes=2))


def test_half_of_the_samples_may_be_empty():
    masks, predictions = draw_squares(empty=[0, 2, 4, 6, 8, 10])
    predictions[[0, 2, 4, 6, 8, 10]] = 0
    predictions[4, 20:40, 20:40] = 1
    check_nothing_is_wrong(diagnose(y_true=masks, y_pred=predictions, num_classes=2))


def test_an_object_that_covers_most_of_each_image_is_not_inverted():
    masks, predictions = draw_pairs(10, 2)
    check_nothing_is_wrong(diagnose(y_true=1 - masks, y_pred=1 - predictions, num_classes=2))


def test_a_weak_model_has_no_faulty_samples():
    random = np.random.default_rng(0)
    masks = draw_masks((10, 80, 96), 4)
    predictions = np.where(
        random.random(masks.shape) < 0.7, draw_masks(masks.shape, 4, seed=8), masks
    )
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=4)
    assert not {FAULTY, FLIPPED} & set(names(report))


def test_two_samples_do_not_show_what_is_usual():
    masks, predictions = draw_pairs(2, 2)
    masks[1] = 1 - masks[1]
    assert FAULTY not in names(diagnose(y_true=masks, y_pred=predictions, num_classes=2))


def test_a_sample_without_any_prediction_is_no_shift():
    truth = draw_masks((3, 32, 40), 2)
    scores = np.where(truth == 1, 0.9, 0.1).astype(np.float32)
    scores[0] = np.nan
    assert "non-finite-predictions" in errors(diagnose(y_true=truth, y_pred=scores))


def test_a_share_of_turned_samples_says_of_how_many_that_were_examined():
    masks, predictions = draw_pairs(40, 4, seed=2)
    mixed = change(predictions, [3, 9, 17, 28, 36], lambda labels: labels[::-1])
    finding = found(diagnose(y_true=masks, y_pred=mixed), FLIPPED)
    assert "of the 32 samples examined (of 40) are turned" in finding.message

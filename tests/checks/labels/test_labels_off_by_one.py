import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, noisy, one_hot, scene

T = scene(1, samples=4, height=24, width=36, classes=4)
P = noisy(T, 2, classes=4)
CLEAN = mean_iou(T, P, 4)


@pytest.mark.parametrize("declared", [{}, {"num_classes": 4}])
def test_masks_from_1(declared):
    report = diagnose(y_true=T + 1, y_pred=P, **declared)
    finding = found(report, "labels-off-by-one")
    assert (finding.facts["array"], finding.facts["shift"]) == ("masks", -1)
    assert finding.facts["zero_pixels"] == 0
    assert finding.help == 'masks = masks.astype("int32") - 1'
    assert finding.facts["mean_iou"] < 0.1
    assert report.verdict.primary == "labels-off-by-one"
    assert after(report, "labels-off-by-one") == pytest.approx(CLEAN)
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)
    assert {"permuted-classes", "foreign-label-ids"}.isdisjoint(names(report))


def test_two_classes_from_1():
    true, pred = T > 1, P > 1
    report = diagnose(y_true=true + 1, y_pred=pred.astype(int), num_classes=2)
    assert report.verdict.primary == "labels-off-by-one"
    assert after(report, "labels-off-by-one") == pytest.approx(mean_iou(true, pred, 2))


def test_0_beside_1_to_c_means_nothing():
    masks = T.astype(int) + 1
    masks[:, :4] = 0
    report = diagnose(y_true=masks, y_pred=P, num_classes=4)
    finding = found(report, "labels-off-by-one")
    assert finding.facts["zero_pixels"] == 4 * 4 * 36
    assert finding.help.endswith("--ignore-index 255")
    assert errors(report)[0] == "labels-off-by-one"
    clean = mean_iou(T[:, 4:], P[:, 4:], 4)
    assert report.verdict.mean_iou_after_all == pytest.approx(clean)


def test_0_as_declared_ignore_label_stays_ignored():
    masks = T.astype(int) + 1
    masks[:, :4] = 0
    report = diagnose(y_true=masks, y_pred=P, num_classes=5, ignore_index=0)
    assert report.verdict.primary == "labels-off-by-one"
    clean = mean_iou(T[:, 4:], P[:, 4:], 4)
    assert report.verdict.mean_iou_after_all == pytest.approx(clean)


def test_void_borders_stay_void():
    masks = np.where(np.arange(36) == 5, 255, T.astype(int) + 1)
    report = diagnose(y_true=masks, y_pred=P, num_classes=4, ignore_index=255)
    keep = np.arange(36) != 5
    assert after(report, "labels-off-by-one") == pytest.approx(
        mean_iou(T[..., keep], P[..., keep], 4)
    )


def test_predictions_from_1():
    report = diagnose(y_true=T, y_pred=P + 1, num_classes=4)
    assert found(report, "labels-off-by-one").facts["array"] == "predictions"
    assert report.verdict.primary == "labels-off-by-one"
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_channels_beside_masks_from_1():
    report = diagnose(
        y_true=T + 1, y_pred=one_hot(P, 4, np.float32), metric="MeanIoU(4, sparse_y_pred=False)"
    )
    assert report.verdict.primary == "labels-off-by-one"
    assert after(report, "labels-off-by-one") == pytest.approx(CLEAN)


def test_an_absent_background_is_silent():
    report = diagnose(y_true=T.clip(1), y_pred=P.clip(1), num_classes=4)
    assert "labels-off-by-one" not in names(report)


@pytest.mark.parametrize("kind", ["random", "background", "class 1"])
def test_predictions_that_know_nothing_are_silent(kind):
    drawn = np.random.default_rng(3).integers(0, 4, T.shape)
    pred = {"random": drawn, "background": 0 * drawn, "class 1": 0 * drawn + 1}[kind]
    for truth in (T, T + 1, np.ones_like(T)):
        for options in ({}, {"num_classes": 4}):
            report = diagnose(y_true=truth, y_pred=pred, **options)
            assert "labels-off-by-one" not in names(report)


def test_ordered_classes_predicted_a_little_low_are_silent():
    depth = (np.arange(48) // 6)[None, None].repeat(24, 1).repeat(3, 0)
    low = np.roll(depth, 2, axis=-1)
    low[..., :2] = 0
    assert "labels-off-by-one" not in names(diagnose(y_true=depth, y_pred=low, num_classes=8))


def test_a_few_pixels_prove_nothing():
    report = diagnose(y_true=[[[1, 1, 2, 2, 3, 3]]], y_pred=[[[0, 0, 1, 1, 2, 2]]], num_classes=3)
    assert "labels-off-by-one" not in names(report)


def test_two_classes_taken_for_their_neighbours_are_no_shift_of_all():
    # more than half of the pixels agree with the shift, but five of the seven classes contradict it
    masks = np.repeat(np.arange(1, 8), [300, 300, 90, 90, 90, 90, 90])[None, None]
    swapped = np.random.default_rng(0).random(masks.shape) < 0.7
    pred = np.where((masks <= 2) & swapped, masks - 1, masks)
    report = diagnose(y_true=masks, y_pred=pred, num_classes=8)
    assert report.mean_iou > 0.5
    assert "labels-off-by-one" not in names(report)


def test_the_trimaps_of_oxford_pets_are_known():
    labels = scene(1, samples=4, height=32, width=40)
    report = diagnose(y_true=labels + 1, y_pred=noisy(labels, 2), num_classes=3)
    message = found(report, "labels-off-by-one").message
    assert message.endswith("; the ids are those of Oxford-IIIT Pet, trimaps")

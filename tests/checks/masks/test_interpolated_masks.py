import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, noisy, outcome

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.seams import measure_seams
from iou_doctor.report.finding import Severity

DOWN, RIGHT = np.mgrid[:96, :120]


def discs(inner, outer=None):
    """Return 3 images of discs of `inner` on 0, half of each in front of a wall of `outer`."""
    images = []
    for index in range(3):
        image = np.where(RIGHT < 50, outer, 0) if outer else np.zeros_like(RIGHT)
        disc = (DOWN - 40 - index) ** 2 + (RIGHT - 50) ** 2 < (25 + 3 * index) ** 2
        images.append(np.where(disc, inner, image))
    return np.stack(images)


def halved(labels):
    """Return the mean of blocks of 2 x 2, after a shift by one pixel: borders fall inside."""
    moved = np.roll(labels, 1, axis=(1, 2)).astype(float)
    return (
        moved[:, ::2, ::2] + moved[:, 1::2, ::2] + moved[:, ::2, 1::2] + moved[:, 1::2, 1::2]
    ) / 4


def nearest(labels):
    return np.roll(labels, 1, axis=(1, 2))[:, ::2, ::2]


IDS = discs(9, 4)
P = noisy(nearest(IDS), 1, classes=10)


def test_fractions_are_an_error():
    report = diagnose(y_true=halved(IDS).astype(np.float32), y_pred=P, num_classes=10)
    finding = found(report, "interpolated-masks")
    assert finding.severity is Severity.ERROR
    assert finding.facts["fractional"] == (halved(IDS) % 1 != 0).sum()
    assert report.verdict.primary == "interpolated-masks"
    assert errors(report) == ["interpolated-masks"]


def test_rounded_seams_are_a_warning():
    report = diagnose(y_true=np.rint(halved(IDS)).astype(np.uint8), y_pred=P, num_classes=10)
    finding = found(report, "interpolated-masks")
    assert finding.severity is Severity.WARNING
    assert set(finding.facts["labels"]) <= {1, 2, 3, 5, 6, 7, 8}
    assert len(finding.facts["labels"]) >= 3
    assert finding.repair is None


def test_two_classes_of_0_to_255_are_cut_in_the_middle():
    masks, predicted = halved(discs(255)), noisy(nearest(discs(1)), 1, classes=2)
    report = diagnose(y_true=masks.astype(np.uint8), y_pred=predicted, num_classes=2)
    assert errors(report) == ["interpolated-masks"]
    assert "undeclared-void-label" not in names(report)
    assert after(report, "interpolated-masks") == pytest.approx(
        mean_iou(masks.astype(np.uint8) > 127, predicted, 2)
    )


def silent(y_true, y_pred, **options):
    report = diagnose(y_true=y_true, y_pred=y_pred, **options)
    return "interpolated-masks" not in names(report)


def test_nearest_neighbour_passes():
    assert silent(nearest(IDS), P, num_classes=10)


def test_an_outline_class_and_ordered_classes_pass():
    outlined = np.where(discs(1) - np.roll(discs(1), 2, axis=2) == 1, 1, 2 * discs(1))
    assert silent(outlined, noisy(2 * discs(1), 1, classes=3), num_classes=3)
    rings = sum((r**2 > (DOWN - 48) ** 2 + (RIGHT - 60) ** 2).astype(int) for r in range(8, 45, 5))
    rings = np.stack([rings] * 3)
    assert silent(rings, np.zeros_like(rings), num_classes=9)


def test_thin_labels_that_the_model_has_learnt_pass():
    thin = np.rint(halved(IDS)).astype(np.uint8)
    assert silent(thin, noisy(thin, 1, share=0.5, classes=10), num_classes=10)


def test_thin_objects_beside_void_pass():
    labels = np.zeros((2, 64, 64), dtype=np.uint8)
    for label, column in enumerate(range(6, 60, 9), 1):
        labels[:, 4:-4, column] = label
        labels[:, 4:-4, column + 1 : column + 3] = 255
    assert silent(labels, np.zeros_like(labels), num_classes=7, ignore_index=255)
    assert silent(labels, np.zeros_like(labels), num_classes=7)


def test_soft_masks_and_masks_divided_by_255_pass():
    soft = np.random.default_rng(0).random((2, 16, 16)).astype(np.float32)
    assert silent(soft, soft > 0.5, num_classes=2)
    assert silent((IDS / 255).astype(np.float32), IDS, num_classes=10)


def test_volumes_are_skipped():
    masks = np.stack([np.rint(halved(IDS))] * 2).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=np.stack([P] * 2), num_classes=10)
    assert outcome(report, "interpolated-masks").reason.startswith("no maps at full resolution")


def test_seams_are_measured_by_their_neighbours():
    image = np.array([[0] * 6 + [3] + [9] * 6] * 20, dtype=np.int32)
    found_seams = measure_seams([image])
    assert (found_seams[3].pixels, found_seams[3].between, found_seams[3].body) == (20, 20, 0)
    assert found_seams[3].is_thin
    assert not found_seams[0].is_thin
    assert not measure_seams([image], neutral={9})[3].is_thin


@pytest.mark.parametrize(("fractions", "fires"), [(5, True), (6, False)])
def test_at_most_half_of_the_values_are_fractions(fractions, fires):
    labels = np.array([[[0, 1, 2, 3, 4, 0, 1, 2, 3, 4]]], dtype=np.float32)
    masks = labels.copy()
    masks[0, 0, :fractions] += 0.5
    report = diagnose(y_true=masks, y_pred=labels, num_classes=6, masks_as=Encoding.LABELS)
    assert ("interpolated-masks" in names(report)) is fires


@pytest.mark.parametrize(("thin", "fires"), [((3, 4), True), ((3,), False)])
def test_two_thin_labels_show_a_resize(thin, fires):
    masks = np.zeros((1, 60, 60), dtype=np.uint8)
    for number, label in enumerate(thin):
        masks[:, 30 * number : 30 * number + 30, 20] = label
    masks[:, :, 21:] = 9
    masks[:, 30 * len(thin) :, 20] = 9
    report = diagnose(y_true=masks, y_pred=np.zeros_like(masks), num_classes=10)
    assert ("interpolated-masks" in names(report)) is fires

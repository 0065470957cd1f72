import numpy as np
import pytest
from build import (
    after,
    diagnose,
    errors,
    found,
    mean_iou,
    names,
    noisy,
    one_hot,
    probabilities,
    scene,
)
from PIL import Image
from scenes import boxes, model

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.datasets import load_data_set

T = scene(1, samples=3, height=24, width=30, classes=5)
P = noisy(T, 2, classes=5)
CLEAN = mean_iou(T, P, 5)
OWN = np.array([[9, 9, 9], [200, 30, 0], [0, 250, 30], [7, 70, 170], [90, 0, 90]], dtype=np.uint8)


def palette(name, *, train=False):
    """Return a (256, 3) palette; void is at 255."""
    known = load_data_set(name)
    colours = np.zeros((256, 3), dtype=np.uint8)
    for colour, label in known.colours.items():
        colours[known.train_ids.get(label, 255) if train else label] = colour
    return colours


VOC = palette("pascal_voc")


@pytest.mark.parametrize(
    ("colours", "title", "classes"),
    [
        (VOC, "PASCAL VOC 2012", 21),
        (VOC, "PASCAL VOC 2012", None),
        (palette("cityscapes", train=True), "Cityscapes", 19),
        (palette("camvid"), "CamVid", 11),
        (palette("ade20k", train=True), "ADE20K", 150),
    ],
)
def test_a_known_palette_is_mapped_to_its_ids(colours, title, classes):
    report = diagnose(y_true=colours[T], y_pred=P, num_classes=classes)
    assert errors(report) == ["colour-masks"]
    assert report.verdict.primary == "colour-masks"
    facts = found(report, "colour-masks").facts
    assert (facts["channels"], facts["colours"]) == (3, 5)
    assert title in facts["palette"]
    assert sorted(facts["ids"].values()) == [0, 1, 2, 3, 4]
    assert found(report, "colour-masks").repair.safe
    assert after(report, "colour-masks") == pytest.approx(CLEAN)


def test_void_outlines_become_the_ignore_label():
    void = T.copy()
    void[:, ::7] = 255
    for options in ({}, {"ignore_index": 255}):
        report = diagnose(y_true=VOC[void], y_pred=P, num_classes=21, **options)
        assert errors(report) == ["colour-masks"]
        expected = mean_iou(T[void != 255], P[void != 255], 5)
        assert after(report, "colour-masks") == pytest.approx(expected)


def test_alpha_is_left_out():
    alpha = np.full((*T.shape, 1), 255, dtype=np.uint8)
    report = diagnose(
        y_true=np.concatenate([VOC[T], alpha], axis=-1), y_pred=P[..., None], num_classes=21
    )
    assert errors(report) == ["colour-masks"]
    assert after(report, "colour-masks") == pytest.approx(CLEAN)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_an_unknown_palette_is_assigned_by_the_predictions(dtype):
    report = diagnose(y_true=OWN[T].astype(dtype), y_pred=P, num_classes=5)
    assert errors(report) == ["colour-masks"]
    finding = found(report, "colour-masks")
    assert finding.facts["palette"] is None
    assert finding.facts["ids"]["(200, 30, 0)"] == 1
    assert not finding.repair.safe
    assert after(report, "colour-masks") == pytest.approx(CLEAN)


def test_black_is_a_class_if_one_is_predicted_there_and_nowhere_else():
    colours = palette("cityscapes", train=True)[[0, 0, 2, 11, 13]]
    colours[0] = 0  # in the palette of Cityscapes, black is void
    report = diagnose(y_true=colours[T], y_pred=P)
    assert errors(report) == ["colour-masks"]
    assert found(report, "colour-masks").facts["ids"]["(0, 0, 0)"] == 0
    assert after(report, "colour-masks") == pytest.approx(CLEAN)


@pytest.mark.parametrize("colours", [OWN, VOC])
def test_few_colours_that_a_resize_mixed_are_no_numbers_of_objects(colours):
    labels = boxes(1)
    pictures = [Image.fromarray(colours[image]) for image in labels]
    size = 2 * labels.shape[2], 2 * labels.shape[1]
    mixed = np.array([np.asarray(picture.resize(size, Image.BILINEAR)) for picture in pictures])
    large = labels.repeat(2, axis=1).repeat(2, axis=2)
    report = diagnose(y_true=mixed, y_pred=model(large, 2), num_classes=5)
    finding = found(report, "colour-masks")
    assert "which are 5 and mixtures of two of these" in finding.message
    assert finding.facts["ids"] == {
        str(tuple(colour)): label for label, colour in enumerate(colours[:5].tolist())
    }
    assert after(report, "colour-masks") == pytest.approx(
        mean_iou(large, model(large, 2), 5), abs=0.02
    )


def test_colours_that_overshoot_at_edges_are_no_numbers_of_objects():
    pictures = [Image.fromarray(OWN[image]) for image in boxes(1)]
    sharp = [np.asarray(picture.resize((80, 56), Image.BICUBIC)) for picture in pictures]
    predicted = np.array(
        [np.asarray(Image.fromarray(image).resize((80, 56), Image.NEAREST)) for image in boxes(1)]
    )
    report = diagnose(y_true=np.array(sharp), y_pred=predicted, num_classes=5)
    assert "no palette" not in found(report, "colour-masks").message


def test_beside_class_scores_colours_are_mapped_too():
    scores = probabilities(P, 3, classes=5)
    report = diagnose(y_true=OWN[T], y_pred=scores, metric="MeanIoU(5, sparse_y_pred=False)")
    assert errors(report) == ["colour-masks"]
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_the_steps_of_the_repair_give_the_ids():
    void = T.copy()
    void[:, ::7] = 255
    repair = found(diagnose(y_true=VOC[void], y_pred=P, num_classes=21), "colour-masks").repair
    masks = VOC[void]
    for step in repair.steps:
        masks = step.apply(masks, spatial=2)
    assert masks.dtype == np.uint8
    assert np.array_equal(masks, void)


def test_one_image_is_enough():
    report = diagnose(y_true=VOC[T[0]], y_pred=P[0], num_classes=21)
    assert errors(report) == ["colour-masks"]
    assert after(report, "colour-masks") == pytest.approx(mean_iou(T[0], P[0], 5))


def test_a_picture_has_no_palette():
    noise = np.random.default_rng(0).integers(0, 256, (*T.shape, 3)).astype(np.uint8)
    report = diagnose(y_true=noise, y_pred=P, num_classes=5)
    assert errors(report) == ["images-as-predictions"]
    assert found(report, "images-as-predictions").repair is None


def test_a_colour_with_the_code_of_a_label_is_not_a_label():
    # packed to one number, dark blue would be 255 and cyan 65535: a void and a no-data value
    colours = np.array([[0, 0, 0], [0, 0, 255], [0, 255, 255]], dtype=np.uint8)
    labels = scene(4, samples=3, height=24, width=30)
    report = diagnose(y_true=colours[labels], y_pred=labels, num_classes=3)
    assert errors(report) == ["colour-masks"]
    assert "undeclared-void-label" not in names(report)
    assert after(report, "colour-masks") == 1.0


@pytest.mark.parametrize("classes", [3, 4])
def test_one_hot_masks_and_scores_of_three_or_four_classes_pass(classes):
    labels = scene(1, samples=3, height=24, width=30, classes=classes)
    dense = (one_hot(labels, classes), one_hot(labels, classes, np.float32), 5 - logit(labels))
    for masks in (*dense, one_hot(labels, classes) * 255):
        report = diagnose(
            y_true=masks,
            y_pred=probabilities(labels, 1, classes=classes),
            metric=f"OneHotMeanIoU({classes})",
        )
        assert "colour-masks" not in names(report)
        assert report.reading.y_true is not Encoding.COLOUR


def logit(labels):
    return -probabilities(labels, 1, classes=int(labels.max()) + 1)


def test_volumes_three_voxels_wide_pass():
    labels = np.random.default_rng(0).integers(0, 5, (2, 8, 9, 3)).astype(np.uint8)
    assert errors(diagnose(y_true=labels, y_pred=labels, num_classes=5)) == []


def test_the_help_lists_four_colours():
    help_text = found(diagnose(y_true=VOC[T], y_pred=P, num_classes=21), "colour-masks").help
    assert help_text.count(" to ") == 4
    assert "and so on;" in help_text
    four = found(diagnose(y_true=VOC[T.clip(0, 3)], y_pred=P, num_classes=21), "colour-masks").help
    assert four.count(" to ") == 4
    assert "so on" not in four


def test_a_colour_of_no_class_does_not_count_as_millions_of_classes():
    truth = np.repeat(scene(1, samples=3, height=12, width=10)[..., np.newaxis], 3, axis=-1)
    masks = truth.copy()
    masks[2] = np.roll(truth[2], 1)
    masks[2, 0, :2] = [[83, 133, 0], [250, 136, 113]]
    report = diagnose(y_true=masks, y_pred=truth)
    assert found(report, "colour-masks")
    assert len(report.score.per_class) < 100

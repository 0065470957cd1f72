import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, noisy, scene
from checks.masks.test_colour_masks import VOC, palette

from iou_doctor.datasets import convert_to_grey

T = scene(2, samples=4, height=48, width=60, classes=7)
P = noisy(T, 3, classes=7)


def luma(colours):
    return np.array(
        [convert_to_grey(tuple(int(v) for v in colour)) for colour in colours], dtype=np.uint8
    )


@pytest.mark.parametrize("classes", [21, None])
def test_the_greys_of_pascal_voc(classes):
    report = diagnose(y_true=luma(VOC)[T], y_pred=P, num_classes=classes)
    assert errors(report) == ["palette-read-as-grey"]
    assert report.verdict.primary == "palette-read-as-grey"
    facts = found(report, "palette-read-as-grey").facts
    assert facts["palette"] == "PASCAL VOC 2012"
    assert facts["lost"] == {"38": [1, 16], "113": [3, 18]}
    assert not found(report, "palette-read-as-grey").repair.safe
    distinct = ~np.isin(T, (1, 3))
    expected = mean_iou(T[distinct], P[distinct], 7)
    assert after(report, "palette-read-as-grey") == pytest.approx(expected)


def test_the_greys_of_cityscapes_identify_each_class():
    masks = luma(palette("cityscapes", train=True))[T]
    report = diagnose(y_true=masks, y_pred=P, num_classes=19)
    assert errors(report) == ["palette-read-as-grey"]
    assert found(report, "palette-read-as-grey").facts["lost"] == {}
    assert found(report, "palette-read-as-grey").repair.safe
    assert after(report, "palette-read-as-grey") == pytest.approx(mean_iou(T, P, 7))


def silent(y_true, y_pred, **options):
    return "palette-read-as-grey" not in names(diagnose(y_true=y_true, y_pred=y_pred, **options))


def test_ids_and_few_greys_pass():
    assert silent(T, P, num_classes=7)
    few = T.clip(0, 3)
    assert silent(luma(VOC)[few], P.clip(0, 3), num_classes=21)


def test_classes_that_happen_to_have_such_numbers_pass():
    ids = np.array([0, 15, 19, 34, 38, 53, 57])
    assert silent(ids[T], ids[P], num_classes=150)
    assert silent(ids[T], ids[P])


def test_other_foreign_numbers_pass():
    assert silent(T + 100, P, num_classes=7)
    numbers = np.random.default_rng(0).permutation(256)[:20]
    many = scene(3, samples=4, height=48, width=60, classes=20)
    assert silent(numbers[many], noisy(many, 1, classes=20), num_classes=20)


def test_four_greys_are_enough():
    labels, predicted = T.clip(0, 4), P.clip(0, 4)
    report = diagnose(y_true=luma(VOC)[labels], y_pred=predicted, num_classes=21)
    assert errors(report) == ["palette-read-as-grey"]

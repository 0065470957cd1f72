import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, noisy, probabilities, scene
from help_code import run_help

T = scene(1, samples=4, height=32, width=40, classes=5)
P = noisy(T, 2, classes=5)
CLEAN = mean_iou(T, P, 5)


@pytest.mark.parametrize("classes", [5, None])
@pytest.mark.parametrize(
    "masks",
    [T * 63, np.rint(T * 63.75), np.floor(T * 63.75)],
    ids=["whole step", "rounded", "cut"],
)
def test_equal_steps_up_to_255_are_divided(masks, classes):
    report = diagnose(y_true=masks.astype(np.uint8), y_pred=P, num_classes=classes)
    assert errors(report) == ["stretched-labels"]
    labels = found(report, "stretched-labels").facts["labels"]
    assert sorted(labels.values()) == [0, 1, 2, 3, 4]
    assert "undeclared-void-label" not in names(report)
    assert after(report, "stretched-labels") == pytest.approx(CLEAN)


@pytest.mark.parametrize("middle", [127, 128])
def test_three_levels_beside_scores(middle):
    labels, predicted = T.clip(0, 2), P.clip(0, 2)
    report = diagnose(
        y_true=np.array([0, middle, 255])[labels],
        y_pred=probabilities(predicted, 1, classes=3),
        metric="MeanIoU(3, sparse_y_pred=False)",
    )
    assert errors(report) == ["stretched-labels"]
    assert after(report, "stretched-labels") == pytest.approx(mean_iou(labels, predicted, 3))


def test_void_beside_whole_steps_stays_void():
    masks = (T * 50).astype(np.uint8)
    masks[:, ::7] = 255
    report = diagnose(y_true=masks, y_pred=P, num_classes=6, ignore_index=255)
    assert "stretched-labels" not in names(report)  # 51 would be the step of six classes
    masks = np.where(masks == 255, 255, T * 63).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=P, num_classes=5, ignore_index=255)
    kept = masks != 255
    assert after(report, "stretched-labels") == pytest.approx(mean_iou(T[kept], P[kept], 5))


def test_each_image_stretched_on_its_own_has_no_repair():
    tops = [2, 3, 4, 4]
    images = [image.clip(0, top) for image, top in zip(T, tops, strict=True)]
    masks = [np.rint(image * (255 / image.max())) for image in images]
    report = diagnose(y_true=np.stack(masks).astype(np.uint8), y_pred=P, num_classes=5)
    finding = found(report, "stretched-labels")
    assert finding.facts == {"images": 4, "per_image": True, "labels": {}}
    assert finding.repair is None
    assert errors(report) == ["stretched-labels"]


def silent(y_true, y_pred, **options):
    return "stretched-labels" not in names(diagnose(y_true=y_true, y_pred=y_pred, **options))


def test_ids_void_borders_and_0_255_pass():
    assert silent(T, P, num_classes=5)
    void = T.copy()
    void[:, ::7] = 255
    assert silent(void, P, num_classes=5)
    assert silent(void, P)
    assert silent((T > 0) * 255, P > 0, num_classes=2)


def test_spaced_ids_that_are_classes_pass():
    assert silent(T * 63, P * 63, num_classes=256)
    assert silent(T * 63, P * 63)


def test_other_spacings_pass():
    assert silent(np.array([0, 38, 75, 113, 15])[T], P, num_classes=21)
    assert silent(T + 7, P, num_classes=5)


@pytest.mark.parametrize(
    ("step", "void", "options"),
    [
        (63, 255, {}),
        (63, 255, {"ignore_index": 255}),
        (63, -1, {}),
        (63.75, -1, {"ignore_index": -1}),
        (63.75, 255, {"ignore_index": 255}),
    ],
)
def test_the_code_of_the_help_divides_all_but_void(step, void, options):
    is_void = np.arange(T.shape[2]) % 7 == 0
    labels = T.clip(0, 3).astype(int)  # 4 * 63.75 is 255, which would be void
    masks = np.where(is_void, void, np.rint(labels * step).astype(int))
    report = diagnose(y_true=masks, y_pred=P, num_classes=5, **options)
    repaired, _ = run_help(found(report, "stretched-labels").help, masks=masks, predictions=P)
    assert np.array_equal(repaired, np.where(is_void, void, labels))

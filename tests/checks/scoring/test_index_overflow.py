import numpy as np
import pytest
from build import diagnose, found, names, noisy, one_hot, scene


def every_class(classes):
    return np.arange(classes, dtype=np.uint8).reshape(1, 1, classes).repeat(4, axis=1)


def in_uint8(masks, predictions, classes):
    """Return what the idiom without a cast computes."""
    index = (np.uint8(classes) * masks + predictions).reshape(-1)
    matrix = np.bincount(index, minlength=classes**2).reshape(classes, classes)
    with np.errstate(invalid="ignore"):
        right = np.diag(matrix)
        return np.nanmean(right / (matrix.sum(0) + matrix.sum(1) - right))


def test_a_perfect_prediction_of_21_classes_is_spoilt():
    masks = every_class(21)
    report = diagnose(y_true=masks, y_pred=masks, num_classes=21)
    facts = found(report, "index-overflow").facts
    assert facts["mean_iou"] == 1.0
    assert facts["wrapped"] == pytest.approx(in_uint8(masks, masks, 21))
    assert facts["wrapped"] < 0.5
    assert report.verdict.primary != "index-overflow"


@pytest.mark.parametrize("classes", [17, 30, 255])
def test_the_replay_is_that_of_numpy(classes):
    masks = scene(3, samples=3, height=60, width=70, classes=classes)
    predictions = noisy(masks, 4, classes=classes)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=classes)
    wrapped = found(report, "index-overflow").facts["wrapped"]
    assert wrapped == pytest.approx(in_uint8(masks, predictions, classes))


def test_the_cast_in_the_help_counts_every_pair_in_its_cell():
    masks = every_class(21)
    values = {"np": np, "masks": masks, "predictions": masks}
    help_text = found(diagnose(y_true=masks, y_pred=masks, num_classes=21), "index-overflow").help
    assignment, expression = help_text.removeprefix("cast the masks: ").split("; ")
    exec(assignment, values)
    counts = eval(expression, values).reshape(21, 21)
    np.testing.assert_array_equal(counts, 4 * np.eye(21))


def test_sixteen_classes_fit():
    masks = every_class(16)
    assert "index-overflow" not in names(diagnose(y_true=masks, y_pred=masks, num_classes=16))


def test_low_labels_of_many_classes_do_not_wrap():
    masks = every_class(12)
    assert "index-overflow" not in names(diagnose(y_true=masks, y_pred=masks, num_classes=21))


@pytest.mark.parametrize("dtype", [np.int64, np.uint16])
def test_a_wider_array_on_either_side_is_cast_by_numpy(dtype):
    masks = every_class(21)
    for arrays in ((masks.astype(dtype), masks), (masks, masks.astype(dtype))):
        report = diagnose(y_true=arrays[0], y_pred=arrays[1], num_classes=21)
        assert "index-overflow" not in names(report)


def byte_rows(**arrays):
    report = diagnose(**arrays, all_implementations=True)
    return [score for score in report.contracts if score.choices.byte_cells]


def test_the_value_is_that_of_the_contract():
    masks = every_class(21)
    report = diagnose(y_true=masks, y_pred=masks, num_classes=21)
    (score,) = [score for score in report.contracts if score.choices.byte_cells]
    assert score.name == "fast_hist[nanmean,uint8]"
    assert found(report, "index-overflow").facts["wrapped"] == score.value


def test_scripts_without_a_cast_are_named_only_if_a_number_passes_255():
    low, high = every_class(12), every_class(21)
    assert byte_rows(y_true=low, y_pred=low, num_classes=21) == []
    void = np.where(low == 3, 255, low)
    assert byte_rows(y_true=void, y_pred=low, num_classes=21, ignore_index=255) == []
    assert len(byte_rows(y_true=high, y_pred=high, num_classes=21)) == 1


def test_one_hot_masks_are_argmaxed_to_wider_integers():
    masks = every_class(21)
    assert byte_rows(y_true=one_hot(masks, 21), y_pred=masks, num_classes=21) == []


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.uint8, 0.2163250893354416), (np.int32, 0.4411333501338959)],  # ignite 0.5.5
)
def test_ignite_multiplies_masks_of_uint8(dtype, expected):
    random = np.random.default_rng(0)
    masks = random.integers(0, 20, (3, 16, 16))
    guesses = np.where(random.random(masks.shape) < 0.6, masks, random.integers(0, 20, masks.shape))
    scores = np.moveaxis(one_hot(guesses, 20), -1, 1).astype(np.float32)
    call = "ignite.metrics.mIoU(ConfusionMatrix(20))"
    report = diagnose(y_true=masks.astype(dtype), y_pred=scores, metric=call)
    assert report.metric.value == pytest.approx(0.4411333501338959)
    if dtype is np.int32:
        assert "index-overflow" not in names(report)
        return
    finding = found(report, "index-overflow")
    assert finding.facts["wrapped"] == pytest.approx(expected)
    assert "masks are uint8 with 20 classes: ignite's `num_classes * y` wraps" in finding.message
    assert "y.long()" in finding.help

import numpy as np
import pytest
from build import after, diagnose, found, mean_iou, names, noisy, scene


def objects(seed, *, samples=4, side=96, cells=8):
    """Return running numbers of square objects on a background of 0, others in each image."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((samples, side, side), dtype=np.int64)
    size = side // cells
    for image in masks:
        places = rng.permutation(cells * cells)[: rng.integers(15, 40)]
        for number, place in enumerate(places, 1):
            top, left = divmod(int(place), cells)
            inside = np.s_[
                top * size + 1 : (top + 1) * size - 1, left * size + 1 : (left + 1) * size - 1
            ]
            image[inside] = number
    return masks


RESTART = objects(1)
OWN = np.where(RESTART > 0, RESTART + np.arange(4)[:, None, None] * 100, 0)
P = noisy(RESTART > 0, 2, classes=2)
CLEAN = mean_iou(RESTART > 0, P, 2)


@pytest.mark.parametrize(
    ("masks", "pattern"),
    [
        (RESTART, "numbers that start again in each image"),
        (OWN, "ids of their own in each image"),
        (OWN * 100 + 7 * (OWN > 0), "ids of their own in each image"),
    ],
)
def test_running_numbers(masks, pattern):
    report = diagnose(y_true=masks, y_pred=P, num_classes=2)
    facts = found(report, "instance-ids").facts
    assert facts["pattern"] == pattern
    assert facts["one_blob"] == facts["looked_at"] >= 60
    assert report.verdict.primary == "instance-ids"
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_numbers_cut_to_8_bits():
    masks = objects(3, samples=40)
    masks[masks > 0] = np.unique(masks + 100 * np.arange(40)[:, None, None], return_inverse=True)[
        1
    ].reshape(masks.shape)[masks > 0]
    cut = masks.astype(np.uint8)
    report = diagnose(y_true=cut, y_pred=masks > 0, num_classes=2)
    assert found(report, "instance-ids").facts["pattern"] == "numbers cut to 8 bits"


T = scene(1, samples=4, height=32, width=48, classes=6)
NOISY = noisy(T, 2, classes=6)
NUMBERED = np.where(T >= 4, T.astype(np.int64) * 1000 + np.arange(4)[:, None, None], T)


def test_a_thousand_times_the_class():
    report = diagnose(y_true=NUMBERED, y_pred=NOISY, num_classes=6)
    assert found(report, "instance-ids").facts["distinct_ids"] == len(np.unique(NUMBERED)) - 4
    assert report.verdict.primary == "instance-ids"
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(T, NOISY, 6))


def test_instances_of_cityscapes_are_mapped_to_train_ids_too():
    ids, train = np.array([7, 8, 11, 21, 24, 26]), np.array([0, 1, 2, 8, 11, 13])
    masks = np.where(T >= 4, ids[T] * 1000 + np.arange(4)[:, None, None], ids[T])
    masks[:, 0] = 4
    report = diagnose(y_true=masks, y_pred=train[NOISY], num_classes=19)
    assert report.verdict.primary == "instance-ids"
    clean = mean_iou(T[:, 1:], NOISY[:, 1:], 6)
    assert after(report, "instance-ids") == pytest.approx(clean)


def test_many_classes_are_silent():
    many = scene(4, samples=6, height=96, width=96, classes=100)
    for options in ({}, {"num_classes": 100}, {"num_classes": 50}, {"num_classes": 2}):
        report = diagnose(y_true=many, y_pred=noisy(many, 5, classes=100), **options)
        assert "instance-ids" not in names(report)


def test_classes_that_the_predictions_do_not_know_are_silent():
    many = scene(4, samples=6, height=96, width=96, classes=21)
    report = diagnose(y_true=many, y_pred=many > 0, num_classes=2)
    assert report.verdict.primary == "recoded-class-ids"
    assert "instance-ids" not in names(report)


def test_a_picture_is_no_instance_mask():
    grey = np.random.default_rng(6).integers(0, 256, (4, 96, 96)).astype(np.uint8)
    report = diagnose(y_true=grey, y_pred=P, num_classes=2)
    assert "instance-ids" not in names(report)


def test_objects_in_volumes():
    volume, predicted = (np.repeat(maps[:, None], 4, axis=1) for maps in (RESTART, P))
    report = diagnose(y_true=volume, y_pred=predicted, num_classes=2)
    assert report.verdict.primary == "instance-ids"
    assert after(report, "instance-ids") == pytest.approx(CLEAN)


def number_objects(counts, *, cut=0):
    """Return one row of running numbers per count: objects of 2 x 3 pixels, some cut in two."""
    masks = np.zeros((len(counts), 8, 64), dtype=np.int64)
    for image, count in zip(masks, counts, strict=True):
        for number in range(1, count + 1):
            image[2:4, 5 * number : 5 * number + 3] = number
    for number in range(1, cut + 1):
        masks[-1, 2:4, 5 * number + 1] = 0
        masks[-1, 6:8, 5 * number + 1] = number
    return masks


@pytest.mark.parametrize(
    ("counts", "cut", "fires"),
    [((3, 6, 10), 0, False), ((3, 7, 10), 0, True), ((3, 7, 10), 2, True), ((3, 7, 10), 3, False)],
)
def test_twenty_objects_of_which_nine_in_ten_are_connected_suffice(counts, cut, fires):
    masks = number_objects(counts, cut=cut)
    report = diagnose(y_true=masks, y_pred=masks > 0, num_classes=2)
    assert ("instance-ids" in names(report)) == fires


@pytest.mark.parametrize(("objects", "fires"), [(3, True), (2, False)])
def test_three_ids_of_a_thousand_times_the_class_suffice(objects, fires):
    number = np.arange(4)[:, None, None] % objects
    masks = np.where(T == 5, 5000 + number, T)
    report = diagnose(y_true=masks, y_pred=NOISY, num_classes=6)
    assert ("instance-ids" in names(report)) == fires


def give_classes(numbers, classes):
    """Return a class from 1 for each object, and 0 for the background."""
    table = np.random.default_rng(3).integers(1, classes + 1, size=numbers.max() + 1)
    table[0] = 0
    return table[numbers]


@pytest.mark.parametrize("options", [{}, {"num_classes": 4}])
def test_predictions_may_number_the_objects_of_several_classes(options):
    masks = noisy(give_classes(RESTART, 3), 4, share=0.1, classes=4)
    report = diagnose(y_true=masks, y_pred=RESTART, **options)
    assert report.verdict.primary == "instance-ids"
    finding = found(report, "instance-ids")
    assert finding.repair is None
    assert finding.help.endswith("predictions = predictions > 0; masks = masks > 0")


def test_predictions_of_few_more_ids_than_classes_may_be_classes():
    few = np.where(RESTART < 15, RESTART, 0)
    report = diagnose(y_true=give_classes(few, 3), y_pred=few)
    assert "instance-ids" not in names(report)


def test_two_classes_are_no_other_numbering_of_many_objects():
    """In a single image, ids could be classes in another order."""
    masks = objects(5, samples=1)[0]
    order = np.random.default_rng(6).permutation(masks.max()) + 1
    predictions = np.where(masks > 0, order[masks - 1], 0)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=2)
    assert report.verdict.primary == "instance-ids"
    assert "each in its own way" in found(report, "instance-ids").message


def streets(seed, *, samples=8):
    """Return columns of classes, other ones in each image, and their numbers from left to right."""
    rng = np.random.default_rng(seed)
    classes = np.zeros((samples, 24, 48), dtype=np.int64)
    for image in classes:
        cuts = np.sort(rng.choice(np.arange(4, 46, 3), rng.integers(4, 8), replace=False))
        for columns in np.split(np.arange(48), cuts):
            image[:, columns] = rng.integers(0, 4)
    steps = np.diff(classes, axis=2, prepend=classes[:, :, :1]) != 0
    return classes, 1 + np.cumsum(steps, axis=2)


@pytest.mark.parametrize("side", ["masks", "predictions"])
@pytest.mark.parametrize("ordered", [False, True])
def test_numbers_of_segments_beside_classes(ordered, side):
    classes, numbers = streets(1)
    if ordered:  # class by class
        keys = classes * 100 + numbers
        numbers = np.stack([np.unique(key, return_inverse=True)[1] + 1 for key in keys])
    seen = noisy(classes, 2, share=0.1, classes=4)
    y_true, y_pred = (numbers, seen) if side == "masks" else (seen, numbers)
    report = diagnose(y_true=y_true, y_pred=y_pred)
    finding = found(report, "instance-ids")
    assert report.verdict.primary == "instance-ids"
    assert finding.facts["array"] == side
    assert finding.facts["pixels_agreeing_by_image"] > finding.facts["pixels_agreeing_together"]
    assert [one.repair for one in report.findings] == [None] * len(report.findings)


def test_classes_from_1_are_no_numbers_of_segments():
    masks = np.stack([scene(seed, samples=1, classes=7)[0] for seed in range(6)])
    masks[:2] = masks[:2].clip(max=5)  # two images lack the last class
    report = diagnose(y_true=masks + 1, y_pred=noisy(masks, 2, classes=6).clip(max=5))
    assert report.verdict.primary == "labels-off-by-one"

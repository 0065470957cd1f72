import numpy as np
import pytest
from build import after, diagnose, found, mean_iou, names, noisy, scene

T = scene(1, samples=4, height=32, width=48, classes=6)
P = noisy(T, 2, classes=6)
CLEAN = mean_iou(T, P, 6)
ROADS = np.array([7, 8, 11, 26, 24, 33])
TRAIN = np.array([0, 1, 2, 13, 11, 18])


@pytest.mark.parametrize("declared", [{}, {"num_classes": 19}, {"num_classes": 34}])
def test_cityscapes_label_ids_in_the_masks(declared):
    report = diagnose(y_true=ROADS[T], y_pred=TRAIN[P], **declared)
    finding = found(report, "foreign-label-ids")
    assert finding.facts["array"] == "masks"
    assert finding.facts["numbering"] == "Cityscapes labelIds"
    assert finding.facts["mapping"] == dict(
        sorted(zip(map(str, ROADS.tolist()), TRAIN.tolist(), strict=True), key=lambda x: int(x[0]))
    )
    assert report.verdict.primary == "foreign-label-ids"
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)
    assert "permuted-classes" not in names(report)


def test_void_ids_leave():
    masks = ROADS[T]
    masks[:, :3] = 4
    report = diagnose(y_true=masks, y_pred=TRAIN[P], num_classes=19)
    clean = mean_iou(T[:, 3:], P[:, 3:], 6)
    assert after(report, "foreign-label-ids") == pytest.approx(clean)


def test_cityscapes_label_ids_in_the_predictions():
    report = diagnose(y_true=TRAIN[T], y_pred=ROADS[P], num_classes=19)
    assert found(report, "foreign-label-ids").facts["array"] == "predictions"
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


@pytest.mark.parametrize(
    ("ids", "classes", "title"),
    [
        ([21, 1, 26, 9, 5, 2], [0, 1, 5, 7, 8, 10], "ids of the 32 CamVid classes"),
        ([0, 12, 30, 91, 181, 45], None, "COCO-Stuff ids with gaps"),
    ],
)
def test_other_numberings(ids, classes, title):
    if classes is None:
        from iou_doctor.datasets import load_data_set

        classes = [load_data_set("coco_stuff").train_ids[label] for label in ids]
    report = diagnose(y_true=np.array(ids)[T], y_pred=np.array(classes)[P])
    assert found(report, "foreign-label-ids").facts["numbering"] == title
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_the_same_ids_on_both_sides_are_silent():
    report = diagnose(y_true=ROADS[T], y_pred=ROADS[P], num_classes=34)
    assert "foreign-label-ids" not in names(report)


def test_ids_of_a_numbering_that_agree_with_nothing_are_silent():
    pred = np.random.default_rng(3).integers(0, 19, T.shape)
    report = diagnose(y_true=ROADS[T], y_pred=pred, num_classes=19)
    assert "foreign-label-ids" not in names(report)


def test_a_permutation_of_few_ids_is_no_numbering():
    lut = np.roll(np.arange(6), 2)
    report = diagnose(y_true=T, y_pred=lut[P], num_classes=6)
    assert report.verdict.primary == "permuted-classes"


def full_ade20k(*, own):
    """Return four images of 60 ids each, out of 200 that recur or of their own."""
    rng = np.random.default_rng(5)
    ids = rng.choice(np.arange(1, 3145), 240, replace=False)
    pools = ids.reshape(4, 60) if own else [rng.choice(ids, 160, replace=False)] * 4
    return np.stack([rng.choice(pool, (40, 40)) for pool in pools])


def test_more_ids_than_the_benchmark_of_ade20k():
    masks = full_ade20k(own=False)
    report = diagnose(y_true=masks, y_pred=masks % 150, num_classes=150)
    assert found(report, "foreign-label-ids").facts["distinct_ids"] == len(np.unique(masks))
    assert report.verdict.primary == "foreign-label-ids"


def test_ids_of_their_own_in_each_image_are_objects():
    masks = full_ade20k(own=True)
    report = diagnose(y_true=masks, y_pred=masks % 150, num_classes=150)
    assert "foreign-label-ids" not in names(report)


HIGH = np.arange(200, 360)


@pytest.mark.parametrize(
    ("images", "fires"),
    [
        ([HIGH[:151]] * 2, False),
        ([HIGH[:152]] * 2, False),  # one of them is void
        ([HIGH[:153]] * 2, True),
        ([[*HIGH[:153], 3142, 3143, 3144]] * 2, True),
        ([[*HIGH[:153], 3145, 3146, 3147]] * 2, False),
        ([HIGH, [*HIGH[:81], *[200] * 79]], True),
        ([HIGH, [*HIGH[:80], *[200] * 80]], False),
        ([[*range(76), *HIGH[:78]]] * 2, True),
        ([[*range(78), *HIGH[:78]]] * 2, False),
    ],
    ids=["151", "151 and void", "152", "highest", "beyond", "shared", "own", "half high", "low"],
)
def test_the_full_ade20k_has_many_high_ids_in_several_images(images, fires):
    masks = np.array([[image] for image in images])
    report = diagnose(y_true=masks, y_pred=masks % 150, num_classes=150)
    assert ("foreign-label-ids" in names(report)) == fires

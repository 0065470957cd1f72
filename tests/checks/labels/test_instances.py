from types import SimpleNamespace

import numpy as np
import pytest

from iou_doctor.checks.labels import _instances

OWN = "ids of their own in each image"
RESTARTING = "numbers that start again in each image"
CUT = "numbers cut to 8 bits"


def find_pattern(monkeypatch, images, *, classes=2, dtype=np.int64, predicted=(0, 1)):
    """Return the pattern of the ids of each image beside predictions of these labels."""
    labels = np.concatenate([np.array(list(ids)) for ids in images])
    in_image = np.repeat(np.arange(len(images)), [len(ids) for ids in images])
    monkeypatch.setattr(_instances, "list_labels_by_image", lambda *_: (labels, in_image))
    pairs = SimpleNamespace(count_predictions=lambda: dict.fromkeys(predicted, 1))
    return _instances._find_pattern(
        SimpleNamespace(
            interpretation=SimpleNamespace(num_classes=classes, num_classes_declared=True),
            pairs=SimpleNamespace(pool=lambda: pairs),
            pair=SimpleNamespace(y_true=SimpleNamespace(dtype=np.dtype(dtype))),
        )
    )


def split(ids, images=3):
    return np.array_split(np.array(list(ids)), images)


def test_thirty_ids_in_three_images_may_be_numbers_of_objects(monkeypatch):
    assert find_pattern(monkeypatch, split(range(100, 130))) == OWN
    assert find_pattern(monkeypatch, split(range(100, 129))) is None
    assert find_pattern(monkeypatch, split(range(100, 130), images=2)) is None


@pytest.mark.parametrize(("repeated", "pattern"), [(100, OWN), (101, None)])
def test_a_tenth_of_the_ids_may_occur_in_two_images(monkeypatch, repeated, pattern):
    images = [range(1001, 1501), range(1501, 2001), range(1001, 1001 + repeated)]
    assert find_pattern(monkeypatch, images) == pattern


@pytest.mark.parametrize(("classes", "pattern"), [(6, OWN), (7, None)])
def test_there_are_five_times_as_many_ids_as_classes(monkeypatch, classes, pattern):
    assert find_pattern(monkeypatch, split(range(100, 130)), classes=classes) == pattern


def test_ids_that_are_predicted_are_classes(monkeypatch):
    assert find_pattern(monkeypatch, split(range(100, 130)), predicted=(0, 2)) is None


@pytest.mark.parametrize(("most", "pattern"), [(10, RESTARTING), (9, None)])
def test_the_fullest_image_has_ten_objects(monkeypatch, most, pattern):
    images = [range(1, most), range(1, most + 1)]
    assert find_pattern(monkeypatch, images, classes=1, predicted=(0,)) == pattern


@pytest.mark.parametrize(("held", "pattern"), [(90, RESTARTING), (89, None)])
def test_a_tenth_of_the_numbers_may_be_missing(monkeypatch, held, pattern):
    images = [range(1, 51), [*range(1, held), 100]]
    assert find_pattern(monkeypatch, images) == pattern


def test_images_with_equally_many_ids_have_classes(monkeypatch):
    assert find_pattern(monkeypatch, [range(1, 51)] * 2) is None
    assert find_pattern(monkeypatch, [range(1, 51)]) is None


@pytest.mark.parametrize(
    ("ids", "dtype", "pattern"), [(200, "u1", CUT), (199, "u1", None), (200, "u2", None)]
)
def test_two_hundred_bytes_are_numbers_cut_to_8_bits(monkeypatch, ids, dtype, pattern):
    assert find_pattern(monkeypatch, [range(256 - ids, 256)], dtype=dtype) == pattern


@pytest.mark.parametrize(("pixels", "examined"), [(6, 1), (5, 0)])
def test_objects_of_six_pixels_are_examined(pixels, examined):
    labels = np.zeros((8, 8), np.int32)
    labels.flat[:pixels] = 3
    assert _instances._count_connected([labels]) == (examined, examined)

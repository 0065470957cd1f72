"""The kernels pick the labels that NumPy picks, whatever their dtype."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan.arrays import label_maps

from iou_doctor.counts.label_decoding import NAIVE_LIMIT, NO_CLASS
from iou_doctor.counts.map_samples import NO_LABEL
from iou_doctor.scan.native import library
from iou_doctor.scan.native.library import Kernels
from iou_doctor.scan.native.pick_labels import find_places, pick_labels
from iou_doctor.scan.probing import Wanted

BEST = library.load_kernels()
if BEST is None:
    pytest.skip(library.describe_kernels(), allow_module_level=True)
VARIANTS = [Kernels(BEST.library, name) for name in library._list_variants(BEST.library)]


def assert_picked_alike(labels, images, indices):
    wanted = Wanted(labels, images, indices, find_places(indices, labels.shape[1:]), print)
    reference = wanted.pick()
    assert reference.dtype == np.int32
    for kernels in VARIANTS:
        np.testing.assert_array_equal(pick_labels(kernels, wanted.prepare()), reference)
    return reference


@given(st.data(), st.integers(1, 4), st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_picks_are_those_of_numpy(data, n, sizes):
    labels = data.draw(label_maps((n, *sizes)))
    images = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=5))
    indices = tuple(
        np.array(data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=5)))
        for size in sizes
    )
    assert_picked_alike(labels, images, indices)


@pytest.mark.parametrize("dtype", ["i8", "u8", "u4"])
def test_labels_saturate_and_no_class_is_kept_apart(dtype):
    limits = [NO_CLASS, NO_CLASS + NAIVE_LIMIT, NO_CLASS + NAIVE_LIMIT + 1, -(2**31), -(2**31) - 1]
    values = [*limits, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, -(2**63), 0, 255, -1]
    labels = np.array([values], np.int64).astype(dtype)
    picked = assert_picked_alike(labels, [0], (np.arange(len(values)),))
    if dtype == "i8":
        least, most = -(2**31) + 1, 2**31 - 1
        expected = [NO_LABEL, NO_LABEL, least, least, least, most, most, most, most, NO_LABEL]
        assert picked[0].tolist() == [*expected, 0, 255, -1]


def test_places_beyond_the_image_are_refused():
    with pytest.raises(AssertionError):
        find_places((np.array([0, 3]), np.array([0])), (3, 4))
    places = find_places((np.array([0]), np.array([3])), (3, 4))
    labels = np.zeros((2, 3, 4), np.uint8)
    for wrong, images in ((labels, [2]), (labels[:, :, ::-1], [0]), (labels[:, :2], [0])):
        with pytest.raises(AssertionError):
            Wanted(wrong, images, (), places, print).prepare()

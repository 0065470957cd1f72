"""The kernels read nothing before or behind an array, even where its pages end with it."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable

import numpy as np
import pytest

from iou_doctor.scan.native import library
from iou_doctor.scan.native.count_areas import count_areas
from iou_doctor.scan.native.count_labels import Scratch, count_labels, encode_labels
from iou_doctor.scan.native.library import Kernels
from iou_doctor.scan.native.measure_scores import measure_scores
from iou_doctor.scan.native.pick_labels import find_places, pick_labels, prepare_picks

BEST = library.load_kernels()
if BEST is None:
    pytest.skip(library.describe_kernels(), allow_module_level=True)
if not hasattr(ctypes.CDLL(None), "mprotect"):
    pytest.skip("this system has no mprotect", allow_module_level=True)
VARIANTS = [Kernels(BEST.library, name) for name in library._list_variants(BEST.library)]
PROTECT = ctypes.CDLL(None, use_errno=True).mprotect
PROTECT.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
PAGE = mmap.PAGESIZE
Place = Callable[[np.ndarray], np.ndarray]


@pytest.fixture
def place() -> Place:
    """Copy arrays to memory of their own that ends, or begins, at a page that may not be read."""
    kept = []

    def _place(values: np.ndarray, *, at_end: bool) -> np.ndarray:
        pages = -(-values.nbytes // PAGE)
        memory = mmap.mmap(-1, (pages + 2) * PAGE)
        kept.append(memory)
        start = PAGE if not at_end else (pages + 1) * PAGE - values.nbytes
        copy = np.frombuffer(memory, values.dtype, values.size, start).reshape(values.shape)
        copy[...] = values
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        for guard in (address, address + (pages + 1) * PAGE):
            assert PROTECT(guard, PAGE, 0) == 0
        return copy

    return _place


@pytest.mark.parametrize("at_end", [True, False])
@pytest.mark.parametrize("kernels", VARIANTS, ids=lambda kernels: kernels.variant)
@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "i8"])
def test_labels_at_the_end_of_their_pages(place, kernels, dtype, at_end):
    random = np.random.default_rng(0)
    for pixels in (1, 63, 64, 65, 128, 5000):
        labels = random.integers(0, 3, (2, 1, pixels)).astype(dtype)
        sides = [encode_labels(place(side, at_end=at_end)) for side in (labels, labels[::-1])]
        found = count_labels(
            kernels, y_true=sides[0], y_pred=sides[1], samples=np.arange(2), scratch=Scratch()
        )
        assert found is None or found[0].total == labels.size


@pytest.mark.parametrize("at_end", [True, False])
@pytest.mark.parametrize("kernels", VARIANTS, ids=lambda kernels: kernels.variant)
@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "i8"])
def test_picks_at_the_end_of_their_pages(place, kernels, dtype, at_end):
    random = np.random.default_rng(0)
    for width in (1, 9, 64, 1000):
        labels = place(random.integers(0, 99, (2, 3, width)).astype(dtype), at_end=at_end)
        places = find_places([np.arange(3), np.arange(width)], (3, width))
        picked = pick_labels(kernels, prepare_picks(labels, [1, 0], places))
        np.testing.assert_array_equal(picked, labels[::-1])


@pytest.mark.parametrize("at_end", [True, False])
@pytest.mark.parametrize("kernels", VARIANTS, ids=lambda kernels: kernels.variant)
def test_small_maps_at_the_end_of_their_pages(place, kernels, at_end):
    random = np.random.default_rng(0)
    for pixels in (1, 3, 4, 5, 577):
        true, pred = (
            place(random.integers(0, 3, (2, pixels), dtype=np.uint8), at_end=at_end)
            for _ in range(2)
        )
        assert count_areas(kernels, true, pred, 2)[:, 0].sum() == (true < 2).sum()


@pytest.mark.parametrize("at_end", [True, False])
@pytest.mark.parametrize("kernels", VARIANTS, ids=lambda kernels: kernels.variant)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("channels", [1, 3, 8, 21])
def test_scores_at_the_end_of_their_pages(place, kernels, dtype, channels, at_end):
    random = np.random.default_rng(0)
    for pixels in (1, 5, 16, 63, 64, 65, 600):
        scores = random.random((2, 1, pixels, channels)).astype(dtype)
        first = place(np.moveaxis(scores, -1, 1).copy(), at_end=at_end)
        for values in (place(scores, at_end=at_end), np.moveaxis(first, 1, -1)):
            coded, counts, _ = measure_scores(kernels, values)
            np.testing.assert_array_equal(coded.labels, scores.argmax(-1))
            assert counts.values == scores.size

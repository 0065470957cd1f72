"""The kernels find the kinds and regions that the NumPy code finds, in every variant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.scan import error_kinds
from iou_doctor.scan.native import find_kinds, library
from iou_doctor.scan.native.find_kinds import list_steps
from iou_doctor.scan.native.library import Kernels
from iou_doctor.scan.numpy import error_kinds as reference

BEST = library.load_kernels()
if BEST is None:
    pytest.skip(library.describe_kernels(), allow_module_level=True)
VARIANTS = [Kernels(BEST.library, name) for name in library._list_variants(BEST.library)]
"""Every variant that this processor can run."""
VOID = 255


def draw_maps(seed: int, shape: tuple[int, ...], labels: int):
    """Return masks of boxes, and predictions that are moved, thinned and noisy."""
    rng = np.random.default_rng(seed)
    y_true = np.zeros(shape, dtype=np.uint8)
    for _ in range(12):
        corner = [int(rng.integers(-2, size)) for size in shape]
        box = [slice(max(0, at), at + int(rng.choice([1, 3, 9, 40]))) for at in corner]
        y_true[tuple(box)] = rng.integers(0, labels)
    y_pred = np.roll(y_true, [int(step) for step in rng.integers(-2, 3, len(shape))])
    noisy = rng.random(shape) < rng.choice([0, 0.01, 0.2, 1])
    y_pred = np.where(noisy, rng.integers(0, labels, shape), y_pred).astype(np.uint8)
    y_true[rng.random(shape) < rng.choice([0, 0.05])] = VOID
    return y_true, y_pred


def list_all(found):
    regions = found.region_labels, found.region_pixels, found.region_found
    return found.codes, *np.array(sorted(zip(*(part.tolist() for part in regions), strict=True))).T


def assert_same(y_true, y_pred, width):
    void = y_true == VOID
    expected = list_all(reference.find_kinds(y_true, y_pred, void, width))
    for kernels in VARIANTS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(error_kinds, "load_kernels", lambda kernels=kernels: kernels)
            found = error_kinds.find_error_kinds(y_true, y_pred, void=void, width=width)
        for own, other in zip(list_all(found), expected, strict=True):
            np.testing.assert_array_equal(own, other)


@settings(max_examples=40)
@given(
    st.integers(0, 10**6),
    st.one_of(
        st.tuples(st.integers(1, 40), st.sampled_from([1, 7, 63, 64, 65, 128, 150])),
        st.tuples(st.integers(1, 7), st.integers(1, 9), st.sampled_from([5, 64, 70])),
    ),
    st.integers(1, 5),
    st.sampled_from([0, 1, 2, 3, 7]),
)
def test_images_and_volumes(seed, shape, labels, width):
    assert_same(*draw_maps(seed, shape, labels), width)


@pytest.mark.parametrize(
    ("shape", "width"), [((3, 400), 70), ((70, 20), 65), ((2, 30, 90), 1), ((5, 17_000), 4)]
)
def test_wide_contours_and_many_runs(monkeypatch, shape, width):
    """Contours of more than 64 pixels reach over several words, and many runs need more room."""
    monkeypatch.setattr(find_kinds, "LEAST_ROOM", 3)
    assert_same(*draw_maps(3, shape, 3), width)


def test_labels_that_are_no_small_numbers(monkeypatch):
    y_true, y_pred = draw_maps(5, (40, 50), 4)
    plain = error_kinds.find_error_kinds(y_true, y_pred, width=2)
    names = np.array([-3, 70_000, 2**40, 5, *range(6, 258)])
    named = error_kinds.find_error_kinds(names[y_true], names[y_pred], width=2)
    np.testing.assert_array_equal(named.codes, plain.codes)
    assert set(named.region_labels) == set(names[np.unique(y_true)])
    monkeypatch.setattr(error_kinds, "NOTHING", 3)
    with pytest.raises(error_kinds.TooManyLabelsError, match="4 labels"):
        error_kinds.find_error_kinds(names[y_true], names[y_pred], width=2)


@pytest.mark.parametrize(("width", "axes"), [(0, 2), (3, 2), (2, 3)])
def test_the_rows_within_a_width_make_a_ball(width, axes):
    drawn = {
        (slice_, row, column)
        for slice_, row, length in list_steps(width, axes).tolist()
        for column in range(-length, length + 1)
    }
    sides = range(-width, width + 1)
    ball = {
        (z, y, x)
        for z in (sides if axes == 3 else (0,))
        for y in sides
        for x in sides
        if round((z * z + y * y + x * x) ** 0.5) <= width
    }
    assert drawn == ball


def test_each_thread_has_its_own_space():
    from concurrent.futures import ThreadPoolExecutor

    pairs = [draw_maps(seed, (60, 70), 4) for seed in range(20)]
    alone = [error_kinds.find_error_kinds(*pair).codes for pair in pairs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda pair: error_kinds.find_error_kinds(*pair).codes, pairs))
    np.testing.assert_array_equal(together, alone)
    assert find_kinds._own.spaces

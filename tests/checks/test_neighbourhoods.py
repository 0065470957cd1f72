"""Neighbourhoods and middles of regions are those of SciPy, which takes long to import."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn
from scipy import ndimage

from iou_doctor.checks.labels._places_of_ids import _find_places
from iou_doctor.checks.labels._void_bands import BODY_WIDTH, _find_bands
from iou_doctor.checks.masks._outlines import LEAST_BODY_WIDTH, _is_thin
from iou_doctor.checks.seams import spread_extremes

BLOCKS = drawn.arrays(
    np.int32, drawn.array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.integers(-1, 3)
)
SIZES = st.integers(1, 12)


def enlarge(blocks, size):
    return np.kron(blocks, np.ones((size,) * blocks.ndim, dtype=np.int32))


@given(BLOCKS, SIZES)
def test_a_band_of_0_is_what_no_large_square_of_0_covers(blocks, size):
    zero = enlarge(blocks, size) == 0
    around = np.pad(zero, BODY_WIDTH, constant_values=True)
    body = ndimage.binary_opening(around, np.ones((BODY_WIDTH, BODY_WIDTH)))
    inside = (slice(BODY_WIDTH, -BODY_WIDTH),) * 2
    np.testing.assert_array_equal(_find_bands(enlarge(blocks, size)), zero & ~body[inside])


@given(BLOCKS, SIZES)
def test_a_thin_line_covers_no_large_square(blocks, size):
    line = enlarge(blocks, size) == 1
    window = np.ones((LEAST_BODY_WIDTH, LEAST_BODY_WIDTH))
    assert _is_thin(line) is not ndimage.binary_erosion(line, window, border_value=1).any().item()


@given(BLOCKS, SIZES, st.integers(1, 5))
def test_a_mask_spreads_in_squares(blocks, size, reach):
    mask = enlarge(blocks, size) == 1
    spread = ndimage.binary_dilation(mask, np.ones((3, 3)), iterations=reach)
    np.testing.assert_array_equal(spread_extremes(mask, np.maximum, reach), spread)


@given(
    drawn.arrays(
        np.int32,
        drawn.array_shapes(min_dims=2, max_dims=3, max_side=9),
        elements=st.integers(-1, 5),
    )
)
def test_the_middle_of_an_id_is_its_centre_of_mass(labels):
    ids = np.unique(labels[labels > 1])
    if len(ids):
        middles = np.array(ndimage.center_of_mass(labels > 0, labels, ids)) / labels.shape
        np.testing.assert_array_equal(_find_places(labels, ids), middles)

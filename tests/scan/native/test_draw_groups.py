"""The kernels draw the groups that NumPy draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iou_doctor.ledger import interval
from iou_doctor.scan.native import library
from iou_doctor.scan.native.library import Kernels

BEST = library.load_kernels()
if BEST is None:
    pytest.skip(library.describe_kernels(), allow_module_level=True)
VARIANTS = [Kernels(BEST.library, name) for name in library._list_variants(BEST.library)]


@given(st.integers(1, 9), st.integers(1, 600), st.integers(0, 2**40))
def test_groups_are_those_of_numpy(draws, groups, first):
    found = []
    for kernels in (None, *VARIANTS):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(interval, "load_kernels", lambda kernels=kernels: kernels)
            found.append(interval._draw_groups(draws, groups, first=first))
    for times in found:
        assert times.dtype == np.float64
        assert (times.sum(axis=1) == groups).all()
        np.testing.assert_array_equal(times, found[0])

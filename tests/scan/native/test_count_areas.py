"""The areas of classes in small label maps equal the NumPy reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from iou_doctor.checks import map_stack
from iou_doctor.scan.native import library
from iou_doctor.scan.native.library import Kernels

BEST = library.load_kernels()
if BEST is None:
    pytest.skip(library.describe_kernels(), allow_module_level=True)
VARIANTS = [Kernels(BEST.library, name) for name in library._list_variants(BEST.library)]


def count_by(kernels, true, pred, classes):
    """Return the areas by a variant of the kernels, or by NumPy for `None`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(map_stack, "load_kernels", lambda: kernels)
        return map_stack.count_areas(true, pred, classes)


@given(st.data(), st.integers(1, 255), st.integers(1, 3), st.integers(1, 3), st.integers(1, 40))
def test_areas_are_those_of_the_reference(data, classes, images, height, width):
    labels = arrays.arrays(np.uint8, (images, height, width), elements=st.integers(0, classes))
    true, pred = data.draw(labels), data.draw(labels)
    if data.draw(st.booleans()):
        pred = pred[:, ::-1]  # as a turn of the predictions leaves them
    reference = count_by(None, true, pred, classes)
    for truth, prediction, expected in zip(true, pred, reference, strict=True):
        for label in range(classes):
            own, theirs = truth == label, (prediction == label) & (truth < classes)
            assert expected[:, label].tolist() == [own.sum(), theirs.sum(), (own & theirs).sum()]
    for kernels in VARIANTS:
        np.testing.assert_array_equal(count_by(kernels, true, pred, classes), reference)

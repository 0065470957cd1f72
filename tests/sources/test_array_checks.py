"""What every array of numbers needs, whatever its format."""

from __future__ import annotations

import pytest

from iou_doctor.errors import SourceError
from iou_doctor.sources.array_checks import check_shape


@pytest.mark.parametrize("shape", [(0,), (2, 0, 3), (2, -1), (-(1 << 15), -1)])
def test_an_array_without_values_is_refused(shape):
    """Damaged NIfTI headers have lengths below zero."""
    with pytest.raises(SourceError, match="holds no values"):
        check_shape("file", shape)

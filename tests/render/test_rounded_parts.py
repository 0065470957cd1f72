"""Parts that are printed add up as the numbers do that they are made from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iou_doctor.render.shared.rounded_parts import round_parts

PARTS = st.lists(st.floats(-1, 1), min_size=1, max_size=9)


@given(PARTS, st.booleans())
def test_rounded_parts_add_up_to_the_rounded_total(parts, has_rest):
    total = sum(parts)
    rounded = round_parts(parts, total, has_rest=has_rest)
    assert sum(rounded) == pytest.approx(round(total, 4), abs=1e-9)
    most = [0.0001] * len(parts) if not has_rest else [0.00005] * (len(parts) - 1) + [0.0006]
    for part, shown, error in zip(parts, rounded, most, strict=True):
        assert abs(part - shown) <= error + 1e-9


def test_the_nearest_part_is_rounded_the_other_way_and_a_rest_takes_it_up():
    assert round_parts([0.00003, 0.00014, 0.00012], 0.0003) == [0.0, 0.0002, 0.0001]
    assert round_parts([0.00016, 0.00006, 0.00008], 0.0003, has_rest=True) == [0.0002, 0.0001, 0]
    assert round_parts([0.5], 0.9) == [0.5]
    assert round_parts([0.00005], 0.00005) == [0.0001]  # as it is printed

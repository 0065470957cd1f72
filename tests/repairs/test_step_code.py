"""The Python of each step does what the step does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from repairs.test_table import EXAMPLES

from iou_doctor.counts.label_decoding import encode_colour
from iou_doctor.repairs.any_channel import AnyChannel
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.decode_colours import DecodeColours
from iou_doctor.repairs.fill_missing import FillMissing
from iou_doctor.repairs.first_channel import FirstChannel
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.permute_channels import PermuteChannels
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.retile import Retile
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.step_code import WRITERS, write_step
from iou_doctor.repairs.table import STEPS
from iou_doctor.repairs.threshold import Threshold

DENSE = (AnyChannel, Argmax, FirstChannel, PermuteChannels)
BIG = {number: number // 2 for number in range(9)}
MORE = [
    Relabel(Side.MASKS, {1: 0, 2: 1, 3: 2}),
    Relabel(Side.MASKS, {0: 1, 1: 2, 2: 0}),
    Relabel(Side.MASKS, {0: -1, 1: 300}),
    Relabel(Side.MASKS, BIG),
    RelabelSome(Side.PREDICTIONS, BIG, samples=(1,)),
    RelabelSome(Side.PREDICTIONS, {0: 1, 1: 0}, samples=(0, 5)),
    DecodeColours(Side.MASKS, {encode_colour(*[n] * 3): n % 3 for n in range(9)}, default=255),
    Retile(Side.PREDICTIONS, tile=(2, 2), order=(3, 1, 0, 2)),
    Threshold(Side.PREDICTIONS, 0.5, no_class=255),
    PermuteAxes(Side.PREDICTIONS, (1, 0, 2)),
]


def run_code(step, values, spatial):
    names = {"np": np, step.side.value: values.copy()}
    exec("\n".join(write_step(step, spatial=spatial)), names)
    return names[step.side.value]


def draw(step):
    """Return an array that suits a step, and its number of spatial axes."""
    random = np.random.default_rng(5)
    if isinstance(step, PermuteAxes):
        return random.integers(0, 9, (6, 4, 5, 3)[: 1 + len(step.order)]), len(step.order)
    if isinstance(step, DecodeColours):
        return random.integers(0, 12, (6, 4, 6, 1), np.uint8).repeat(3, -1), 2
    if isinstance(step, (Threshold, FillMissing)):
        values = random.random((6, 4, 6)) * 3 - 1
        values.flat[:3] = np.nan, -9999, np.inf
        return values, 2
    if isinstance(step, Retile):
        return random.integers(0, 9, (6, 4, 4) if step.tile == (2, 2) else (6, 2, 6)), 2
    if isinstance(step, DENSE):
        values = random.random((6, 4, 6, 2))
        values[0, 0], values[1, 1, 1, 1] = 0, np.nan
        return values, 2
    return random.integers(0, 9, (6, 4, 4), np.uint8), 2


@pytest.mark.parametrize(
    "step", [step for step in [*EXAMPLES, *MORE] if not isinstance(step, Arrange)], ids=repr
)
def test_the_code_of_a_step_does_what_the_step_does(step):
    values, spatial = draw(step)
    expected = step.apply_to(values, np.arange(len(values)), spatial=spatial)
    assert np.array_equal(run_code(step, values, spatial), expected, equal_nan=True)


def test_every_step_but_one_has_code():
    assert {*WRITERS, Arrange} == set(STEPS.values())


@given(st.dictionaries(st.integers(0, 9), st.integers(-1, 300), min_size=1))
def test_any_table_of_labels_is_written_as_code_that_replaces_them_all_at_once(table):
    step, values = Relabel(Side.MASKS, table), np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    assert np.array_equal(run_code(step, values, 2), step.apply(values, spatial=2))

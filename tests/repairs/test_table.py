"""The table of steps: complete, and back from JSON unchanged."""

from __future__ import annotations

import inspect
import json
import pkgutil

import pytest

from iou_doctor import repairs
from iou_doctor.parts.plain import NotPlainError, from_plain
from iou_doctor.repairs.any_channel import AnyChannel
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.decode_colours import DecodeColours
from iou_doctor.repairs.fill_missing import FillMissing
from iou_doctor.repairs.first_channel import FirstChannel
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.one_hot import OneHot
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.permute_channels import PermuteChannels
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.reorder_slices import ReorderSlices
from iou_doctor.repairs.rescale import Rescale
from iou_doctor.repairs.resize_nearest import ResizeNearest
from iou_doctor.repairs.retile import Retile
from iou_doctor.repairs.rotate import Rotate
from iou_doctor.repairs.shift import Shift
from iou_doctor.repairs.step import Side, Stage, Step
from iou_doctor.repairs.swap_height_width import SwapHeightWidth
from iou_doctor.repairs.table import STEPS, to_json
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.repairs.times_255 import Times255

EXAMPLES = [
    AnyChannel(Side.PREDICTIONS, channels=2),
    Argmax(Side.PREDICTIONS),
    Argmax(Side.MASKS, no_class=255),
    Arrange(Side.MASKS, class_axis=1),
    DecodeColours(Side.MASKS, {2**24: 0, 2**24 + 128: 1}, default=255),
    FillMissing(Side.MASKS, labels=(-9999,), ignore_index=255),
    FirstChannel(Side.MASKS),
    Flip(Side.PREDICTIONS, axes=(0, 1)),
    MoveSome(Side.PREDICTIONS, samples=(3, 5), quarters=1, axes=(0,)),
    MoveSome(Side.PREDICTIONS, samples=(3,), swap=True),
    MoveSome(Side.PREDICTIONS, samples=(3,), offset=(-1, 2)),
    MoveSome(Side.PREDICTIONS, samples=(3,), axes=(0,), order=(1, 0)),
    OneHot(Side.PREDICTIONS, num_classes=3),
    PermuteAxes(Side.PREDICTIONS, order=(2, 1, 0)),
    PermuteChannels(Side.PREDICTIONS, order=(1, 0)),
    Relabel(Side.MASKS, {255: 1, -1: 0}),
    RelabelSome(Side.MASKS, {255: 1}, samples=(3, 5)),
    Reorder(Side.PREDICTIONS, order=(2, 0, 1)),
    ReorderSlices(Side.PREDICTIONS, axis=1, order=(2, 0, 3, 1)),
    Rescale(Side.MASKS, low=-0.5, distance=2.5, first=1),
    ResizeNearest(Side.PREDICTIONS, shape=(4, 6)),
    Retile(Side.PREDICTIONS, tile=(2, 3), order=(1, 0)),
    Rotate(Side.PREDICTIONS, quarters=3),
    Shift(Side.PREDICTIONS, offset=(-1, 2)),
    SwapHeightWidth(Side.PREDICTIONS),
    SwapHeightWidth(Side.PREDICTIONS, refill="after"),
    Threshold(Side.PREDICTIONS, threshold=0.1),
    Times255(Side.MASKS),
]


@pytest.mark.parametrize("step", EXAMPLES, ids=repr)
def test_a_step_comes_back_from_json_unchanged(step):
    assert from_plain(Step, json.loads(json.dumps(to_json(step)))) == step


def test_json_of_moved_samples_may_lack_the_order_that_older_programs_did_not_know():
    step = MoveSome(Side.PREDICTIONS, samples=(3, 5), quarters=1)
    values = to_json(step)
    del values["order"]
    assert from_plain(Step, json.loads(json.dumps(values))) == step


def test_json_has_the_kind_and_the_fields():
    assert json.dumps(to_json(Relabel(Side.MASKS, {255: 1}))) == (
        '{"kind": "relabel", "side": "masks", "table": {"255": 1}}'
    )


def test_each_step_has_its_own_file_and_its_line_in_the_table():
    files = {entry.name for entry in pkgutil.iter_modules(repairs.__path__)}
    assert set(STEPS) == files - {"step", "step_code", "repair", "table", "table_code"}
    assert set(STEPS.values()) == {type(step) for step in EXAMPLES}
    for kind, step in STEPS.items():
        assert step.__module__ == f"iou_doctor.repairs.{kind}"
        assert inspect.getdoc(step)
        assert step.stage in Stage


def test_axes_come_first_then_places_then_values():
    stages = {stage: {step for step in STEPS.values() if step.stage is stage} for stage in Stage}
    moves = {Flip, MoveSome, PermuteAxes, Reorder, ReorderSlices}
    moves |= {ResizeNearest, Retile, Rotate, Shift}
    assert list(stages.items()) == [
        (Stage.ARRANGE, {Arrange}),
        (Stage.MOVE, moves | {SwapHeightWidth}),
        (
            Stage.DECODE,
            {AnyChannel, Argmax, DecodeColours, FirstChannel, Rescale, Threshold, Times255},
        ),
        (Stage.RELABEL, {FillMissing, PermuteChannels, Relabel, RelabelSome}),
        (Stage.ENCODE, {OneHot}),
    ]
    assert sorted(stages) == list(stages)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "sharpen", "side": "masks"}, "'sharpen' is no kind of repair"),
        ({"side": "masks"}, "None is no kind of repair"),
        ({"kind": [], "side": "masks"}, r"\[\] is no kind of repair"),
        ({"kind": "flip", "side": "masks"}, "the fields of Flip are side, axes"),
        ({"kind": "flip", "side": "left", "axes": [0]}, "'left' is not a valid Side"),
        ({"kind": "flip", "side": "masks", "axes": 0}, "0 is no list"),
        ({"kind": "flip", "side": "masks", "axes": [0.5]}, "0.5 is no int"),
        ({"kind": "times_255", "side": "masks", "factor": 2}, "the fields of Times255 are side"),
        ({"kind": "relabel", "side": "masks", "table": {"a": 1}}, "a key of {'a': 1} is no int"),
        ({"kind": "relabel", "side": "masks", "table": {"1": 2**63}}, "9223372036854775808 is no"),
    ],
)
def test_json_of_no_step_is_refused(values, message):
    with pytest.raises(NotPlainError, match=message):
        from_plain(Step, values)

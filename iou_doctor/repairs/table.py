"""The table of all steps, and steps as JSON: `{"kind": "flip", "side": "masks", "axes": [0]}`.

A new step is one new file and one line in `STEPS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

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
from iou_doctor.repairs.step import Step
from iou_doctor.repairs.swap_height_width import SwapHeightWidth
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.repairs.times_255 import Times255

STEPS: Mapping[str, type[Step]] = {
    "any_channel": AnyChannel,
    "argmax": Argmax,
    "arrange": Arrange,
    "decode_colours": DecodeColours,
    "fill_missing": FillMissing,
    "first_channel": FirstChannel,
    "flip": Flip,
    "one_hot": OneHot,
    "move_some": MoveSome,
    "permute_axes": PermuteAxes,
    "permute_channels": PermuteChannels,
    "relabel": Relabel,
    "relabel_some": RelabelSome,
    "reorder": Reorder,
    "reorder_slices": ReorderSlices,
    "rescale": Rescale,
    "resize_nearest": ResizeNearest,
    "retile": Retile,
    "rotate": Rotate,
    "shift": Shift,
    "swap_height_width": SwapHeightWidth,
    "threshold": Threshold,
    "times_255": Times255,
}
"""Kind, as JSON names it, to class. A kind that has been released keeps its name."""

_KINDS = {step: kind for kind, step in STEPS.items()}
ADDED_FIELDS: Mapping[str, Mapping[str, object]] = {"move_some": {"order": []}}
"""By kind, the fields that JSON of older programs lacks, with what these meant."""


def to_json(step: Step) -> dict[str, object]:
    """Return a step as plain values for `json.dumps`: its kind and its fields."""
    values = {field.name: _to_plain(getattr(step, field.name)) for field in fields(step)}
    return {"kind": _KINDS[type(step)], **values}


def _to_plain(value: object) -> object:
    """Return a field as JSON has it: tuples as lists, integer keys as strings."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value

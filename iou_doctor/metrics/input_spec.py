"""The arrays that an implementation accepts, and the errors that others lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from iou_doctor.record import record


class PixelContent(StrEnum):
    """What an array must hold for a pixel."""

    IDS = "a class id"
    ONE_HOT = "0 or 1 for each class"
    SCORES = "a score for each class"
    EITHER = "a class id, or a score for each class"


class Mismatch(StrEnum):
    """How arrays differ from what an implementation accepts."""

    MASK_CHANNELS = "masks with a class axis"
    PREDICTION_CHANNELS = "predictions with a class axis"
    MASK_IDS = "masks without a class axis"
    PREDICTION_IDS = "predictions without a class axis"
    AXIS = "classes on another axis"
    INTEGERS = "integers with a class axis"
    SHAPES = "arrays of different shapes"
    SIZES = "arrays with equally many axes of different lengths"


class Flattens(StrEnum):
    """Whether an implementation flattens arrays that it does not expect, and counts each value."""

    NEVER = "never"
    ALIKE = "arrays of the same shape"
    ALWAYS = "arrays of the same length"


@record(kw_only=True)
class InputSpec:
    """The arrays that an implementation accepts, and the errors that it raises for others."""

    masks: PixelContent = PixelContent.IDS
    predictions: PixelContent = PixelContent.IDS
    axis: int = 1
    """The axis that it takes for the classes; axis 0 is that of the samples."""
    any_axis: bool = False
    """Whether the classes may be on any axis."""
    needs_floats: bool = False
    """Whether scores must have a floating dtype."""
    one_channel: bool = False
    """Whether both arrays may have one channel on that axis, for background and foreground."""
    channel_optional: bool = False
    """Whether arrays without a class axis are taken for that one channel."""
    rows_are_channels: bool = False
    """Whether rows count as channels if the arrays have no class axis."""
    refuses_extra_axes: bool = False
    """Whether it raises if only one of the arrays has an axis of size 1."""
    checks_dtype_first: bool = False
    """Whether it refuses scores before it compares the shapes."""
    flattens: Flattens = Flattens.NEVER
    errors: Mapping[Mismatch, str] = field(default_factory=dict, hash=False)
    """`ExceptionType: message`; a mismatch that is not listed raises no error."""

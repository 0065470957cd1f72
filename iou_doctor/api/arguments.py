"""Check those arguments of `iou_doctor.check` that the command line spells differently."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args

from iou_doctor.arrays.model import ModelOptions
from iou_doctor.choices import Device
from iou_doctor.diagnosis.request import check_model_options
from iou_doctor.errors import UsageError
from iou_doctor.scan.device import require_gpu


def refuse_missing_arrays(
    y_true: object, y_pred: object, pairs: object, *, has_model: bool
) -> None:
    """Require either both masks and predictions, or pairs in place of both.

    Raises:
        UsageError: something is missing, or there is too much.
    """
    absent = [y_true is None, y_pred is None, pairs is None]
    if absent == [False, False, True] or (absent == [True, True, False] and not has_model):
        return
    if has_model:
        raise UsageError("give the masks as y_true and a model as y_pred, beside its images")
    raise UsageError("give y_true and y_pred, or pairs in place of both")


def build_model_options(
    *,
    images: object,
    signature: str | None,
    output_name: str | None,
    input_scale: float | Sequence[float],
    batch_size: int | None,
    resize: bool,
    trust_model: bool,
    has_images: bool,
) -> ModelOptions | None:
    """Return how to run a model; `None` if there are no images and thus no model.

    Args:
        images: the images to predict; see `iou_doctor.check`, as for the others.
        signature: the signature of a SavedModel.
        output_name: the output to score.
        input_scale: a factor, or a factor and an offset.
        batch_size: images in one call.
        resize: whether to resize images to the model's input.
        trust_model: whether to load a file that IOU804 refuses.
        has_images: whether there are images beside predictions that are no model.

    Raises:
        UsageError: an argument for models was given without images, or has an invalid value.
    """
    scale, offset = _parse_scale(input_scale)
    options = ModelOptions(
        images=images,
        signature=signature,
        output_name=output_name,
        input_scale=scale,
        input_offset=offset,
        batch_size=batch_size,
        resize=resize,
        trusted=trust_model,
    )
    return check_model_options(options, spell=lambda name: f"{name}=", has_images=has_images)


def _parse_scale(value: float | Sequence[float]) -> tuple[float, float]:
    try:
        scale, offset = value if isinstance(value, Sequence) else (value, 0.0)
        numbers = float(scale), float(offset)
    except (TypeError, ValueError):
        numbers = math.nan, 0.0
    if not all(map(math.isfinite, numbers)) or not numbers[0]:
        raise UsageError(
            f"input_scale={value!r}: give a factor, 1 / 255, or with an offset (1 / 127.5, -1)"
        )
    return numbers


def check_device(device: str) -> Device:
    """Return which device counts.

    Raises:
        UsageError: the value is unknown, or there is no such device.
    """
    for word in get_args(Device):
        if device == word:
            require_gpu(word)
            return device  # type: ignore[return-value]
    raise UsageError(f"device={device!r}: give 'auto', 'cpu' or 'gpu'")

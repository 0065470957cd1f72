"""What is handed to `iou_doctor.check` in Python, as the flow takes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, get_args

from iou_doctor.arrays.model import ModelOptions
from iou_doctor.arrays.source import Pair
from iou_doctor.choices import Device
from iou_doctor.errors import UsageError
from iou_doctor.scan.device import require_gpu
from iou_doctor.sources.opening import open_pair, open_pairs


def opened(y_true: Any, y_pred: Any, pairs: Any, model: ModelOptions | None) -> Pair:
    """Return masks and predictions; see `iou_doctor.check`.

    Raises:
        UsageError: what was given does not go together.
        SourceError: something cannot be read as an array.
    """
    absent = [y_true is None, y_pred is None, pairs is None]
    if absent == [True, True, False] and model is None:
        return open_pairs(pairs)
    if absent == [False, False, True]:
        return open_pair(y_true=y_true, y_pred=y_pred, model=model)
    if model is not None:
        raise UsageError("give the masks as y_true and a model as y_pred, beside its images")
    raise UsageError("give y_true and y_pred, or pairs in place of both")


def model_options(
    *, images: Any, input_scale: float | Sequence[float], batch_size: int | None, **said: Any
) -> ModelOptions | None:
    """Return how to run a model; `None` where there are no images.

    Args:
        images: see `iou_doctor.check`, as for the others.
        input_scale: a factor, or a factor and an offset.
        batch_size: images in one call.
        said: `signature`, `output_name`, `resize` and `trust_model`.

    Raises:
        UsageError: an argument for models was given without images, or makes no sense.
    """
    scale, offset = _scale(input_scale)
    if images is None:
        given = [name for name, value in said.items() if value]
        given += ["input_scale"] * ((scale, offset) != (1.0, 0.0))
        if given:
            raise UsageError(f"{given[0]}= is for a model; give its images with images=")
        return None
    trusted = said.pop("trust_model")
    return ModelOptions(
        images=images,
        input_scale=scale,
        input_offset=offset,
        batch_size=batch_size,
        trusted=trusted,
        **said,
    )


def _scale(given: float | Sequence[float]) -> tuple[float, float]:
    try:
        scale, offset = given if isinstance(given, Sequence) else (given, 0.0)
        numbers = float(scale), float(offset)
    except (TypeError, ValueError):
        numbers = math.nan, 0.0
    if not all(map(math.isfinite, numbers)) or not numbers[0]:
        raise UsageError(
            f"input_scale={given!r}: give a factor, 1 / 255, or with an offset (1 / 127.5, -1)"
        )
    return numbers


def checked_device(device: str) -> Device:
    """Return which device counts.

    Raises:
        UsageError: there is no such word, or no such device.
    """
    for word in get_args(Device):
        if device == word:
            require_gpu(word)
            return device  # type: ignore[return-value]
    raise UsageError(f"device={device!r}: give 'auto', 'cpu' or 'gpu'")

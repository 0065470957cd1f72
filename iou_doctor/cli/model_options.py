"""What the command line says about a model that is given in place of predictions: its options."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from iou_doctor.errors import UsageError

if TYPE_CHECKING:
    from iou_doctor.arrays.model import ModelOptions

PANEL = "A model as predictions"
Images = Annotated[
    str | None,
    typer.Option(
        metavar="IMAGES",
        help="Predict these images (any form that masks have) with the model PREDICTIONS: a"
        " SavedModel's folder, .keras, .h5, .tflite or .onnx.",
        rich_help_panel=PANEL,
    ),
]
Signature = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The signature of a SavedModel to call; without it serving_default.",
        rich_help_panel=PANEL,
    ),
]
OutputName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The output to score, where there are several.", rich_help_panel=PANEL
    ),
]
InputScale = Annotated[
    str | None,
    typer.Option(
        metavar="SCALE[,OFFSET]",
        help="Multiply images by SCALE and add OFFSET before the model: 1/255, or 1/127.5,-1.",
        rich_help_panel=PANEL,
    ),
]
Resize = Annotated[
    bool,
    typer.Option(
        "--resize",
        help="Resize images to the model's input (bilinear), and its output back.",
        rich_help_panel=PANEL,
    ),
]
TrustModel = Annotated[
    bool,
    typer.Option(
        "--trust-model",
        help="Load a model that IOU804 refuses: one that may run code or touch files.",
        rich_help_panel=PANEL,
    ),
]
ONLY_WITH_IMAGES = ("signature", "output_name", "input_scale", "resize", "trust_model")


def model_options(values: Mapping[str, Any]) -> ModelOptions | None:
    """Return how to run the model; `None` where the predictions are none.

    Args:
        values: the parameters of `iou-doctor check`, by name.

    Raises:
        UsageError: an option for models was given without images, or makes no sense.
    """
    if values["images"] is None:
        given = next((name for name in ONLY_WITH_IMAGES if values[name]), None)
        if given:
            option = f"--{given.replace('_', '-')}"
            raise UsageError(f"{option} is for a model; give its images with --images")
        return None
    from iou_doctor.arrays.model import ModelOptions

    scale, offset = _scale(values["input_scale"])
    return ModelOptions(
        images=values["images"],
        signature=values["signature"],
        output_name=values["output_name"],
        input_scale=scale,
        input_offset=offset,
        batch_size=values["batch_size"],
        resize=values["resize"],
        trusted=values["trust_model"],
    )


def _scale(text: str | None) -> tuple[float, float]:
    """Return the factor and the offset that `1/127.5,-1` means."""
    if text is None:
        return 1.0, 0.0
    scale, _, offset = text.partition(",")
    try:
        numbers = _number(scale), _number(offset or "0")
    except (ValueError, ZeroDivisionError, OverflowError):
        numbers = math.nan, 0.0
    if not all(math.isfinite(number) for number in numbers) or not numbers[0]:
        raise UsageError(
            f"--input-scale {text}: give a factor, 1/255, or with an offset 1/127.5,-1"
        )
    return numbers


def _number(text: str) -> float:
    over, slash, under = text.partition("/")
    return float(over) / float(under) if slash else float(text)

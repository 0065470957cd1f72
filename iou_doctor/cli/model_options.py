"""The options for a model that is given in place of predictions."""

import math
from typing import TYPE_CHECKING, Annotated

from iou_doctor.cli.options import declare_option
from iou_doctor.cli.signature import CommandOptions
from iou_doctor.errors import UsageError

if TYPE_CHECKING:
    from iou_doctor.arrays.model import ModelOptions
    from iou_doctor.cli.child.supervisor import Supervisor

MODEL = "A model as predictions"


class PredictorOptions(CommandOptions):
    """How to predict with a model before the check."""

    images: Annotated[
        str | None,
        declare_option(
            MODEL,
            "The images, in any form that masks have. A model PREDICTIONS (a SavedModel's folder,"
            " .keras, .h5, .tflite or .onnx) predicts them; beside arrays, an HTML report shows"
            " them.",
            metavar="IMAGES",
        ),
    ] = None
    signature: Annotated[
        str | None,
        declare_option(
            MODEL,
            "The signature of a SavedModel to call; the default is serving_default.",
            metavar="NAME",
        ),
    ] = None
    output_name: Annotated[
        str | None,
        declare_option(MODEL, "The output to score, if the model has several.", metavar="NAME"),
    ] = None
    input_scale: Annotated[
        str | None,
        declare_option(
            MODEL,
            "Multiply images by SCALE and add OFFSET before the model: 1/255, or 1/127.5,-1.",
            metavar="SCALE[,OFFSET]",
        ),
    ] = None
    resize: Annotated[
        bool,
        declare_option(
            MODEL,
            "Resize images to the model's input (bilinear), and its output back.",
            "--resize",
        ),
    ] = False
    trust_model: Annotated[
        bool,
        declare_option(
            MODEL,
            "Load a model that IOU804 refuses because it may run code or touch files.",
            "--trust-model",
        ),
    ] = False
    model_timeout: Annotated[
        int | None,
        declare_option(
            MODEL,
            "Stop if the model takes longer to be loaded, or to predict one batch.",
            metavar="SECONDS",
            min=1,
            show_default="600",
        ),
    ] = None
    batch_size: int | None = None
    predictions: str | None = None
    supervisor: "Supervisor | None" = None
    """The process that waits for this one, which runs the model, if there is one."""

    def build_model_options(self) -> "ModelOptions | None":
        """Return how to run the model; `None` if there is none.

        Raises:
            UsageError: an option for models was given without images, or has an invalid value.
        """
        from iou_doctor.arrays.model import ModelOptions
        from iou_doctor.diagnosis.request import check_model_options

        scale, offset = _parse_scale(self.input_scale)
        options = ModelOptions(
            images=self.images if self.is_for_model() else None,
            signature=self.signature,
            output_name=self.output_name,
            input_scale=scale,
            input_offset=offset,
            batch_size=self.batch_size,
            resize=self.resize,
            trusted=self.trust_model,
            timeout=self.model_timeout,
            watch=self.supervisor.watch if self.supervisor else None,
        )
        return check_model_options(
            options,
            spell=lambda name: f"--{name.replace('_', '-')}",
            has_images=self.images is not None,
        )

    def is_for_model(self) -> bool:
        """Return whether a model is to predict the images; else they are only shown."""
        from iou_doctor.arrays.model import may_be_model

        is_array = self.predictions is not None and not may_be_model(self.predictions)
        return self.images is not None and not is_array


def _parse_scale(text: str | None) -> tuple[float, float]:
    """Return the factor and the offset that `1/127.5,-1` means."""
    if text is None:
        return 1.0, 0.0
    scale, _, offset = text.partition(",")
    try:
        numbers = _parse_number(scale), _parse_number(offset or "0")
    except (ValueError, ZeroDivisionError, OverflowError):
        numbers = math.nan, 0.0
    if not all(math.isfinite(number) for number in numbers) or not numbers[0]:
        raise UsageError(
            f"--input-scale {text}: give a factor, 1/255, or with an offset 1/127.5,-1"
        )
    return numbers


def _parse_number(text: str) -> float:
    """Return a number that may be written as a fraction."""
    over, slash, under = text.partition("/")
    return float(over) / float(under) if slash else float(text)

"""A model that predicts while it is scored: what the user says of it, and what was seen of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Protocol

from iou_doctor.record import record

Shape = tuple[int | None, ...]
"""`None` where the model takes or gives any length."""


@record
class ModelOptions:
    """What the user said about a model; `None` where nothing was said."""

    images: Any = None
    """The images to predict: a path to a source, an array, or batches."""
    signature: str | None = None
    """Which signature of a SavedModel to call."""
    output_name: str | None = None
    """Which of several outputs to take."""
    input_scale: float = 1.0
    """Images are multiplied by this."""
    input_offset: float = 0.0
    """And this is added."""
    batch_size: int | None = None
    """Images in one call; `None`: as many as take little memory."""
    resize: bool = False
    """Resize images to the model's input, and its output back to the images' size."""
    trusted: bool = False
    """Load a file that may run code or touch files."""


@record
class Activation:
    """What a model does last to its scores, as its graph or its last layer says."""

    name: str
    """`softmax`, `sigmoid` or `linear`."""
    place: str
    """The layer or operation that says so."""


@record
class ModelFacts:
    """What is known of a model once it has predicted every image."""

    kind: str
    """`SavedModel`, `Keras model`, `TFLite model`, `ONNX model` or `function`."""
    output_name: str
    """The output that was scored."""
    outputs: Mapping[str, Shape | None] = field(default_factory=dict)
    """All outputs, each with its declared shape; `None` where it declares none."""
    activation: Activation | None = None
    """`None` where the file does not say."""
    constant: bool = False
    """Whether images that differ all got the same output."""
    unsafe: tuple[str, ...] = ()
    """Operations or layers that may run code or touch files; the user trusts them."""
    halved: int | None = None
    """Images in one call after memory was full with twice as many; `None`: it never was."""


class Model(Protocol):
    """Something that predicts, and can be asked about afterwards."""

    def collect_facts(self) -> ModelFacts:
        """Return what is known of the model by now."""

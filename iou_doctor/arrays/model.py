"""A model that predicts while it is scored: how to run it, and what it turned out to be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from typing import Protocol

from iou_doctor.record import record

Shape = tuple[int | None, ...]
"""The lengths of the axes; `None` for one that may have any length."""
Watch = Callable[[str, int], AbstractContextManager[object]]
"""Called with a model's path and a limit in seconds; returns what surrounds the model's work."""
SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")
"""The files by which the folder of a SavedModel is recognised: binary and as text."""
MODEL_SUFFIXES = frozenset({".keras", ".h5", ".hdf5", ".tflite", ".onnx"})
"""The suffixes of files that may be models."""
TIMEOUT = 600
"""Seconds that a model may take to be loaded, or to predict one batch, by default."""


def may_be_model(path: str) -> bool:
    """Return whether a path may be that of a model. An array in a file, `FILE::name`, is none."""
    if "::" in path:
        return False
    # unlike Path, os.path does not mind folders that may not be searched
    is_folder = any(os.path.exists(os.path.join(path, name)) for name in SAVED_MODEL_FILES)  # noqa: PTH110, PTH118
    return is_folder or os.path.splitext(path)[1].lower() in MODEL_SUFFIXES  # noqa: PTH122


@record
class ModelOptions:
    """How the user wants a model to be run; `None` means that nothing was said."""

    images: object = None
    """The images to predict: a path, an array, a tensor or batches."""
    signature: str | None = None
    """Which signature of a SavedModel to call."""
    output_name: str | None = None
    """Which of several outputs to score."""
    input_scale: float = 1.0
    """The factor by which pixel values are multiplied."""
    input_offset: float = 0.0
    """The number that is added to the scaled pixel values."""
    batch_size: int | None = None
    """The number of images in one call; `None`: as many as need little memory."""
    resize: bool = False
    """Whether images are resized to the model's input, and its output back to their size."""
    trusted: bool = False
    """Whether a file that may run code or access files is loaded nevertheless."""
    timeout: int | None = None
    """Seconds that the model may take to be loaded, or to predict one batch; `None`: `TIMEOUT`."""
    watch: Watch | None = None
    """Supervises whatever a model file determines; `None`: nobody does."""

    def supervise(self, path: str) -> AbstractContextManager[object]:
        """Return what surrounds the examination of a model's file, its loading, and each batch."""
        if self.watch is None:
            return nullcontext()
        return self.watch(path, self.timeout or TIMEOUT)


@record
class Activation:
    """The last activation before an output, according to the model's graph or last layer."""

    name: str
    """`softmax`, `sigmoid` or `linear`."""
    place: str
    """The layer or operation, for messages."""


@record
class ModelFacts:
    """What is known of a model once it has predicted every image."""

    kind: str
    """`SavedModel`, `Keras model`, `TFLite model`, `ONNX model` or `function`."""
    output_name: str
    """The output that was scored."""
    outputs: Mapping[str, Shape | None] = field(default_factory=dict)
    """The declared shape of each output; `None` for one that declares none."""
    activation: Activation | None = None
    """`None` if the file does not say."""
    constant: bool = False
    """Whether different images all got the same output."""
    unsafe: tuple[str, ...] = ()
    """Operations or layers that may run code or access files, and that the user trusts."""
    halved: int | None = None
    """The batch size that fitted into memory after larger ones did not; `None`: all fitted."""
    is_scaled: bool = False
    """Whether the user has the images scaled before the model."""
    scaling_layer: str | None = None
    """The layer by which the model scales its images itself; `None`: none, or unknown."""


class Model(Protocol):
    """A model that predicts, and that can be asked about afterwards."""

    def collect_facts(self) -> ModelFacts:
        """Return what is known of the model so far."""

    def get_differences(self) -> tuple[bool, bool]:
        """Return whether the inputs differed so far, and whether the outputs did."""

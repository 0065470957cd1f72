"""What every kind of model becomes when it is loaded: a function from images to scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.arrays.model import Activation, Shape
from iou_doctor.arrays.source import ArrayOrTensor
from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.source_errors import list_names, source_error

_MOST_UNSAFE_PARTS = 6
"""The maximum number of operations or layers in an error: more would not fit on one line."""


@record
class Runner:
    """A loaded model with one input and one output chosen."""

    kind: str
    """The kind of model for messages, for instance `SavedModel`."""
    run: Callable[[StoredArray], ArrayOrTensor]
    """Predicts a batch. What TensorFlow computes stays on its device."""
    input_shape: Shape | None
    """The shape with the batch axis; `None`: unknown."""
    input_dtype: np.dtype[np.generic] | None
    """`None`: unknown, so images are passed as they are."""
    output_name: str
    """The chosen output."""
    outputs: Mapping[str, Shape | None] = field(default_factory=dict)
    """The declared shape of each output; `None` for one that declares none."""
    activation: Activation | None = None
    """The last activation before the output; `None`: unknown."""
    unsafe: tuple[str, ...] = ()
    """Operations or layers that may run code or access files, and that the user trusts."""
    stamps: tuple[FileStamp, ...] = ()
    """What the files beside the model's own were that it may read while it runs."""
    scaling_layer: str | None = None
    """The layer by which the model scales its images itself; `None`: none, or unknown."""


def choose_name(path: str, what: str, option: str, names: list[str], wanted: str | None) -> str:
    """Return the wanted name, or the only one there is.

    Args:
        path: the model, for the message.
        what: `output` or `signature`.
        option: the option that names one.
        names: all names there are.
        wanted: the name that the user gave.

    Raises:
        SourceError: there is no such name, or there are several and the user gave none.
    """
    if wanted is not None and wanted in names:
        return wanted
    if wanted is not None:
        there = f"it has {list_names(names)}" if names else "it has none"
        raise source_error(path, f"there is no {what} `{wanted}`; {there}")
    if len(names) != 1:
        raise source_error(path, f"it has the {what}s {list_names(names)}; name one with {option}")
    return names[0]


def require_single_input(path: str, names: list[str]) -> str:
    """Return the name of the only input.

    Raises:
        SourceError: there are none, or several.
    """
    if len(names) != 1:
        raise source_error(
            path,
            f"it has {len(names)} inputs ({list_names(names)}), and only images can be given;"
            " export it with one, or save what it predicts with `np.save`",
        )
    return names[0]


def refuse_signature(path: str, kind: str, signature: str | None) -> None:
    """Refuse `--signature` for a model that has no signatures.

    Raises:
        SourceError: the user gave a signature.
    """
    if signature is not None:
        raise source_error(path, f"a {kind} has no signatures; drop `--signature {signature}`")


def unsafe_model_error(path: str, parts: tuple[str, ...]) -> SourceError:
    """Return the error for a file that is not loaded because of its unsafe parts."""
    more = len(parts) - _MOST_UNSAFE_PARTS
    listed = ", ".join(parts[:_MOST_UNSAFE_PARTS]) + (f" and {more} more" if more > 0 else "")
    return source_error(
        path,
        f"IOU804 unsafe-model-file: it was not loaded, because it holds {listed};"
        " --trust-model loads it, and runs whatever its author put in",
    )


def missing_library_error(path: str, package: str, extra: str) -> SourceError:
    """Return the error for a model whose library is not installed."""
    return source_error(
        path, f"`{package}` is missing; `pip install 'iou-doctor[{extra}]'` installs it"
    )


def name_outputs(outputs: Any) -> Mapping[str, Any]:
    """Return outputs by name: dictionaries in the order of their keys, lists by number."""
    if isinstance(outputs, Mapping):
        return {str(key): outputs[key] for key in sorted(outputs)}
    if isinstance(outputs, list | tuple):
        return {f"output_{number}": value for number, value in enumerate(outputs)}
    return {"output_0": outputs}

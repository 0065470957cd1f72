"""What every kind of model file comes to: a function from images to scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.model import Activation, Shape
from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.memory.anywhere import Values
from iou_doctor.sources.refusals import listed, refusal

_MOST_PARTS = 6
"""Operations or layers named in a line: what still reads as one."""


@record
class Runner:
    """A loaded model with one input and one output chosen."""

    kind: str
    """`SavedModel` for instance, for messages."""
    run: Callable[[NDArray[Any]], Values]
    """Predicts a batch; what TensorFlow computes stays where it was computed."""
    input_shape: Shape | None
    """Batch axis included; `None`: unknown."""
    input_dtype: np.dtype[Any] | None
    """`None`: unknown, images are given as they are."""
    output_name: str
    outputs: Mapping[str, Shape | None] = field(default_factory=dict)
    activation: Activation | None = None
    unsafe: tuple[str, ...] = ()


def choose(path: str, what: str, option: str, names: list[str], wanted: str | None) -> str:
    """Return the wanted name, or the only one there is.

    Args:
        path: the model, for the message.
        what: `output` or `signature`.
        option: how to name one.
        names: those that there are.
        wanted: what the user said.

    Raises:
        SourceError: there is no such name, or several and none was named.
    """
    if wanted is not None and wanted in names:
        return wanted
    if wanted is not None:
        there = f"it has {listed(names)}" if names else "it has none"
        raise refusal(path, f"there is no {what} `{wanted}`; {there}")
    if len(names) != 1:
        raise refusal(path, f"it has the {what}s {listed(names)}; name one with {option}")
    return names[0]


def only_input(path: str, names: list[str]) -> str:
    """Return the name of the one input.

    Raises:
        SourceError: there are none, or several.
    """
    if len(names) != 1:
        raise refusal(
            path,
            f"it has {len(names)} inputs ({listed(names)}), and only images can be given; export"
            " it with one, or save what it predicts with `np.save`",
        )
    return names[0]


def no_signatures(path: str, kind: str, wanted: str | None) -> None:
    """Refuse `--signature` where there is nothing to choose from.

    Raises:
        SourceError: a signature was named.
    """
    if wanted is not None:
        raise refusal(path, f"a {kind} has no signatures; drop `--signature {wanted}`")


def unsafe_refusal(path: str, parts: tuple[str, ...]) -> SourceError:
    """Return the error for a file that must not be loaded unseen."""
    more = f" and {len(parts) - _MOST_PARTS} more" if len(parts) > _MOST_PARTS else ""
    return refusal(
        path,
        "IOU804 unsafe-model-file: it was not loaded, because it holds"
        f" {', '.join(parts[:_MOST_PARTS])}{more};"
        " --trust-model loads it, and with it whatever its author put in",
    )


def missing_extra(path: str, package: str, extra: str) -> SourceError:
    """Return the error for a model whose library is not installed."""
    return refusal(path, f"`{package}` is missing; `pip install 'iou-doctor[{extra}]'` brings it")

"""What the IoU metrics of Keras are given, seen at their own `update_state`.

A subclass may argmax before it calls `super().update_state`. What Keras' own code receives is what
counts, so its classes are watched and not the objects: that finds metrics of custom training
steps, of compound metrics and of every output too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

from iou_doctor.keras._calls import KINDS

See = Callable[[Any, Any, Any], None]
"""Called with a metric, its `y_true` and its `y_pred`."""
OWNERS = tuple(
    dict.fromkeys(
        cls
        for kind in KINDS
        for cls in kind.__mro__
        if "update_state" in vars(cls) and cls is not keras.metrics.Metric
    )
)
"""The classes that define `update_state`; `BinaryIoU` calls that of its base."""


@contextmanager
def recording(see: See) -> Iterator[None]:
    """Call `see` for each update of an IoU metric inside, before it happens."""
    originals = {owner: vars(owner)["update_state"] for owner in OWNERS}
    inside: set[int] = set()
    for owner, original in originals.items():
        owner.update_state = _seen(original, see, inside)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for owner, original in originals.items():
            owner.update_state = original  # type: ignore[attr-defined]


def _seen(original: Callable[..., Any], see: See, inside: set[int]) -> Callable[..., Any]:
    @functools.wraps(original)
    def update_state(self: Any, y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> Any:
        if id(self) in inside:
            return original(self, y_true, y_pred, *args, **kwargs)
        see(self, y_true, y_pred)
        inside.add(id(self))
        try:
            return original(self, y_true, y_pred, *args, **kwargs)
        finally:
            inside.discard(id(self))

    return update_state

"""What the IoU metrics of Keras are given, seen at their own `update_state`.

A subclass may argmax before it calls `super().update_state`. What Keras' own code receives is what
counts, so its classes are watched and not the objects: that finds metrics of custom training
steps, of compound metrics and of every output too. tf-keras binds `update_state` to each metric
when that is made, so there the metrics of the model are watched as well.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from iou_doctor.training.calls import KINDS, kind_of

See = Callable[[Any, Any, Any, Any], None]
"""Called with a metric, its `y_true`, its `y_pred` and its `sample_weight` (`None`: none)."""


@contextmanager
def recording(see: See, library: Any, model: Any) -> Iterator[None]:
    """Call `see` for each update of an IoU metric inside, before it happens.

    Args:
        see: what to call.
        library: `keras` or `tf_keras`.
        model: whose metrics are updated.
    """
    inside: set[int] = set()
    with ExitStack() as stack:
        owners = _owners(library)
        own = [vars(owner)["update_state"] for owner in owners]
        if library.__name__ == "tf_keras":
            stack.enter_context(_watched(model, owners, see, inside))
        for owner, original in zip(owners, own, strict=True):
            seen = functools.wraps(original)(_seen(original, see, inside))
            stack.enter_context(_replaced(owner, "update_state", seen))
        yield


def _owners(library: Any) -> list[type]:
    """Return the classes that define `update_state`; `BinaryIoU` calls that of its base."""
    kinds = (getattr(library.metrics, name) for name in KINDS)
    owners = (cls for kind in kinds for cls in kind.__mro__ if "update_state" in vars(cls))
    return [cls for cls in dict.fromkeys(owners) if cls is not library.metrics.Metric]


@contextmanager
def _watched(model: Any, owners: list[type], see: See, inside: set[int]) -> Iterator[None]:
    """Watch the metrics of a model, those too that it makes when it is first trained."""
    with ExitStack() as stack:

        def watch(metrics: Iterable[Any]) -> None:
            for metric in metrics:
                if kind_of(metric) and _definer(metric) in owners:
                    seen = _seen(_without_self(metric.update_state), see, inside)
                    stack.enter_context(
                        _replaced(metric, "update_state", functools.partial(seen, metric))
                    )

        container = getattr(model, "compiled_metrics", None)
        known = {id(metric): metric for metric in model.metrics}
        watch(known.values())
        if container is not None and not container.built:
            build = container.build

            def built(*args: Any, **kwargs: Any) -> Any:
                result = build(*args, **kwargs)
                watch(metric for metric in container.metrics if id(metric) not in known)
                return result

            stack.enter_context(_replaced(container, "build", built))
        yield


def _definer(metric: object) -> type:
    """Return the class whose `update_state` a metric has."""
    return next(cls for cls in type(metric).__mro__ if "update_state" in vars(cls))


def _without_self(bound: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *args, **kwargs: bound(*args, **kwargs)


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Let an attribute have another value inside."""
    had = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if had is None:
            delattr(owner, name)
        else:
            setattr(owner, name, had)


def _seen(original: Callable[..., Any], see: See, inside: set[int]) -> Callable[..., Any]:
    def update_state(
        self: Any, y_true: Any, y_pred: Any, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        if id(self) in inside:
            return original(self, y_true, y_pred, sample_weight, **kwargs)
        see(self, y_true, y_pred, sample_weight)
        inside.add(id(self))
        try:
            return original(self, y_true, y_pred, sample_weight, **kwargs)
        finally:
            inside.discard(id(self))

    return update_state

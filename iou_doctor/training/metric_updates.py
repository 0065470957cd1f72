"""Observe what the IoU metrics of Keras receive in `update_state`.

A subclass may argmax before it calls `super().update_state`. What counts is what the code of Keras
receives, so the method is replaced in the Keras classes and not in the metric objects. This also
covers custom training steps, compound metrics and models with several outputs.

tf-keras binds `update_state` to each metric object when the object is made. For tf-keras, the
method is therefore replaced in the metric objects of the model as well.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType

from iou_doctor.training.keras_types import Metric, Model
from iou_doctor.training.metric_call import IOU_METRICS, find_iou_class

Update = Callable[..., object]
"""A method `update_state`."""
Observer = Callable[[Metric, object, object, object], bool]
"""A function of a metric and its `y_true`, `y_pred` and `sample_weight` (`None` if it has none). It
returns whether the update is to be left out."""


@contextmanager
def observe_updates(observe: Observer, library: ModuleType, model: Model) -> Iterator[None]:
    """Within the `with` block, call a function before each update of an IoU metric.

    If `update_state` calls itself for the same metric, as in a subclass, only the outermost call
    of Keras' own code counts.

    Args:
        observe: the function to call.
        library: `keras` or `tf_keras`.
        model: the model whose metrics are updated.
    """
    running: set[int] = set()
    with ExitStack() as stack:
        classes = _list_defining_classes(library)
        originals = [vars(cls)["update_state"] for cls in classes]
        if library.__name__ == "tf_keras":
            stack.enter_context(_observe_metrics_of(model, classes, observe, running))
        for cls, original in zip(classes, originals, strict=True):
            wrapped = functools.wraps(original)(_wrap_update(original, observe, running))
            stack.enter_context(_replace_attribute(cls, "update_state", wrapped))
        yield


def _list_defining_classes(library: ModuleType) -> list[type]:
    """Return the classes of IoU metrics that define `update_state`; the others inherit it."""
    metrics = (getattr(library.metrics, name) for name in IOU_METRICS)
    classes = (cls for metric in metrics for cls in metric.__mro__ if "update_state" in vars(cls))
    return [cls for cls in dict.fromkeys(classes) if cls is not library.metrics.Metric]


@contextmanager
def _observe_metrics_of(
    model: Model, classes: list[type], observe: Observer, running: set[int]
) -> Iterator[None]:
    """Observe the metric objects of a model of tf-keras.

    `model.compiled_metrics.build` copies metrics when the model is first trained; the copies are
    observed as well.
    """
    with ExitStack() as stack:

        def observe_all(metrics: Iterable[Metric]) -> None:
            for metric in metrics:
                if find_iou_class(metric) and _find_defining_class(metric) in classes:
                    update = _wrap_update(_ignore_self(metric.update_state), observe, running)
                    bound = functools.partial(update, metric)
                    stack.enter_context(_replace_attribute(metric, "update_state", bound))

        container = getattr(model, "compiled_metrics", None)
        known = {id(metric): metric for metric in model.metrics}
        observe_all(known.values())
        if container is not None and not container.built:
            build = container.build

            def build_and_observe(*args: object, **kwargs: object) -> object:
                result = build(*args, **kwargs)
                observe_all(metric for metric in container.metrics if id(metric) not in known)
                return result

            stack.enter_context(_replace_attribute(container, "build", build_and_observe))
        yield


def _find_defining_class(metric: object) -> type:
    """Return the class that defines the `update_state` of a metric."""
    return next(cls for cls in type(metric).__mro__ if "update_state" in vars(cls))


def _ignore_self(bound: Update) -> Update:
    """Make a bound method callable with `self` as an additional first argument."""
    return lambda _, *args, **kwargs: bound(*args, **kwargs)


@contextmanager
def _replace_attribute(owner: object, name: str, value: object) -> Iterator[None]:
    """Within the `with` block, give an attribute another value."""
    original = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if original is None:
            delattr(owner, name)
        else:
            setattr(owner, name, original)


def _wrap_update(original: Update, observe: Observer, running: set[int]) -> Update:
    """Return an `update_state` that calls `observe` first.

    Args:
        original: the method to call afterwards.
        observe: what to call.
        running: the ids of the metrics whose update is running. They are not observed again.
    """

    def update_state(
        self: Metric, y_true: object, y_pred: object, sample_weight: object = None, **kwargs: object
    ) -> object:
        if id(self) in running:
            return original(self, y_true, y_pred, sample_weight, **kwargs)
        if observe(self, y_true, y_pred, sample_weight):
            return None
        running.add(id(self))
        try:
            return original(self, y_true, y_pred, sample_weight, **kwargs)
        finally:
            running.discard(id(self))

    return update_state

"""The parts of the objects of Keras 3 and tf-keras that the callback uses; both lack types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Strategy(Protocol):
    """A `tf.distribute.Strategy`."""

    num_replicas_in_sync: int


class Metric(Protocol):
    """A metric of `keras.metrics`."""

    name: str
    update_state: Callable[..., object]


class IouMetric(Metric, Protocol):
    """An IoU metric of `keras.metrics`; which of these attributes it has depends on its class."""

    num_classes: int
    target_class_ids: Sequence[int]
    threshold: float


class Model(Protocol):
    """A compiled `keras.Model`."""

    stop_training: bool
    metrics: Sequence[Metric]
    distribute_strategy: Strategy

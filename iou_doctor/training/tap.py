"""Lets a model's compiled step hand out what its IoU metrics are given.

The step returns excerpts beside its logs, and the function that runs the step takes them off
again. That needs no Python inside the graph: it works under XLA, for arrays, datasets and
generators, and costs one trace of the step that Keras makes anyway. Excerpts stay on the device
until somebody looks at them.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from iou_doctor.training.excerpt import excerpt
from iou_doctor.training.recording import recording

KEY = "iou_doctor"
"""Among the logs of a step; taken off before Keras sees them."""

Excerpts = dict[str, tuple[Any, ...]]
Arrays = tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]


class Tap:
    """One of a model's two steps, tapped until `remove`.

    Args:
        library: `keras` or `tf_keras`.
        model: a compiled model of it.
        step: `train` or `test`.
        samples: samples of one batch at most.
        batches: how many of the latest batches to hold.
    """

    def __init__(self, library: Any, model: Any, step: str, *, samples: int, batches: int) -> None:
        self.metrics: dict[str, Any] = {}
        """Each metric seen while the step was traced, by its key among the excerpts."""
        self.unsuited: set[str] = set()
        """Names of metrics whose arrays cannot be cut."""
        self._library = library
        self._model, self._step_name, self._samples = model, step, samples
        self._latest: deque[Excerpts] = deque(maxlen=batches)
        self._holding = True
        self._own_step = vars(model).get(f"{step}_step")
        self._original_step: Callable[[Any], Any] = getattr(model, f"{step}_step")
        setattr(model, f"{step}_step", self._step)
        getattr(model, f"make_{step}_function")(force=True)
        self._original_function: Callable[[Any], Any] = getattr(model, f"{step}_function")
        setattr(model, f"{step}_function", self._function)

    def remove(self) -> None:
        """Leave the model as it was; it makes a new function when it needs one."""
        self.rest()
        step, function = f"{self._step_name}_step", f"{self._step_name}_function"
        if vars(self._model).get(step) == self._step:
            delattr(self._model, step)
        if self._own_step is not None:
            setattr(self._model, step, self._own_step)
        if getattr(self._model, function) == self._function:
            setattr(self._model, function, None)

    def rest(self) -> None:
        """Hold no more excerpts: nobody will look."""
        self._holding = False
        self._latest.clear()

    def forget(self) -> None:
        """Drop the excerpts of earlier batches."""
        self._latest.clear()

    def arrays(self, key: str) -> Arrays | None:
        """Return `y_true`, `y_pred` and weights of the latest batches for one of `metrics`.

        They are on the host; weights are `None` where the metric is given none.
        """
        held = [excerpts[key] for excerpts in self._latest if key in excerpts]
        if not held:
            return None
        batches = [[np.asarray(array) for array in excerpt] for excerpt in held]
        last = _shapes(batches[-1])
        # images of another size are left out: they would need arrays of their own
        same = [batch for batch in batches if _shapes(batch) == last]
        y_true, y_pred, *weights = (np.concatenate(side) for side in zip(*same, strict=True))
        return y_true, y_pred, weights[0] if weights else None

    def _step(self, data: Any) -> Any:
        """Run the model's step, and return excerpts beside its logs."""
        if getattr(self._model, f"{self._step_name}_function") != self._function:
            # the training broke off and the model was compiled anew: nobody takes excerpts off
            return self._original_step(data)
        excerpts: Excerpts = {}
        calls: Counter[int] = Counter()
        graph = _graph()

        def see(metric: Any, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
            if _graph() is not graph:  # inside a loop or a function of its own: out of reach
                self.unsuited.add(metric.name)
                return
            pair = excerpt(y_true, y_pred, sample_weight, samples=self._samples)
            if pair is None:
                self.unsuited.add(metric.name)
                return
            key = f"{id(metric)}.{calls[id(metric)]}"
            calls[id(metric)] += 1
            self.metrics[key] = metric
            excerpts[key] = pair

        with recording(see, self._library, self._model):
            logs = self._original_step(data)
        return {**logs, KEY: excerpts} if excerpts and isinstance(logs, dict) else logs

    def _function(self, iterator: Any) -> Any:
        """Run the step, and keep its excerpts from Keras."""
        logs = self._original_function(iterator)
        if not isinstance(logs, dict) or KEY not in logs:
            return logs
        if self._holding:
            self._latest.append(logs[KEY])
        return {name: value for name, value in logs.items() if name != KEY}


def _shapes(arrays: list[NDArray[Any]]) -> list[tuple[int, ...]]:
    return [array.shape[1:] for array in arrays]


def _graph() -> Any:
    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()

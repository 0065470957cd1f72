"""Record what the IoU metrics receive in a compiled step of a model.

The step returns excerpts of the arrays in its logs, and the function that runs the step takes them
out again before Keras sees the logs. No Python code is needed inside the graph, so this works under
XLA and with arrays, datasets and generators. It costs one trace of the step, which Keras makes
anyway. The excerpts stay on the device until they are checked.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from types import ModuleType
from typing import Literal

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from iou_doctor.training.excerpts import cut_excerpt
from iou_doctor.training.ignored_object import has_object, may_ignore_object
from iou_doctor.training.keras_types import Metric, Model
from iou_doctor.training.metric_call import explain_error, is_refused, update_outside
from iou_doctor.training.metric_updates import observe_updates

LOG_KEY = "iou_doctor"
"""The key of the excerpts in the logs of a step."""

Step = Literal["train", "test"]
Excerpts = dict[str, tuple[tf.Tensor, ...]]
"""The excerpts of one batch, by the keys of `StepRecorder.metrics`."""
Arrays = tuple[NDArray[np.generic], NDArray[np.generic], NDArray[np.generic] | None]
"""`y_true`, `y_pred`, and the sample weights or `None`."""


class StepRecorder:
    """Records in the training step or the test step of a model until `remove` is called.

    Args:
        library: `keras` or `tf_keras`.
        model: a compiled model of that library.
        step: which of its steps.
        samples: the most samples to keep of one batch.
        batches: how many of the latest batches to keep.
        on_refusal: called before the error of a metric that cannot take its arrays is raised.
        say: prints a line.
    """

    def __init__(
        self,
        library: ModuleType,
        model: Model,
        step: Step,
        *,
        samples: int,
        batches: int,
        on_refusal: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self.metrics: dict[str, Metric] = {}
        """The metrics that were updated while the step was traced, one entry for each update."""
        self.unsplittable: set[str] = set()
        """The names of the metrics whose arrays cannot be split into samples."""
        self._refused: set[str] = set()
        """The keys of the metrics that were left out of the step because they raise."""
        self._on_refusal, self._say = on_refusal, say
        self._library = library
        self._model, self._step_name, self._samples = model, step, samples
        self._latest: deque[Excerpts] = deque(maxlen=batches)
        self._have_object: dict[str, tf.Tensor] = {}
        """Whether a mask so far held class 1, for the keys of the metrics that may ignore it."""
        self._recording = True
        self._users_step = vars(model).get(f"{step}_step")
        self._original_step: Callable[[object], object] = getattr(model, f"{step}_step")
        setattr(model, f"{step}_step", self._run_step)
        getattr(model, f"make_{step}_function")(force=True)
        self._original_function: Callable[[object], object] = getattr(model, f"{step}_function")
        setattr(model, f"{step}_function", self._run_function)

    def remove(self) -> None:
        """Restore the model's own step. Keras makes a new function when it needs one."""
        self.stop()
        step, function = f"{self._step_name}_step", f"{self._step_name}_function"
        if vars(self._model).get(step) == self._run_step:
            delattr(self._model, step)
        if self._users_step is not None:
            setattr(self._model, step, self._users_step)
        if getattr(self._model, function) == self._run_function:
            setattr(self._model, function, None)

    def stop(self) -> None:
        """Drop the excerpts, and keep no further ones."""
        self._recording = False
        self._latest.clear()

    def collect_arrays(self, key: str) -> Arrays | None:
        """Return what a metric received in the latest batches, as arrays on the host.

        Batches whose samples have another shape than those of the last batch are left out.

        Args:
            key: a key of `metrics`.

        Returns:
            The arrays, or `None` if there are no excerpts.
        """
        recorded = [excerpts[key] for excerpts in self._latest if key in excerpts]
        if not recorded:
            return None
        batches = [[np.asarray(array) for array in excerpt] for excerpt in recorded]
        last = _list_sample_shapes(batches[-1])
        same = [batch for batch in batches if _list_sample_shapes(batch) == last]
        y_true, y_pred, *weights = (np.concatenate(side) for side in zip(*same, strict=True))
        return y_true, y_pred, weights[0] if weights else None

    def lacks_object(self, key: str) -> bool:
        """Return whether no mask held class 1 so far; `False` if that was not looked at.

        Args:
            key: a key of `metrics`.
        """
        return key in self._have_object and not bool(self._have_object[key])

    def _run_step(self, data: object) -> object:
        """Run the model's step, and add excerpts to its logs."""
        if getattr(self._model, f"{self._step_name}_function") != self._run_function:
            # the training broke off and the model was compiled again: its new function would not
            # take the excerpts out of the logs
            return self._original_step(data)
        excerpts: Excerpts = {}
        objects: dict[str, tf.Tensor] = {}
        updates: Counter[int] = Counter()
        graph = _get_graph()

        def record_excerpt(
            metric: Metric, y_true: object, y_pred: object, sample_weight: object
        ) -> bool:
            # tensors of a loop or of a function inside the step cannot be returned by the step
            excerpt = (
                cut_excerpt(y_true, y_pred, sample_weight, samples=self._samples)
                if _get_graph() is graph
                else None
            )
            if excerpt is None:
                self.unsplittable.add(metric.name)
                return False
            key = f"{id(metric)}.{updates[id(metric)]}"
            updates[id(metric)] += 1
            self.metrics[key] = metric
            excerpts[key] = excerpt
            if may_ignore_object(metric):
                objects[key] = has_object(y_true)
            if is_refused(metric, *(_get_shape(array) for array in excerpt[:2])):
                self._refused.add(key)
            return key in self._refused

        with observe_updates(record_excerpt, self._library, self._model):
            try:
                logs = self._original_step(data)
            except Exception as error:
                self._explain(error)
                raise
        if not excerpts or not isinstance(logs, dict):
            return logs
        return {**logs, LOG_KEY: (excerpts, objects)}

    def _run_function(self, iterator: object) -> object:
        """Run the step, and take the excerpts out of its logs."""
        logs = self._original_function(iterator)
        if not isinstance(logs, dict) or LOG_KEY not in logs:
            return logs
        excerpts, objects = logs[LOG_KEY]
        if self._recording:
            self._latest.append(excerpts)
            for key, found in objects.items():
                self._have_object[key] = tf.logical_or(self._have_object.get(key, False), found)
        if self._refused:
            self._raise_refusal(excerpts)
        return {name: value for name, value in logs.items() if name != LOG_KEY}

    def _explain(self, error: Exception) -> None:
        """Say why the step failed, if a metric is the reason and it is known."""
        for metric in self.metrics.values():
            if (reason := explain_error(metric, error)) is not None:
                self._say(reason)

    def _raise_refusal(self, excerpts: Excerpts) -> None:
        """Report the metrics that cannot take their arrays, and raise the error of Keras."""
        self._on_refusal()
        for key in sorted(self._refused & excerpts.keys()):
            update_outside(self.metrics[key], *excerpts[key][:2])


def _get_shape(tensor: tf.Tensor) -> list[int | None] | None:
    return tensor.shape.as_list() if tensor.shape.rank is not None else None


def _list_sample_shapes(arrays: list[NDArray[np.generic]]) -> list[tuple[int, ...]]:
    return [array.shape[1:] for array in arrays]


def _get_graph() -> tf.Graph | None:
    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()

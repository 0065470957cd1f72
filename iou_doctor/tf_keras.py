"""The callback `Checkup` for tf-keras, which is Keras 2 (`TF_USE_LEGACY_KERAS=1`)."""

from __future__ import annotations

import tf_keras

from iou_doctor.training import checkup
from iou_doctor.training.keras_types import Model

__all__ = ["Checkup"]


class Checkup(checkup.Checkup, tf_keras.callbacks.Callback):  # type: ignore[misc]  # no types
    """The callback; see `iou_doctor.training.checkup.Checkup` for its arguments."""

    library = tf_keras

    # tf-keras takes the test function of the model before it calls `on_test_begin`, so the test
    # step has to be recorded from an earlier moment on.

    def set_model(self, model: Model) -> None:
        """Start to record the step of `evaluate`."""
        super().set_model(model)
        self._remove_recorders()
        self._record("test")

    def on_train_begin(self, logs: object = None) -> None:
        """Start to record the steps of the training and of its validation."""
        super().on_train_begin(logs)
        self._record("test")

    def on_predict_end(self, logs: object = None) -> None:  # noqa: ARG002
        """Leave the model as it was: `predict` has no metrics to check."""
        self._remove_recorders()


Checkup.__doc__ = checkup.Checkup.__doc__

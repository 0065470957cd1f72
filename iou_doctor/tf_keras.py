"""A checkup inside `model.fit`, for tf-keras, the Keras 2 of `TF_USE_LEGACY_KERAS=1`."""

from __future__ import annotations

from typing import Any

import tf_keras

from iou_doctor.training import checkup

__all__ = ["Checkup"]


class Checkup(checkup.Checkup, tf_keras.callbacks.Callback):  # type: ignore[misc]  # no types
    """The callback; see `iou_doctor.training.checkup.Checkup` for its arguments."""

    library = tf_keras

    # tf-keras takes the function that tests before it says that a test begins, so this one has to
    # be there earlier

    def set_model(self, model: Any) -> None:
        """Tap the step of `evaluate`."""
        super().set_model(model)
        self._untap()
        self._tap("test")

    def on_train_begin(self, logs: Any = None) -> None:
        """Tap the steps of the training and of its validation."""
        super().on_train_begin(logs)
        self._tap("test")

    def on_predict_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Leave the model as it was: nothing was tested."""
        self._untap()


Checkup.__doc__ = checkup.Checkup.__doc__

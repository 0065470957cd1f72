"""The callback `Checkup` for Keras 3 with the TensorFlow backend."""

from __future__ import annotations

import keras

from iou_doctor.errors import UsageError
from iou_doctor.training import checkup

__all__ = ["Checkup"]


class Checkup(checkup.Checkup, keras.callbacks.Callback):  # type: ignore[misc]  # no types
    """The callback; see `iou_doctor.training.checkup.Checkup` for its arguments."""

    library = keras

    def _implements_train_batch_hooks(self) -> bool:
        """Refuse tf-keras, which calls this method of its callbacks when a training begins."""
        raise UsageError(
            "this Checkup is for Keras 3; for a tf_keras model, import it from iou_doctor.tf_keras"
        )


Checkup.__doc__ = checkup.Checkup.__doc__

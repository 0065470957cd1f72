"""Which models the callback can watch."""

from __future__ import annotations

from types import ModuleType

from iou_doctor.training.keras_types import Model


def find_obstacle(library: ModuleType, model: Model) -> str | None:
    """Return in words why the steps of a model cannot be recorded; `None` if they can.

    Args:
        library: `keras` or `tf_keras`.
        model: the model that is trained.
    """
    name = library.__name__
    if not isinstance(model, library.Model):
        other = "keras" if name == "tf_keras" else "tf_keras"
        return f"this is not a model of {name}; import Checkup from iou_doctor.{other}"
    if library.backend.backend() != "tensorflow":
        return "Checkup needs the TensorFlow backend of Keras; for others, call iou_doctor.check"
    if model.distribute_strategy.num_replicas_in_sync > 1:
        return "Checkup cannot check training on several replicas; call iou_doctor.check"
    return None

"""How each array is to be understood: encodings, classes, ignore label, and why."""

from __future__ import annotations

from enum import StrEnum

from iou_doctor.arrays.layout import Assumption, Layout
from iou_doctor.record import record


class Encoding(StrEnum):
    """What the values of an array are."""

    LABELS = "labels"
    ONE_HOT = "one-hot"
    PROBABILITIES = "probabilities"
    LOGITS = "logits"
    SIGMOID = "sigmoid"
    BINARY_LOGITS = "binary-logits"
    COLOUR = "colour"

    @property
    def is_dense(self) -> bool:
        """Whether a pixel has one value for each class."""
        return self in {Encoding.ONE_HOT, Encoding.PROBABILITIES, Encoding.LOGITS}

    @property
    def is_thresholded(self) -> bool:
        """Whether one value decides between two classes."""
        return self in {Encoding.SIGMOID, Encoding.BINARY_LOGITS}


@record
class Options:
    """What the user said; `None` where nothing was said."""

    num_classes: int | None = None
    ignore_index: int | None = None
    threshold: float | None = None
    layout: str | None = None
    predictions_as: Encoding | None = None
    masks_as: Encoding | None = None
    class_names: tuple[str, ...] = ()


@record
class Interpretation:
    """The arrays as the doctor understands them, after one look at all values."""

    layout: Layout
    y_true: Encoding
    y_pred: Encoding
    num_classes: int
    num_classes_declared: bool
    """Whether the user or the metric's call named it; else it was inferred."""
    ignore_index: int | None
    threshold: float
    """Where one value decides between two classes, in the unit of the predictions."""
    class_names: tuple[str, ...]
    """One name for each class; the numbers where none were given."""
    assumed: tuple[Assumption, ...]

    @property
    def classes(self) -> range:
        """The class ids."""
        return range(self.num_classes)

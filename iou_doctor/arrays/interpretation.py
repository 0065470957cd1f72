"""How the two arrays are understood: their encodings, the classes and the ignore label."""

from __future__ import annotations

from enum import StrEnum

from iou_doctor.arrays.layout import Assumption, Layout
from iou_doctor.record import record

NEAR_ID = 0.01
"""How far fractions may be from a class id to be called one that was not rounded."""
VOID_LABELS = (255, -1)
"""The labels that data sets and tools use for pixels that belong to no class."""
RARE_VOID_LABELS = (254, 253, 252, 251, 250, -100)
"""Labels that some data sets and tools use in the same way: -100 is PyTorch's default. They may be
classes as well, so they are void only if nothing predicts them."""
LEAST_OVERLAP = 0.01
"""Share of the pixels of one-hot masks that have several channels from which this is no damage."""
MOST_CLASSES = 1024
"""The largest number of classes that is inferred. The user has to declare a larger one.

ADE20K has 150 classes, COCO-Stuff 171 and the largest vocabularies some hundreds. A longer axis is
a spatial one, and larger labels are instance ids, colours or damage.
"""


class Encoding(StrEnum):
    """What the values of an array stand for."""

    LABELS = "labels"
    """One class id for each pixel."""
    ONE_HOT = "one-hot"
    """One channel for each class: 1 in the channel of the pixel's class and 0 elsewhere."""
    PROBABILITIES = "probabilities"
    """One channel for each class, with scores in [0, 1]."""
    LOGITS = "logits"
    """One channel for each class, with unbounded scores."""
    SIGMOID = "sigmoid"
    """One score in [0, 1] for each pixel; two classes."""
    BINARY_LOGITS = "binary-logits"
    """One unbounded score for each pixel; two classes."""
    COLOUR = "colour"
    """The red, green and blue (and alpha) of a picture whose colours stand for classes."""

    @property
    def is_dense(self) -> bool:
        """Whether each pixel has one value for each class."""
        return self in {Encoding.ONE_HOT, Encoding.PROBABILITIES, Encoding.LOGITS}

    @property
    def is_thresholded(self) -> bool:
        """Whether a threshold turns one score into one of two classes."""
        return self in {Encoding.SIGMOID, Encoding.BINARY_LOGITS}


@record
class Options:
    """What the user said about the arrays; `None` means that it is to be inferred."""

    num_classes: int | None = None
    ignore_index: int | None = None
    threshold: float | None = None
    layout: str | None = None
    predictions_as: Encoding | None = None
    masks_as: Encoding | None = None
    class_names: tuple[str, ...] = ()


@record
class Interpretation:
    """How the arrays are understood, once all their values have been counted."""

    layout: Layout
    y_true: Encoding
    """The encoding of the masks."""
    y_pred: Encoding
    """The encoding of the predictions."""
    num_classes: int
    num_classes_declared: bool
    """Whether an option or the metric's call sets the number of classes; else it is inferred."""
    ignore_index: int | None
    threshold: float
    """The score that divides the two classes, on the scale of the predictions."""
    class_names: tuple[str, ...]
    """One name for each class; its id if the user gave no names."""
    assumed: tuple[Assumption, ...]
    is_multilabel: bool = False
    """Whether a pixel may belong to several channels at once, or to none: each channel is then
    thresholded and scored on its own."""
    has_near_ids: bool = False
    """Whether the predictions are class ids only after rounding: a cast to integer spoils them."""

    @property
    def classes(self) -> range:
        """The class ids."""
        return range(self.num_classes)

"""Exceptions of an evaluation without a value: a library's error, or a missing statistic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.metrics.definition import Contract


class LibraryError(Exception):
    """The library would raise this error: `ExceptionType: message`."""

    def describe(self, contract: Contract) -> str:  # noqa: ARG002 - subclasses format by it
        """Return the error in the library's words.

        Args:
            contract: the contract that was evaluated; it holds the library's messages.
        """
        return str(self)


class LabelError(LibraryError):
    """The library would raise for a label outside the classes."""

    def __init__(self, label: int, side: str, classes: int, labels: NDArray[np.int64]) -> None:
        """Describe the label.

        Args:
            label: the first label outside the classes.
            side: "masks" or "predictions".
            classes: the number of classes.
            labels: all labels of that side, as some libraries list them in the message.
        """
        super().__init__(label, side, classes)
        self.label, self.side, self.classes, self.labels = label, side, classes, labels
        self.below = label < 0
        """Whether the number that is refused, a label or the index of a cell, is below 0."""
        self.cells = (classes, classes**2)
        """The width of the matrix, and the number of cells that the labels would need."""

    def describe(self, contract: Contract) -> str:
        """Return the error in the library's words."""
        truth = self.side == "masks"
        below = contract.error_below if self.below else ""
        return (below or contract.error).format(
            label=self.label,
            side=self.side,
            argument="labels" if truth else "predictions",
            name="target" if truth else "pred",
            preds="target" if truth else "preds",
            last=self.classes - 1,
            classes=self.classes,
            low=self.labels.min(),
            high=self.labels.max(),
            values=_format_tensor(self.labels),
            width=self.cells[0],
            size=self.cells[1],
        )


def _format_tensor(labels: NDArray[np.int64]) -> str:
    """Return the distinct labels as torch prints a tensor of them."""
    values = [str(value) for value in np.unique(labels, return_counts=True)[0].tolist()]
    longest = max(map(len, values))
    return f"tensor([{', '.join(value.rjust(longest) for value in values)}])"


class ScoreError(LibraryError):
    """The library wants class ids and would raise for predictions that are not integers."""

    def __init__(self, dtype: np.dtype[np.generic], kind: str) -> None:
        """Describe the predictions.

        Args:
            dtype: their dtype.
            kind: "binary" or "multiclass", as scikit-learn calls the masks.
        """
        super().__init__(dtype, kind)
        self.dtype, self.kind = dtype, kind

    def describe(self, contract: Contract) -> str:
        """Return the error in the library's words."""
        torch_names = {"float16": "Half", "float64": "Double"}
        return contract.refusal.format(
            dtype=self.dtype, name=torch_names.get(str(self.dtype), "Float"), kind=self.kind
        )


class MaskError(LibraryError):
    """The library wants class ids and would raise for masks that hold fractions."""

    def __init__(self, dtype: np.dtype[np.generic]) -> None:
        """Describe the masks.

        Args:
            dtype: their dtype.
        """
        super().__init__(f"the masks of {dtype} hold fractions, which are no class ids")

    def describe(self, contract: Contract) -> str:
        """Return the type of the error for a label that it does not accept, and the reason."""
        return f"{contract.error.partition(':')[0]}: {self}"


class LengthError(LibraryError):
    """The library would raise since the two arrays flatten to different lengths."""

    def __init__(self, lengths: tuple[int | None, int | None]) -> None:
        """Describe the arrays.

        Args:
            lengths: of masks and predictions; `None` if the images differ in size.
        """
        super().__init__(lengths)
        self.lengths = lengths

    def describe(self, contract: Contract) -> str:
        """Return the error in the library's words."""
        return describe_length_error(self.lengths, contract.sizes)


def describe_length_error(lengths: tuple[int | None, int | None], template: str) -> str:
    """Return the error of two arrays that flatten to different lengths.

    Args:
        lengths: those of masks and predictions; `None` if the images differ in size.
        template: the library's message with the fields `{true}` and `{pred}`.
    """
    true, pred = lengths
    if true is None or pred is None:
        return "ValueError: the images differ in size and cannot be stacked into one array"
    return f"{template.format(true=true, pred=pred)} (of masks and predictions)"


class NotEvaluated(Exception):  # noqa: N818 - it is no error: the value needs more statistics
    """The value is not evaluated here, for the reason that the message gives."""

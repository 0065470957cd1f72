"""What all steps of repairs share: the side they change, their stage, and `apply`."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray, StoredScalar
from iou_doctor.record import record

Value = TypeVar("Value", bound=StoredScalar)


class Side(StrEnum):
    """Which of the two arrays a step changes."""

    MASKS = "masks"
    PREDICTIONS = "predictions"


class Stage(IntEnum):
    """When `fix` applies a step: each stage needs the array as the stages before leave it."""

    ARRANGE = 0
    """Put the axes in the usual order."""
    MOVE = 1
    """Move pixels or samples."""
    DECODE = 2
    """Turn scores, fractions or colours into class ids."""
    RELABEL = 3
    """Replace class ids by others."""
    ENCODE = 4
    """Turn class ids into channels."""


@record
class Step:
    """One change to one array. Its fields are plain values, so that it can be stored as JSON."""

    side: Side

    stage: ClassVar[Stage]
    """When `fix` applies the step."""
    moves_pixels: ClassVar[bool] = False
    """Whether the step moves pixels or samples and keeps their values. Such a step commutes with
    argmax and threshold, so its effect on the score is counted on label maps."""

    def apply(self, values: StoredArray, *, spatial: int) -> StoredArray:
        """Return the repaired values; `values` itself is never written to.

        Args:
            values: shape (n, *spatial) for label maps or a single channel, (n, *spatial, C) for
                channels; the axes have been arranged in this order.
            spatial: the number of spatial axes.

        Raises:
            RepairError: the shape does not suit the step.
        """
        raise NotImplementedError

    def apply_to(
        self,
        values: StoredArray,
        samples: NDArray[np.int64],  # noqa: ARG002
        *,
        spatial: int,
    ) -> StoredArray:
        """Return the repaired values of a batch; some steps change only some of its samples.

        Args:
            values: as for `apply`.
            samples: the numbers of the samples in the whole array, shape (n,).
            spatial: the number of spatial axes.

        Raises:
            RepairError: the shape does not suit the step.
        """
        return self.apply(values, spatial=spatial)


@record
class Move(Step):
    """A step that moves pixels or samples and keeps their values, and so the dtype."""

    stage = Stage.MOVE
    moves_pixels = True

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return the values at their new places; arguments and errors as for `Step.apply`."""
        raise NotImplementedError

    def apply_to(
        self,
        values: NDArray[Value],
        samples: NDArray[np.int64],  # noqa: ARG002
        *,
        spatial: int,
    ) -> NDArray[Value]:
        """Return the values at their new places; as for `Step.apply_to`."""
        return self.apply(values, spatial=spatial)

"""Sums over the pixels of each image and channel, for metrics that use scores without argmax."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record

FRACTION_BITS = 40
"""Fractions are counted in units of 2**-40, so the rounding error of a pixel is below 5e-13."""
SATURATION = 2**15
"""Values saturate at ±2**15: larger ones are not scores, and 2**33 squares must fit in int64."""


class Quantity(IntEnum):
    """What is summed. t is the value of the truth in a channel, p the predicted score."""

    TRUTH = 0
    SCORE = 1
    PRODUCT = 2
    TRUTH_SQUARED = 3
    SCORE_SQUARED = 4
    NON_ZERO = 5
    """1 where p is not 0 and the truth is not the ignored class (for MONAI's `DiceMetric`)."""
    TRUTH_NON_ZERO = 6
    """t where `NON_ZERO` is 1."""
    ABOVE = 7
    """1 where p is above the threshold."""
    TRUTH_ABOVE = 8
    """t where p is above the threshold."""


SCORE_QUANTITIES = frozenset({Quantity.SCORE, Quantity.PRODUCT, Quantity.SCORE_SQUARED})
"""The sums that are NaN if any of the scores is."""


@record
class SumsRequest:
    """A request to gather sums of scores."""

    ignore_index: int | None
    """Pixels with this true class are left out of `Quantity.NON_ZERO`."""


@record(eq=False)
class ChannelSums:
    """A sum for each image, channel and quantity, in fixed point so that sums merge exactly."""

    image: NDArray[np.int64]
    """Shape (n,), ascending."""
    whole: NDArray[np.int64]
    """Shape (n, channels, quantities)."""
    rest: NDArray[np.int64]
    """The fractions in units of 2**-40, 0 <= rest < 2**40, shape (n, channels, quantities)."""
    not_finite: NDArray[np.int64]
    """The number of scores that are NaN or Inf and were left out, shape (n, channels)."""

    @classmethod
    def from_rows(
        cls,
        *,
        image: NDArray[np.int64],
        whole: NDArray[np.int64],
        rest: NDArray[np.int64],
        not_finite: NDArray[np.int64],
    ) -> ChannelSums:
        """Return the sums of these rows; rows of the same image are added up."""
        images, row = np.unique(image, return_inverse=True)

        def add_up(values: NDArray[np.int64]) -> NDArray[np.int64]:
            total = np.zeros((len(images), *values.shape[1:]), dtype=np.int64)
            np.add.at(total, row, values)
            return total

        rests = add_up(rest)
        return cls(
            image=images,
            whole=add_up(whole) + (rests >> FRACTION_BITS),
            rest=rests & (2**FRACTION_BITS - 1),
            not_finite=add_up(not_finite),
        )

    @classmethod
    def merge(cls, parts: Iterable[ChannelSums]) -> ChannelSums | None:
        """Return the sums of the whole from those of its parts, in any order; `None` for none."""
        parts = list(parts)
        if not parts:
            return None
        return cls.from_rows(
            image=np.concatenate([part.image for part in parts]),
            whole=np.concatenate([part.whole for part in parts]),
            rest=np.concatenate([part.rest for part in parts]),
            not_finite=np.concatenate([part.not_finite for part in parts]),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChannelSums):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, field.name), getattr(other, field.name))
            for field in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays cannot be hashed

    def compute_total(self, quantity: Quantity) -> NDArray[np.float64]:
        """Return the sum for each image and channel, shape (n, channels); NaN where a score is."""
        sums: NDArray[np.float64] = (
            self.whole[..., quantity] + self.rest[..., quantity] * 2.0**-FRACTION_BITS
        )
        return np.where(self.not_finite > 0, np.nan, sums) if quantity in SCORE_QUANTITIES else sums


def has_only_0_and_255(sums: ChannelSums) -> bool:
    """Return whether all true values are 0 or 255: only these are 1/255 of their own square."""
    truth, squared = (
        sums.compute_total(quantity).sum() for quantity in (Quantity.TRUTH, Quantity.TRUTH_SQUARED)
    )
    return bool(squared == 255 * truth > 0)


def is_binary_in_each_image(sums: ChannelSums) -> bool:
    """Return whether the true values of each image are 0 and 1, or 0 and 255."""
    truth, squared = (
        sums.compute_total(quantity).sum(axis=1)
        for quantity in (Quantity.TRUTH, Quantity.TRUTH_SQUARED)
    )
    return bool(((squared == truth) | (squared == 255 * truth)).all())

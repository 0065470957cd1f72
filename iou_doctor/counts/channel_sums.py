"""Sums over the pixels of each image and channel, for metrics that never make labels. S3."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record

FRACTION_BITS = 40
"""A rest is counted in units of 2**-40: a pixel errs by less than 5e-13."""
SATURATION = 2**15
"""Larger values saturate: they are no scores, and their squares must fit beside 2**33 pixels."""


class Quantity(IntEnum):
    """What is summed; t is the truth's value in a channel, p the predicted one."""

    TRUTH = 0
    SCORE = 1
    PRODUCT = 2
    TRUTH_SQUARED = 3
    SCORE_SQUARED = 4
    NON_ZERO = 5
    """p is not 0, as 1; the ignored class leaves (only `DiceMetric` of MONAI reads this)."""
    TRUTH_NON_ZERO = 6
    """t where p is not 0."""
    ABOVE = 7
    """p is above the threshold, as 1."""
    TRUTH_ABOVE = 8
    """t where p is above the threshold."""


SCORE_QUANTITIES = frozenset({Quantity.SCORE, Quantity.PRODUCT, Quantity.SCORE_SQUARED})
"""The sums that a NaN among the scores turns into NaN."""


@record
class SumsRequest:
    """That sums of scores are to be gathered."""

    ignore_index: int | None
    """Pixels whose truth is this class are left out of `Quantity.NON_ZERO`."""


@record(eq=False)
class ChannelSums:
    """For each image, channel and quantity a sum in fixed point, which adds up exactly."""

    image: NDArray[np.int64]
    """Shape (n,), ascending."""
    whole: NDArray[np.int64]
    """Shape (n, channels, quantities)."""
    rest: NDArray[np.int64]
    """The same shape, 0 <= rest < 2**40: what is left, in units of 2**-40."""
    not_finite: NDArray[np.int64]
    """Shape (n, channels): scores that are NaN or Inf; they add nothing to sums of scores."""

    @classmethod
    def from_rows(
        cls,
        *,
        image: NDArray[np.int64],
        whole: NDArray[np.int64],
        rest: NDArray[np.int64],
        not_finite: NDArray[np.int64],
    ) -> ChannelSums:
        """Return these rows with those of one image added up."""
        images, row = np.unique(image, return_inverse=True)

        def added(values: NDArray[np.int64]) -> NDArray[np.int64]:
            total = np.zeros((len(images), *values.shape[1:]), dtype=np.int64)
            np.add.at(total, row, values)
            return total

        rests = added(rest)
        return cls(
            image=images,
            whole=added(whole) + (rests >> FRACTION_BITS),
            rest=rests & (2**FRACTION_BITS - 1),
            not_finite=added(not_finite),
        )

    @classmethod
    def merge(cls, parts: Iterable[ChannelSums]) -> ChannelSums | None:
        """Return the sums of the whole from those of its parts, in any order; `None` of none."""
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
        """Return a sum for each image and channel, shape (n, channels); NaN where a score is."""
        sums: NDArray[np.float64] = (
            self.whole[..., quantity] + self.rest[..., quantity] * 2.0**-FRACTION_BITS
        )
        return np.where(self.not_finite > 0, np.nan, sums) if quantity in SCORE_QUANTITIES else sums

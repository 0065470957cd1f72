"""What a page shows beside the report: label maps of some samples, and scores of all of them."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger.ledger import SamplePrice
from iou_doctor.metrics.score import Score
from iou_doctor.record import record

Labels = NDArray[np.integer]
DearestPair = tuple[int, int | None, int, float]
"""Truth, prediction (`None`: no class), pixels and points."""


def thin(values: NDArray[Any], most: int) -> NDArray[Any]:
    """Return every nth row and column of a map or picture, so that no side is longer than `most`.

    A side that is much shorter than the other keeps its middle.
    """
    height, width = values.shape[:2]
    step = -(-max(height, width) // most)
    top, left = (min(step, size) // 2 for size in (height, width))
    return values[top::step, left::step]


class PixelError(IntEnum):
    """What is wrong with a pixel. The values are those of an error map."""

    RIGHT = 0
    LEFT_OUT = 1
    """Its truth is the ignore label."""
    BOUNDARY = 2
    """It lies along the contour of something that was found."""
    EXTENT = 3
    """It belongs to a region that was found in part."""
    SEGMENT = 4
    """It belongs to a region that was missed or invented as a whole."""
    NO_CLASS = 5
    """Its truth or its prediction is no class."""


@record
class Maps:
    """The label maps of one sample in one state."""

    truth: Labels
    """Shape (height, width). Labels outside the classes are kept."""
    prediction: Labels
    """Shape (height, width), which may differ from that of the truth."""
    errors: NDArray[np.uint8] | None
    """Members of `PixelError`, of the same shape; `None` if the pixels do not pair up."""


@record
class PicturedSample:
    """One sample, to be shown."""

    sample: int
    name: str
    """The stem of its file, or its number."""
    image: NDArray[np.uint8] | None
    """Its photograph, shape (height, width, 3); `None` without one."""
    given: Maps
    """As stored, as the metric reads it if it can."""
    repaired: Maps | None
    """After all repairs of the report; `None` if there are none."""
    part: str = ""
    """Which slice of a volume is shown."""

    @property
    def best(self) -> Maps:
        """The maps after the repairs, if there are any."""
        return self.repaired or self.given


@record
class WorstSample:
    """One of the samples whose wrong pixels cost most."""

    price: SamplePrice
    dearest: DearestPair | None
    """Its dearest class pair."""
    picture: PicturedSample | None


@record
class ImageScores:
    """The mean IoU of each image that has one."""

    samples: NDArray[np.int64]
    mean_iou: NDArray[np.float64]
    lowest: tuple[tuple[str, int, float], ...]
    """The outliers below the others, or else the lowest few: name, sample and mean IoU."""
    has_outliers: bool


class PixelChange(IntEnum):
    """How a pixel of two predictions differs. The values are those of a map of changes."""

    RIGHT = 0
    """Right in both."""
    LEFT_OUT = 1
    BETTER = 2
    """Wrong before, and right after."""
    WORSE = 3
    """Right before, and wrong after."""
    WRONG_TWICE = 4


@record
class ChangedSample:
    """One sample of two predictions."""

    picture: PicturedSample
    """The sample with the predictions after."""
    before: Maps
    gain: float
    """The part of the difference."""
    changes: NDArray[np.uint8] | None
    """Members of `PixelChange`; `None` if the pixels do not pair up."""


@record
class Changes:
    """The samples that two predictions differ in most."""

    samples: tuple[ChangedSample, ...] = ()
    notes: tuple[str, ...] = ()


@record
class Gallery:
    """What a page shows beside the report."""

    score: Score | None = None
    """The score after all repairs."""
    pairs: PairCounts | None = None
    """The label pairs of all samples together, after all repairs."""
    images: ImageScores | None = None
    faulty: tuple[PicturedSample, ...] = ()
    """Samples in which the primary finding is visible."""
    reads: str = ""
    """How the metric reads the predictions of `faulty`, as a phrase."""
    worst: tuple[WorstSample, ...] = ()
    """The samples that cost most, the dearest first."""
    notes: tuple[str, ...] = ()
    """What is left out, and why."""

"""What the ledger says: the prices of wrong pixels, cut by class pair, by class and by sample.

A pixel of class i that is predicted as class j is a miss for i and a false alarm for j. With k
classes that have a union, and the union U of each, it costs (1 / U_i + 1 / U_j) / k of the mean
IoU. These prices add up to 1 minus the mean IoU, so every cut has the same total.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from iou_doctor.record import record

if TYPE_CHECKING:
    from iou_doctor.ledger.lost_class import LostClass
    from iou_doctor.ledger.slicing import Slicing

Arrays = Literal["as-stored", "after-repair"]
Lack = Literal["time", "shape", "labels"]
"""Why there are no kinds of errors: finding them takes time, the arrays are neither images nor
volumes, or a repair gives one label several classes."""


@record
class KindPoints:
    """Points by the kind of error; see `counts/error_kinds.py`. They add up to all points."""

    boundary: float
    """Of pixels along the contour of a thing that was found."""
    extent: float
    """Of other pixels of regions that were found in part."""
    segment: float
    """Of regions that were missed or invented as a whole."""


@record
class SizePrice:
    """What the missed pixels of regions of about the same size cost."""

    smallest: int
    """The pixels of the smallest region."""
    largest: int
    """The pixels of the largest region."""
    regions: int
    """The number of connected regions of the truth."""
    pixels: int
    """The pixels of all of them."""
    found: int
    """Those of them that are right."""
    lost: int
    """The number of regions without any right pixel."""
    points: float
    """What the missed pixels cost."""

    @property
    def recall(self) -> float:
        """The share of the pixels that is right."""
        return self.found / self.pixels


@record
class PairPrice:
    """What the pixels of one class that are predicted as another one cost."""

    truth: int
    prediction: int | None
    """The class id; `None` for predictions that are no class of the mean."""
    pixels: int
    points: float
    """The share of the missing mean IoU. Shares add up."""
    worth: float
    """How much the mean IoU would rise if these pixels were right. Worths do not add up."""
    kinds: KindPoints | None = None
    """The points by the kind of error; `None` if kinds were not found."""


@record
class ClassPrice:
    """What the wrong pixels of one class cost, on either side."""

    id: int
    missed: float
    """The points of its pixels that are predicted as something else."""
    false_alarms: float
    """The points of the pixels of other classes that are predicted as this one."""
    missed_kinds: KindPoints | None = None
    """The points of `missed` by the kind of error; `None` if kinds were not found."""
    false_alarm_kinds: KindPoints | None = None
    """The points of `false_alarms` by the kind of error."""
    regions: int = 0
    """The number of its connected regions in the truth, if kinds were found."""
    lost_regions: int = 0
    """The number of those without any right pixel."""

    @property
    def kinds(self) -> KindPoints | None:
        """The points of both sides by the kind of error; `None` if kinds were not found."""
        missed, alarms = self.missed_kinds, self.false_alarm_kinds
        if missed is None or alarms is None:
            return None
        return KindPoints(
            missed.boundary + alarms.boundary,
            missed.extent + alarms.extent,
            missed.segment + alarms.segment,
        )

    @property
    def points(self) -> float:
        """The points of both sides."""
        return self.missed + self.false_alarms


@record
class SamplePrice:
    """What the wrong pixels of one sample cost."""

    sample: int
    name: str
    """The stem of its file, or its number."""
    points: float
    mean_iou: float | None
    """The mean IoU of this sample alone."""
    kinds: KindPoints | None = None
    """The points by the kind of error; `None` if kinds were not found."""


@record
class Ledger:
    """The account of 1 minus the mean IoU. Each cut adds up to `missing`."""

    of: Arrays
    """Whether the arrays are as stored, or after the repairs that the report offers."""
    missing: float
    classes: int
    """The number of classes in the mean."""
    pairs: tuple[PairPrice, ...]
    """The dearest class pairs, the dearest first."""
    other_pairs: float
    """The points of the class pairs that are left out of `pairs`."""
    by_class: tuple[ClassPrice, ...]
    """The classes in the mean, in order of their ids."""
    samples: tuple[SamplePrice, ...]
    """The dearest samples, the dearest first."""
    other_samples: float
    """The points of the samples that are left out of `samples`."""
    images: int
    """The number of samples with a counted pixel."""
    outliers: int = 0
    """The number of samples that cost far more than the others; they are the first of `samples`."""
    outlier_points: float = 0.0
    """What these cost together."""
    lost_classes: tuple[LostClass, ...] = ()
    """The classes with an IoU near 0, those that cost most first."""
    slicings: tuple[Slicing, ...] = ()
    """The slices that were asked for."""
    by_kind: KindPoints | None = None
    """The points of all wrong pixels by the kind of error; `None` if kinds were not found."""
    lacks_kinds: Lack | None = None
    """Why the kinds were not found, although users may expect them."""
    widths: tuple[int, int] | None = None
    """The least and the largest width of a contour, 1 % of the diagonal of each image."""
    sizes: tuple[SizePrice, ...] | None = None
    """What missed pixels cost by the size of their region, in up to four buckets with about as many
    regions each. `None` if kinds were not found."""

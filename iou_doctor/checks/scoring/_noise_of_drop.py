"""Whether a drop below the baseline is more than other images would bring."""

from __future__ import annotations

from iou_doctor.checks.evidence import Evidence
from iou_doctor.ledger.image_areas import count_image_areas
from iou_doctor.ledger.interval import Interval, Intervals, estimate_change, estimate_intervals
from iou_doctor.record import record
from iou_doctor.report.baseline import Baseline


@record
class Noise:
    """What is known of the noise of the drops below a baseline."""

    is_paired: bool
    """Whether the same images are drawn for both runs. Otherwise only the noise of the new scores
    is known."""
    intervals: Intervals
    """Of the gains if they are paired, otherwise of the new scores."""

    def is_noise(self, interval: Interval | None, was: float) -> bool | None:
        """Return whether a drop is within noise; `None` if that is unknown.

        Args:
            interval: that of the mean or of a class.
            was: the score in the baseline.
        """
        if interval is None:
            return None
        return interval.holds_zero if self.is_paired else interval.high >= was


def estimate_noise(evidence: Evidence, baseline: Baseline) -> Noise:
    """Return what is known of the noise of the drops of the mean and of the classes."""
    if evidence.interpretation.is_multilabel:
        return Noise(False, Intervals(None, {}))
    areas = count_image_areas(
        evidence.pairs,
        num_classes=evidence.interpretation.num_classes,
        ignore_index=evidence.interpretation.ignore_index,
    )
    both = None if baseline.areas is None else baseline.areas.pair_with(areas)
    if both is not None:
        return Noise(True, estimate_change(*both, evidence.confidence))
    return Noise(False, estimate_intervals(areas, evidence.confidence))


def describe_noise(noise: Noise, baseline: Baseline, *, is_multilabel: bool) -> str:
    """Return whether the drop of the mean is within noise, as a part of the message.

    Args:
        noise: what is known of it.
        baseline: the earlier scores.
        is_multilabel: whether classes overlap, so that no interval is known.
    """
    if is_multilabel:
        return "noise cannot be told for classes that overlap"
    interval = noise.intervals.mean
    if interval is None or baseline.mean_iou is None:
        return "noise cannot be told from a single image"
    where = "within" if noise.is_noise(interval, baseline.mean_iou) else "beyond"
    share = f"{100 * interval.confidence:g} %"
    if noise.is_paired:
        return (
            f"the drop of the mean is {where} noise: with other images, it would be"
            f" {_write(-interval.high)} to {_write(-interval.low)} ({share}, the same images for"
            " both)"
        )
    why = "holds no areas of images" if baseline.areas is None else "is of other images"
    return (
        f"the drop of the mean is {where} the noise of the new score alone, whose {share} interval"
        f" is {interval.low:.4f} to {interval.high:.4f}: the baseline {why}"
    )


def _write(drop: float) -> str:
    """Return a drop without the sign of one that is hardly below 0."""
    return f"{round(drop, 4) + 0.0:.4f}"

"""The comparison of two checks of the same masks: why their numbers differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import TYPE_CHECKING

from iou_doctor.ledger.difference import Difference
from iou_doctor.metrics.engine.separate import ChoiceChange
from iou_doctor.record import record
from iou_doctor.report.gallery import Changes
from iou_doctor.report.report import Report

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROUNDING = 1e-6
"""Some metrics compute in float32."""


@record
class Side:
    """One of the two checks."""

    predictions: str
    """The path of the predictions."""
    masks: str
    metric_call: str
    value: float | None
    """What the metric reports for the arrays as they are."""
    error: str | None
    """What it raises instead."""
    note: str | None
    """Why the value differs from iou-doctor's."""
    sick: bool
    primary: str | None
    """The name of the rule that is the root cause."""
    cause: str | None
    """The root cause in words, with the code of its rule."""
    summary: str
    mean_iou: float | None
    mean_iou_after_all: float | None
    is_scored: bool
    """Whether the arrays, after all repairs, have a score that means something."""
    class_names: tuple[str, ...]
    num_classes: int
    ignore_index: int | None
    overlaps: bool = False
    """Whether the classes overlap, so that there is no table of label pairs."""

    @property
    def why(self) -> str | None:
        """Why the value is not the mean IoU after all repairs: a fault, or a convention."""
        return self.cause if self.sick else self.note or self.cause

    @classmethod
    def of(cls, report: Report, *, is_scored: bool) -> Side:
        """Return the side that a report describes.

        Args:
            report: of the check.
            is_scored: whether its arrays, after all repairs, have a score that means something.
        """
        primary, metric = report.primary, report.metric
        return cls(
            predictions=report.predictions.path,
            masks=report.masks.path,
            metric_call=report.metric_call,
            value=metric.value,
            error=metric.error,
            note=metric.note,
            sick=report.verdict.sick,
            primary=report.verdict.primary,
            cause=None if primary is None else f"{primary.rule.claim} ({primary.rule.code})",
            summary=report.verdict.summary,
            mean_iou=report.mean_iou,
            mean_iou_after_all=report.verdict.mean_iou_after_all,
            is_scored=is_scored,
            class_names=report.reading.class_names,
            num_classes=report.reading.num_classes,
            ignore_index=report.reading.ignore_index,
            overlaps=report.reading.is_multilabel,
        )


@record
class OtherSamples:
    """Samples that only one side has."""

    names: tuple[tuple[str, ...], tuple[str, ...]]
    """Their names on either side."""
    mean_iou: tuple[float, float]
    """The mean IoU of all samples of either side, after all repairs."""

    @property
    def count(self) -> tuple[int, int]:
        """Their number on either side."""
        return len(self.names[0]), len(self.names[1])


def list_left_out(
    before: Iterable[str], after: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names that only one of two lists has, in order."""
    first, second = dict.fromkeys(before), dict.fromkeys(after)
    return (
        tuple(name for name in first if name not in second),
        tuple(name for name in second if name not in first),
    )


@record
class Comparison:
    """Two checks, and where the difference of their numbers comes from."""

    before: Side
    after: Side
    same_predictions: bool
    """Whether both checks are of the same predictions, under two metrics."""
    difference: Difference | None
    """Of the two scores after all repairs, on the samples that both sides have; `None` if one of
    them is undefined."""
    samples: OtherSamples | None = None
    """`None` if both sides have the same samples."""
    separated_by: tuple[ChoiceChange, ...] = ()
    """The choices that turn the first number into the second, if two metrics get the same arrays.
    None of them can be left out."""
    reports: tuple[Report, Report] | None = field(default=None, repr=False, compare=False)
    """The reports on both; `None` if only their JSON was compared."""
    places: tuple[NDArray[np.int64], NDArray[np.int64]] | None = field(
        default=None, repr=False, compare=False
    )
    """The own number of each sample of the difference on either side; `None`: it is the same."""
    changes: Changes | None = field(default=None, repr=False, compare=False)
    """The samples that a page shows; `None` until it is asked for."""

    @property
    def numbers(self) -> tuple[float | None, float | None]:
        """What the metric reports for either side, as the arrays are stored."""
        return self.before.value, self.after.value

    @property
    def gain(self) -> float | None:
        """The number after, minus the one before; `None` if a metric reports none."""
        before, after = self.numbers
        return None if before is None or after is None else after - before

    @property
    def readings(self) -> tuple[float | None, float | None]:
        """The part of the gain that lies in how each metric reads its arrays.

        It is the number less the mean IoU after all repairs, with the opposite sign for the side
        before. With `Difference.gain` and `of_samples`, the parts add up to `gain`.
        """
        if self.difference is None:
            return None, None
        right = self.difference.mean_iou if self.samples is None else self.samples.mean_iou
        before, after = self.numbers
        return (
            None if before is None else right[0] - before,
            None if after is None else after - right[1],
        )

    @property
    def reads_alike(self) -> bool:
        """Whether one metric reads both sides in one way, be it a fault or a convention."""
        before, after = self.before, self.after
        return before.metric_call == after.metric_call and before.why == after.why

    @property
    def of_samples(self) -> tuple[float, float]:
        """The part of the gain that lies in samples which only one side has."""
        if self.difference is None or self.samples is None:
            return 0.0, 0.0
        shared, whole = self.difference.mean_iou, self.samples.mean_iou
        return shared[0] - whole[0], whole[1] - shared[1]

    @property
    def may_be_noise(self) -> bool:
        """Whether other images might reverse the difference. How arrays are read is no noise."""
        if self.difference is None or None in self.readings:
            return False
        is_convention = self.reads_alike and not self.before.sick and not self.after.sick
        others = (*(() if is_convention else self.readings), *self.of_samples)
        are_worse = sum(part for part in others if part is not None) < -ROUNDING
        return bool(self.difference.is_within_noise) and not are_worse

"""Read one sample of both arrays, and of the photographs behind them."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.arrays.source import Pair
from iou_doctor.pictures.errors import map_errors
from iou_doctor.pictures.metric_reading import find_reading
from iou_doctor.pictures.photographs import MAP_AXES, Photographs
from iou_doctor.pictures.side_reader import SideReader
from iou_doctor.pictures.volume_slice import VolumeSlice
from iou_doctor.record import record
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding
from iou_doctor.report.gallery import Labels, Maps, PicturedSample, thin
from iou_doctor.report.repair_plan import build_plan, find_unflattened_shape
from iou_doctor.report.report import CheckedArrays, Report

MOST_SIDE = 512
"""The maximum length of a side of a map in pixels. Longer ones are thinned evenly."""
MOST_PIXELS = 32 * MOST_SIDE**2
"""The maximum number of pixels of all maps of one kind: the sides of many maps are shorter."""


@record
class SampleReader:
    """The two arrays of a report, and how to read a sample of them."""

    y_true: SideReader
    y_pred: SideReader
    interpretation: Interpretation
    num_classes: int
    """The number of classes after the repairs."""
    ignore_index: int | None
    """The ignore label after the repairs."""
    exchanged: bool
    """Whether a repair makes predictions of the masks, and masks of the predictions."""
    is_changed: bool
    """Whether there is a repair."""
    names: tuple[str, ...]
    """The names of the samples; empty if they have none."""
    photographs: Photographs
    most_side: int
    """The maximum length of a side of a map that is kept."""

    def name(self, sample: int) -> str:
        """Return the stem of the file of a sample, or its number."""
        return self.names[sample] if self.names else str(sample)

    def read(self, sample: int) -> PicturedSample:
        """Return the maps of a sample.

        Raises:
            SourceError: the values cannot be read.
            ReadingError: there are too many.
            RepairError: the repair does not fit this sample.
        """
        cut, repaired = None, None
        if self.is_changed:
            repaired = self.y_true.read_repaired(sample), self.y_pred.read_repaired(sample)
            repaired = repaired[::-1] if self.exchanged else repaired
            cut = _choose_slice(repaired)
            repaired = _take_slices(repaired, cut)
        given = self.y_true.read_given(sample), self.y_pred.read_given(sample)
        cut = _choose_slice(given) if cut is None else cut
        photograph = self.photographs.read(sample, given[0].shape, cut)
        given = _take_slices(given, cut)
        reading = self.interpretation
        return PicturedSample(
            sample=sample,
            name=self.name(sample),
            image=None if photograph is None else self._thin(photograph),
            given=self._map(given, reading.num_classes, reading.ignore_index),
            repaired=repaired and self._map(repaired, self.num_classes, self.ignore_index),
            part="" if cut is None else cut.describe(),
        )

    def _map(self, maps: tuple[Labels, Labels], num_classes: int, ignore: int | None) -> Maps:
        errors = map_errors(*maps, num_classes=num_classes, ignore_index=ignore)
        truth, prediction = map(self._thin, maps)
        return Maps(truth, prediction, None if errors is None else self._thin(errors))

    def _thin(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return a copy that is small enough for a page.

        A view would keep the whole in memory. If it is mapped, and its file is cut off before the
        page is made, it would end the process.
        """
        fits = max(values.shape[:2]) <= self.most_side
        return (values if fits else thin(values, self.most_side)).copy()


def build_reader(report: Report, arrays: CheckedArrays, pair: Pair, samples: int) -> SampleReader:
    """Return what reads some samples of a report.

    Args:
        report: the report.
        arrays: how its arrays were read.
        pair: the arrays.
        samples: how many samples will be read.
    """
    plan, reading = build_plan(report, unsafe=True), arrays.interpretation
    repairs = [finding.repair for finding in _list_roots(report) if finding.repair]
    classes = [one.num_classes for one in repairs if one.num_classes is not None]
    ignored = [one.ignore_index for one in repairs if one.ignore_index is not None]

    def build_side(side: Side) -> SideReader:
        is_mask = side is Side.MASKS
        axes = reading.layout.y_true if is_mask else reading.layout.y_pred
        encoding = reading.y_true if is_mask else reading.y_pred
        return SideReader(
            source=pair.y_true if is_mask else pair.y_pred,
            axes=axes,
            encoding=encoding,
            threshold=reading.threshold,
            reading=find_reading(
                arrays.metric,
                side,
                axes,
                encoding,
                raises=report.metric.error is not None,
                threshold=arrays.threshold,
            ),
            steps=plan.steps[side],
            unflattened=_find_unflattened(reading, side),
        )

    return SampleReader(
        y_true=build_side(Side.MASKS),
        y_pred=build_side(Side.PREDICTIONS),
        interpretation=reading,
        num_classes=[reading.num_classes, *classes][-1],
        ignore_index=[reading.ignore_index, *ignored][-1],
        exchanged=any(one.exchanges_sides for one in repairs),
        is_changed=bool(repairs) or reading.layout.y_pred.is_reshaped,
        names=pair.y_true.names or (),
        photographs=Photographs.of(pair),
        most_side=min(MOST_SIDE, isqrt(MOST_PIXELS // max(1, samples))),
    )


def has_rows(interpretation: Interpretation, side: Side) -> bool:
    """Return whether the pixels of an array lie in rows and columns, or can be put into them."""
    axes = interpretation.layout.y_true if side is Side.MASKS else interpretation.layout.y_pred
    shape = _find_unflattened(interpretation, side) or axes.spatial
    return len(shape) >= MAP_AXES


def _find_unflattened(interpretation: Interpretation, side: Side) -> tuple[int, ...] | None:
    axes = interpretation.layout.y_true if side is Side.MASKS else interpretation.layout.y_pred
    shape = find_unflattened_shape(interpretation, side)
    return shape if len(axes.spatial) == 1 else None


def _list_roots(report: Report) -> list[Finding]:
    return [one for one in report.findings if one.rule.name not in report.consequences]


def _choose_slice(maps: tuple[Labels, Labels]) -> VolumeSlice | None:
    """Return the slice of volumes with the most wrong pixels; `None` if both are maps.

    It is across the shortest axis: that of the slices of most scans.
    """
    truth, prediction = maps
    volume = next((one for one in maps if one.ndim > MAP_AXES), None)
    if volume is None:
        return None
    axis = int(np.argmin(volume.shape))
    if truth.shape != prediction.shape:
        return VolumeSlice(axis, volume.shape[axis] // 2, volume.shape[axis])
    others = tuple(one for one in range(truth.ndim) if one != axis)
    wrong = np.count_nonzero(truth != prediction, axis=others)
    return VolumeSlice(axis, int(wrong.argmax()), volume.shape[axis])


def _take_slices(maps: tuple[Labels, Labels], cut: VolumeSlice | None) -> tuple[Labels, Labels]:
    if cut is None:
        return maps
    truth, prediction = (cut.take(one) if one.ndim > MAP_AXES else one for one in maps)
    return truth, prediction

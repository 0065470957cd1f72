"""Read the samples that two predictions of the same masks differ in most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import IouDoctorError
from iou_doctor.pictures.gallery import explain_no_maps, read_samples
from iou_doctor.pictures.sample_reader import build_reader
from iou_doctor.report.comparison import Comparison
from iou_doctor.report.gallery import (
    ChangedSample,
    Changes,
    Maps,
    PicturedSample,
    PixelChange,
    PixelError,
)
from iou_doctor.report.report import Report
from iou_doctor.sources.files.bus_errors import BUS_ERRORS
from iou_doctor.sources.files.stamps import check_unchanged


@np.errstate(over="ignore", invalid="ignore")  # huge and signalling values are data as well
def build_changes(comparison: Comparison, pictures: int) -> Changes:
    """Return the samples that contribute most to the difference, either way.

    Args:
        comparison: with its two reports.
        pictures: the number of samples; 0 for none.
    """
    difference, reports = comparison.difference, comparison.reports
    if difference is None or reports is None or not pictures or comparison.same_predictions:
        return Changes()
    chosen = difference.samples[:pictures]
    wanted = [one.sample for one in chosen]
    try:
        with BUS_ERRORS.catch():
            before, after = (_read(report, wanted) for report in reports)
    except IouDoctorError as error:
        return Changes(notes=(f"The pictures are left out: {error}",))
    return Changes(
        tuple(
            _compare(before[one.sample], after[one.sample], one.gain)
            for one in chosen
            if one.sample in before and one.sample in after
        )
    )


def _read(report: Report, wanted: list[int]) -> dict[int, PicturedSample]:
    """Return the samples of one side; none if there are no maps."""
    if report.arrays is None or explain_no_maps(report):
        return {}
    pair = report.arrays.open()
    read, _ = read_samples(build_reader(report, report.arrays, pair), wanted)
    check_unchanged(pair.files)
    return read


def _compare(before: PicturedSample, after: PicturedSample, gain: float) -> ChangedSample:
    return ChangedSample(after, before.best, gain, map_changes(before.best, after.best))


def map_changes(before: Maps, after: Maps) -> NDArray[np.uint8] | None:
    """Return a member of `PixelChange` for each pixel; `None` if the pixels do not pair up."""
    if before.errors is None or after.errors is None or before.errors.shape != after.errors.shape:
        return None
    was_right, is_right = (one.errors == PixelError.RIGHT for one in (before, after))
    changes = np.full(after.errors.shape, PixelChange.WRONG_TWICE, dtype=np.uint8)
    changes[is_right] = PixelChange.BETTER
    changes[was_right] = PixelChange.WORSE
    changes[was_right & is_right] = PixelChange.RIGHT
    changes[after.errors == PixelError.LEFT_OUT] = PixelChange.LEFT_OUT
    return changes

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
    try:
        with BUS_ERRORS.catch():
            before, after = (
                _read(report, [_find_place(comparison, one.sample, side) for one in chosen])
                for side, report in enumerate(reports)
            )
    except IouDoctorError as error:
        return Changes(notes=(f"The pictures are left out: {error}",))
    return Changes(
        tuple(
            ChangedSample(new, old.best, one.gain, map_changes(old.best, new.best))
            for one, old, new in zip(chosen, before, after, strict=True)
            if old is not None and new is not None
        )
    )


def _find_place(comparison: Comparison, sample: int, side: int) -> int:
    """Return the number of a sample of the difference among all samples of a side."""
    return sample if comparison.places is None else int(comparison.places[side][sample])


def _read(report: Report, wanted: list[int]) -> list[PicturedSample | None]:
    """Return the samples of one side, `None` for those that cannot be shown."""
    if report.arrays is None or explain_no_maps(report):
        return [None] * len(wanted)
    pair = report.arrays.open()
    read, _ = read_samples(build_reader(report, report.arrays, pair, len(wanted)), wanted)
    check_unchanged(pair.files)
    return [read.get(sample) for sample in wanted]


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

"""Let a report open its files again when it is shown, instead of keeping them open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from iou_doctor.report.report import Report
from iou_doctor.sources.opening import is_path

if TYPE_CHECKING:
    from iou_doctor.arrays.source import Pair
    from iou_doctor.diagnosis.request import CheckRequest


def reopen_later(report: Report, request: CheckRequest) -> Report:
    """Return the report with files that are closed until a page reads some samples.

    Arrays in memory are kept as long as the report, and so is a model.

    Args:
        report: of the check.
        request: what was checked.
    """
    arrays = report.arrays
    inputs = [
        one for one in (request.predictions, request.masks, request.images) if one is not None
    ]
    if arrays is None or request.model or not inputs or not all(map(is_path, inputs)):
        return report
    files = arrays.open().files

    def open_again() -> Pair:
        from iou_doctor.diagnosis.pipeline import open_arrays
        from iou_doctor.sources.files.stamps import check_unchanged

        check_unchanged(files)
        return open_arrays(request)

    return replace(report, arrays=replace(arrays, open=open_again))

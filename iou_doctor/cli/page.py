"""What a page shows that other formats do not: pictures, and the command that was run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from iou_doctor.cli.spelling import spell_options

if TYPE_CHECKING:
    from iou_doctor.cli.check_options import CheckOptions
    from iou_doctor.report.report import Report


def add_page(report: Report, options: CheckOptions) -> Report:
    """Return the report with what a page shows.

    Args:
        report: of the check.
        options: of the command.
    """
    from iou_doctor.pictures.gallery import build_gallery

    gallery = build_gallery(report, options.pictures)
    return replace(report, gallery=gallery, command=spell_options(options))

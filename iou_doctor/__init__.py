"""Find out why a segmentation model's mean IoU is stuck, wrong, or different."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iou_doctor.api.check import check
from iou_doctor.report.version import __version__

if TYPE_CHECKING:
    from iou_doctor.api.report import Report

__all__ = ["Report", "__version__", "check"]


def __getattr__(name: str) -> type[Report]:
    """Import `Report` when it is asked for: the command line starts without NumPy."""
    if name == "Report":
        from iou_doctor.api.report import Report

        return Report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

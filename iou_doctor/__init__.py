"""Find out why a segmentation model's mean IoU is stuck, wrong, or different.

    import iou_doctor

    report = iou_doctor.check(y_true=masks, y_pred=predictions, num_classes=3)
    print(report)                            # the diagnosis, as on the terminal
    report.save("report.html")               # or .json, .md, .txt, .xml, .sarif
    report.mean_iou, report.confusion, report.per_class

    print(iou_doctor.why("0.3333", y_true=masks, y_pred=predictions))
    repaired = iou_doctor.fix(y_true=masks, y_pred=predictions, num_classes=3)
    print(iou_doctor.compare(y_true=masks, before=old_predictions, after=predictions))
    iou_doctor.assert_healthy(y_true=masks, y_pred=predictions)      # in a test

`iou_doctor.keras.Checkup` watches a training with Keras 3, `iou_doctor.tf_keras.Checkup` one with
Keras 2. Errors in the input are subclasses of `iou_doctor.errors.IouDoctorError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iou_doctor.api.check import assert_healthy, check
from iou_doctor.report.version import __version__

if TYPE_CHECKING:
    from iou_doctor import errors
    from iou_doctor.api.compare import compare
    from iou_doctor.api.fix import fix
    from iou_doctor.api.report import Report
    from iou_doctor.api.why import why

__all__ = [
    "Report",
    "__version__",
    "assert_healthy",
    "check",
    "compare",
    "errors",
    "fix",
    "why",
]


def __getattr__(name: str) -> Any:
    """Import what is seldom used when it is asked for: the command line starts without it."""
    from importlib import import_module

    if name == "errors":
        return import_module("iou_doctor.errors")
    if name in {"Report", "compare", "fix", "why"}:
        return getattr(import_module(f"iou_doctor.api.{name.lower()}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, for completion and `help`."""
    return [*__all__, "__doc__", "__name__", "__path__", "__file__"]

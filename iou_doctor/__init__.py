"""iou-doctor: why a segmentation model's mean IoU is stuck, wrong, or different."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

    from iou_doctor.report import Report

__version__ = "0.1.0"
__all__ = ["Report", "__version__", "check"]


def check(
    *,
    y_true: str | PathLike[str] | NDArray[Any],
    y_pred: str | PathLike[str] | NDArray[Any],
    num_classes: int | None = None,
    metric: str | None = None,
    ignore_index: int | None = None,
    class_names: tuple[str, ...] = (),
    layout: str | None = None,
    threshold: float | None = None,
    baseline: str | PathLike[str] | None = None,
    max_drop: float = 0.01,
    contracts: Literal["common", "all"] = "common",
    batch_size: int | None = None,
    seen: str | None = None,
    jobs: int | None = None,
) -> Report:
    """Return the Report on masks and predictions, as `iou-doctor check` makes it.

    Args:
        y_true: masks: an array, or a path as on the command line (`FILE.h5::/name` too).
        y_pred: predictions, likewise.
        num_classes: number of classes, background included; `None`: inferred.
        metric: the metric's call as written in your code; `None`: `keras.metrics.MeanIoU`.
        ignore_index: mask label to leave out.
        class_names: one name for each class.
        layout: what the axes mean, `NHWC` for instance.
        threshold: the cut of one channel of scores.
        baseline: a JSON report of an earlier run to compare with.
        max_drop: by how much a score may fall below the baseline's.
        contracts: which implementations to compare.
        batch_size: images in one update of a metric; `None`: all.
        seen: a score as somebody printed it, "0.3333" for instance, to be explained.
        jobs: threads; `None`: one for each usable core.

    Raises:
        iou_doctor.errors.UsageError: options that do not go together.
        iou_doctor.errors.SourceError: a file cannot be read.
        iou_doctor.errors.ReadingError: the arrays cannot be understood.
    """
    from iou_doctor import checkup, sources
    from iou_doctor.baseline import load_baseline
    from iou_doctor.lookup import parse_score
    from iou_doctor.reading import Options

    options = Options(
        num_classes=num_classes,
        ignore_index=ignore_index,
        threshold=threshold,
        layout=layout,
        class_names=tuple(class_names),
    )
    earlier = None if baseline is None else load_baseline(str(baseline), max_drop=max_drop)
    pair = sources.open_pair(y_true=y_true, y_pred=y_pred)
    questions = checkup.Questions(
        metric_call=metric,
        baseline=earlier,
        everything=contracts == "all",
        batch_size=batch_size,
        seen=None if seen is None else parse_score(seen),
    )
    return checkup.check(pair, options, questions, jobs=jobs)


def __getattr__(name: str) -> Any:
    """Import `Report` when it is asked for: the command line starts without NumPy."""
    if name == "Report":
        from iou_doctor.report import Report

        return Report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""iou-doctor: why a segmentation model's mean IoU is stuck, wrong, or different."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from os import PathLike

    from iou_doctor.names import Device
    from iou_doctor.shown import Report
    from iou_doctor.source import Pair

__version__ = "0.1.0"
__all__ = ["Report", "__version__", "check"]


def check(
    *,
    y_true: Any = None,
    y_pred: Any = None,
    pairs: Any = None,
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
    device: Device = "auto",
) -> Report:
    """Return the Report on masks and predictions, as `iou-doctor check` makes it.

    Args:
        y_true: masks: a path as on the command line (`FILE.h5::/name` too); an array or tensor of
            NumPy, TensorFlow, PyTorch, JAX or any library with `__array__` or `__dlpack__`; or
            batches of them, from something that gives the same ones each time it is iterated over
            (a `tf.data` dataset, a data loader). Batches have the samples first.
        y_pred: predictions, likewise.
        pairs: in place of both: batches (y_true, y_pred), likewise. They are iterated over at
            least twice and never held all at once.
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
        device: what counts, as `--device` says it: "auto", "cpu" or "gpu".

    Raises:
        iou_doctor.errors.UsageError: options that do not go together.
        iou_doctor.errors.SourceError: a file or a value cannot be read as an array.
        iou_doctor.errors.ReadingError: the arrays cannot be understood.
    """
    from iou_doctor import checkup
    from iou_doctor.baseline import load_baseline
    from iou_doctor.lookup import parse_score
    from iou_doctor.reading import Options
    from iou_doctor.shown import shown

    options = Options(
        num_classes=num_classes,
        ignore_index=ignore_index,
        threshold=threshold,
        layout=layout,
        class_names=tuple(class_names),
    )
    earlier = None if baseline is None else load_baseline(str(baseline), max_drop=max_drop)
    pair = _opened(y_true, y_pred, pairs)
    questions = checkup.Questions(
        metric_call=metric,
        baseline=earlier,
        everything=contracts == "all",
        batch_size=batch_size,
        seen=None if seen is None else parse_score(seen),
    )
    return shown(checkup.check(pair, options, questions, jobs=jobs, device=device))


def _opened(y_true: Any, y_pred: Any, pairs: Any) -> Pair:
    from iou_doctor.errors import UsageError
    from iou_doctor.sources import open_pair, open_pairs

    if [y_true is None, y_pred is None, pairs is None] == [True, True, False]:
        return open_pairs(pairs)
    if [y_true is None, y_pred is None, pairs is None] == [False, False, True]:
        return open_pair(y_true=y_true, y_pred=y_pred)
    raise UsageError("give y_true and y_pred, or pairs in place of both")


def __getattr__(name: str) -> Any:
    """Import `Report` when it is asked for: the command line starts without NumPy."""
    if name == "Report":
        from iou_doctor.shown import Report

        return Report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

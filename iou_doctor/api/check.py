"""`iou_doctor.check` and `iou_doctor.assert_healthy`: a check of arrays in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    from iou_doctor.api.report import Report
    from iou_doctor.choices import Device, EncodingName, LedgerDetail

EXAMPLE = "y_true=masks, y_pred=predictions"


def check(
    *positional: NoReturn,
    y_true: Any = None,
    y_pred: Any = None,
    pairs: Any = None,
    num_classes: int | None = None,
    metric: Any = None,
    ignore_index: int | None = None,
    ignore_class: int | None = None,
    class_names: Iterable[str] | Mapping[int, str] | str = (),
    layout: str | None = None,
    threshold: float | None = None,
    predictions_as: EncodingName | None = None,
    masks_as: EncodingName | None = None,
    baseline: str | PathLike[str] | None = None,
    max_drop: float = 0.01,
    confidence: float = 0.95,
    ledger: LedgerDetail = "auto",
    slices: Iterable[str] | Mapping[str, Any] = (),
    boundary_iou: bool = False,
    contracts: Literal["common", "all"] = "common",
    batch_size: int | None = None,
    seen: str | float | None = None,
    jobs: int | None = None,
    device: Device = "auto",
    images: Any = None,
    signature: str | None = None,
    output_name: str | None = None,
    input_scale: float | tuple[float, float] = 1.0,
    resize: bool = False,
    trust_model: bool = False,
) -> Report:
    """Compare predictions with masks, and return the Report that `iou-doctor check` prints.

    All arguments are given by name.

    Example:
        >>> report = iou_doctor.check(y_true=masks, y_pred=predictions, num_classes=3)
        >>> print(report)
        >>> report.save("report.html")

    Args:
        positional: none; arguments without a name are refused.
        y_true: masks: a path as on the command line (`FILE.h5::/name` too); an array or tensor of
            NumPy, TensorFlow, PyTorch, JAX or any library with `__array__` or `__dlpack__`; or
            batches of them, from something that gives the same ones each time it is iterated over
            (a `tf.data` dataset, a data loader). The first axis of a batch counts its samples.
        y_pred: predictions, likewise; or, with `images`, the model that makes them: the path of a
            model as on the command line, a model of Keras, what `tf.saved_model.load` returned, or
            a function that takes a batch of images and returns scores.
        pairs: in place of both: batches of pairs (y_true, y_pred). They are iterated over at
            least twice and never held all at once.
        num_classes: number of classes, background included; `None`: inferred.
        metric: the metric: its call as written in your code, or the object or class itself, of
            Keras, torchmetrics or another library that `--metric` knows; `None`:
            `keras.metrics.MeanIoU`. Its code does not run.
        ignore_index: mask label to leave out.
        ignore_class: the same, by Keras' name.
        class_names: one name for each class: a list, a string with commas, or a dict {id: name}.
        layout: what the axes mean, `NHWC` for instance.
        threshold: the decision threshold for single-channel scores.
        predictions_as: how the predictions are encoded, if they are misread: "logits" for instance.
        masks_as: how the masks are encoded, likewise.
        baseline: a JSON report of an earlier run to compare with.
        max_drop: by how much a score may fall below the baseline's.
        confidence: the confidence of the intervals of scores.
        ledger: "auto" tells the kinds of errors apart up to a million pixels, "full" always; "off"
            leaves the ledger out.
        slices: score and price the samples of each slice: "folder", "size" or "COLUMN@FILE.csv"; or
            a dict from titles to one value for each sample, in order or by name.
        boundary_iou: read the arrays once more for `report.fine_grained.boundary`.
        contracts: which implementations to compare.
        batch_size: images in one update of a metric, and in one call of a model; `None`: all, and
            as many as take little memory.
        seen: a printed score to explain, for instance "0.3333".
        jobs: threads; `None`: one for each usable core.
        device: where to count, as for `--device`: "auto", "cpu" or "gpu".
        images: the images: a path, an array or tensor, or batches of them. A model predicts them;
            beside predictions, an HTML page and a notebook show them.
        signature: the signature of a SavedModel to call; `None`: serving_default.
        output_name: the output to score, if the model has several.
        input_scale: a factor by which images are multiplied before the model; or a factor and an
            offset that is added afterwards.
        resize: resize images to the model's input (bilinear), and its output back.
        trust_model: load a file that IOU804 refuses: one that may run code or touch files.

    Raises:
        iou_doctor.errors.UsageError: arguments of wrong types, or that do not go together.
        iou_doctor.errors.SourceError: a file or a value cannot be read as an array.
        iou_doctor.errors.ReadingError: the arrays cannot be understood.
    """
    arguments = dict(locals())
    from iou_doctor.api.words import refuse_positions, speak_python

    refuse_positions("check", arguments.pop("positional"), EXAMPLE)
    with speak_python():
        from iou_doctor.api.reopening import reopen_later
        from iou_doctor.api.report import with_rendering
        from iou_doctor.api.request import build_request
        from iou_doctor.diagnosis import pipeline
        from iou_doctor.sources.files.bus_errors import BUS_ERRORS

        with BUS_ERRORS.catch():
            request = build_request(arguments)
            report = pipeline.check(request)
        return with_rendering(reopen_later(report, request))


def assert_healthy(*positional: NoReturn, min_iou: float | None = None, **arguments: Any) -> None:
    """Check a pair in a test, and fail with the report if its format is wrong.

    Example:
        >>> def test_the_pipeline_keeps_the_labels():
        ...     iou_doctor.assert_healthy(y_true=masks, y_pred=model(images), num_classes=3)

    Args:
        positional: none; arguments without a name are refused.
        min_iou: the mean IoU below which it fails, too; `None`: any.
        arguments: those of `check`.

    Raises:
        AssertionError: the report has an error, or the mean IoU is too low. The message is the
            report.
        iou_doctor.errors.IouDoctorError: as `check` raises.
    """
    from iou_doctor.api.check_types import take_number
    from iou_doctor.api.words import refuse_positions

    refuse_positions("assert_healthy", positional, EXAMPLE)
    least = take_number("min_iou", min_iou, example=0.5)
    report = check(**arguments)
    if report.verdict.sick:
        raise AssertionError(f"{report.verdict.summary}\n\n{report}")
    if least is not None and not (report.mean_iou is not None and report.mean_iou >= least):
        reached = "none" if report.mean_iou is None else f"{report.mean_iou:.4f}"
        raise AssertionError(f"mean IoU {reached} does not reach min_iou={least:g}\n\n{report}")

"""`iou_doctor.check`: the arguments of a check in Python, and the request that they build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from os import PathLike

    from iou_doctor.api.report import Report
    from iou_doctor.choices import Device


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
    images: Any = None,
    signature: str | None = None,
    output_name: str | None = None,
    input_scale: float | tuple[float, float] = 1.0,
    resize: bool = False,
    trust_model: bool = False,
) -> Report:
    """Compare predictions with masks, and return the Report that `iou-doctor check` prints.

    Args:
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
        metric: the metric's call as written in your code; `None`: `keras.metrics.MeanIoU`.
        ignore_index: mask label to leave out.
        class_names: one name for each class.
        layout: what the axes mean, `NHWC` for instance.
        threshold: the decision threshold for single-channel scores.
        baseline: a JSON report of an earlier run to compare with.
        max_drop: by how much a score may fall below the baseline's.
        contracts: which implementations to compare.
        batch_size: images in one update of a metric, and in one call of a model; `None`: all, and
            as many as take little memory.
        seen: a printed score to explain, for instance "0.3333".
        jobs: threads; `None`: one for each usable core.
        device: where to count, as for `--device`: "auto", "cpu" or "gpu".
        images: the images to predict: a path, an array or tensor, or batches of them.
        signature: the signature of a SavedModel to call; `None`: serving_default.
        output_name: the output to score, if the model has several.
        input_scale: a factor by which images are multiplied before the model; or a factor and an
            offset that is added afterwards.
        resize: resize images to the model's input (bilinear), and its output back.
        trust_model: load a file that IOU804 refuses: one that may run code or touch files.

    Raises:
        iou_doctor.errors.UsageError: options that do not go together.
        iou_doctor.errors.SourceError: a file or a value cannot be read as an array.
        iou_doctor.errors.ReadingError: the arrays cannot be understood.
    """
    from iou_doctor.api.arguments import (
        build_model_options,
        check_device,
        refuse_missing_arrays,
    )
    from iou_doctor.api.report import with_rendering
    from iou_doctor.arrays.interpretation import Options
    from iou_doctor.diagnosis import pipeline
    from iou_doctor.diagnosis.request import CheckRequest
    from iou_doctor.report.baseline import load_baseline
    from iou_doctor.report.score_lookup import parse_score

    options = Options(num_classes, ignore_index, threshold, layout, class_names=tuple(class_names))
    model = build_model_options(
        images=images,
        signature=signature,
        output_name=output_name,
        input_scale=input_scale,
        batch_size=batch_size,
        resize=resize,
        trust_model=trust_model,
    )
    refuse_missing_arrays(y_true, y_pred, pairs, has_model=model is not None)
    request = CheckRequest(
        predictions=y_pred,
        masks=y_true,
        pairs=pairs,
        model=model,
        options=options,
        metric=metric,
        batch_size=batch_size,
        baseline=None if baseline is None else load_baseline(str(baseline), max_drop=max_drop),
        all_implementations=contracts == "all",
        score_to_explain=None if seen is None else parse_score(seen),
        jobs=jobs,
        device=check_device(device),
    )
    return with_rendering(pipeline.check(request))

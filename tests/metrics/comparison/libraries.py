"""What the libraries say of a random case, and the call that a person would write for each.

A library that is not installed is left out. `code` may hold copies of public files that are run:
`hf_mean_iou.py`, `mmseg_iou_metric.py` and `fastai1_metrics.py`.
"""

# ruff: noqa: B023, E501 - a table of lambdas that are called at once
from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from metrics.calls.record_answers import skip_package
from metrics.comparison.cases import Array, RandomCase

from iou_doctor.record import record

_AVERAGES = ("macro", "micro", "weighted")
_REDUCTIONS = ("micro", "macro", "micro-imagewise", "macro-imagewise")


@record
class Question:
    """A call, the arrays it gets, and the answer of the library."""

    call: str
    truth: Array
    predicted: Array
    layout: str
    ask: Callable[[], Any]
    options: dict[str, Any]


def find_libraries() -> set[str]:
    """Return which libraries are installed, and make smp importable without torchvision."""
    names = ("tensorflow", "sklearn", "torchmetrics", "monai", "ignite", "kornia", "medpy")
    found = {name for name in names if find_spec(name) is not None}
    if find_spec("segmentation_models_pytorch") is not None:
        skip_package("segmentation_models_pytorch")
        skip_package("segmentation_models_pytorch.base")
        found.add("segmentation_models_pytorch")
    return found


def list_questions(case: RandomCase, libraries: set[str], code: Path | None) -> Iterator[Question]:
    """Yield the questions to all libraries that are there."""
    sources = {
        "tensorflow": (_ask_keras, _ask_keras_channels),
        "sklearn": (_ask_sklearn,),
        "torchmetrics": (_ask_torchmetrics, _ask_torchmetrics_scores),
        "monai": (_ask_monai,),
        "ignite": (_ask_ignite,),
        "kornia": (_ask_kornia,),
        "segmentation_models_pytorch": (_ask_smp,),
        "medpy": (_ask_medpy,),
    }
    for library, functions in sources.items():
        if library in libraries:
            for function in functions:
                yield from function(case)
    if code is not None:
        yield from _ask_copies(case, code)


def _labels(case: RandomCase, call: str, ask: Callable[[], Any], **options: Any) -> Question:
    options = {"num_classes": case.classes, **options}
    return Question(call, case.truth, case.ids, "NHW,NHW", ask, options)


def _feed(metric: Any, truth: Array, predicted: Array, size: int) -> Any:
    """Return what a metric computes after batches."""
    for first in range(0, len(truth), size):
        part = slice(first, first + size)
        metric.update_state(truth[part], predicted[part])
    return metric.result()


def _ask_keras(case: RandomCase) -> Iterator[Question]:
    import keras
    import tf_keras

    n, void = case.classes, case.void
    for name, library in (("keras", keras), ("tf_keras", tf_keras)):
        for ignore in {None, void}:
            yield _labels(
                case,
                f"{name}.metrics.MeanIoU(num_classes={n}, ignore_class={ignore})",
                lambda: _feed(
                    library.metrics.MeanIoU(n, ignore_class=ignore),
                    case.truth,
                    case.ids,
                    case.batch,
                ),
                batch_size=case.batch,
            )
        yield _labels(
            case,
            f"{name}.metrics.IoU(num_classes={n}, target_class_ids=[{n - 1}])",
            lambda: _feed(library.metrics.IoU(n, [n - 1]), case.truth, case.ids, case.batch),
            batch_size=case.batch,
        )
        yield Question(
            f"{name}.metrics.BinaryIoU(threshold=0.4)",
            case.binary,
            case.one_channel,
            "NHW,NHW",
            lambda: _feed(
                library.metrics.BinaryIoU(threshold=0.4), case.binary, case.one_channel, case.batch
            ),
            {"num_classes": 2, "batch_size": case.batch, "predictions_as": "sigmoid"},
        )


def _ask_keras_channels(case: RandomCase) -> Iterator[Question]:
    import keras

    n = case.classes
    last, one_hot = (np.moveaxis(array, 1, -1) for array in (case.scores, case.one_hot))
    for call, truth, letters, metric in (
        ("MeanIoU(num_classes={}, sparse_y_pred=False)", case.truth, "NHW", keras.metrics.MeanIoU(n, sparse_y_pred=False)),
        ("MeanIoU({}, sparse_y_pred=False, ignore_class=0)", case.truth, "NHW", keras.metrics.MeanIoU(n, sparse_y_pred=False, ignore_class=0)),
        ("OneHotMeanIoU(num_classes={})", one_hot, "NHWC", keras.metrics.OneHotMeanIoU(n)),
        ("MeanIoU({}, sparse_y_true=False, sparse_y_pred=False)", one_hot, "NHWC", keras.metrics.MeanIoU(n, sparse_y_true=False, sparse_y_pred=False)),
        ("OneHotIoU({}, target_class_ids=[0])", one_hot, "NHWC", keras.metrics.OneHotIoU(n, [0])),
    ):  # fmt: skip
        yield Question(
            f"keras.metrics.{call.format(n)}",
            truth,
            last,
            f"NHWC,{letters}",
            lambda: _feed(metric, truth, last, case.batch),
            {"num_classes": n, "batch_size": case.batch},
        )


def _ask_sklearn(case: RandomCase) -> Iterator[Question]:
    import sklearn.metrics as library

    flat = case.truth.ravel(), case.ids.ravel()
    listed = list(range(case.classes))
    for name in ("jaccard_score", "f1_score", "precision_score", "recall_score"):
        score = getattr(library, name)
        for average in _AVERAGES:
            call = f"sklearn.metrics.{name}(y_true, y_pred, average='{average}'"
            yield _labels(case, f"{call})", lambda: score(*flat, average=average))
            if name == "jaccard_score":
                call += f", labels=range({case.classes}))"
                yield _labels(case, call, lambda: score(*flat, average=average, labels=listed))
        yield _labels(case, f"sklearn.metrics.{name}(y_true, y_pred)", lambda: score(*flat))
    for name in ("accuracy_score", "balanced_accuracy_score"):
        yield _labels(
            case, f"sklearn.metrics.{name}(y_true, y_pred)", lambda: getattr(library, name)(*flat)
        )


def _update(metric: Any, truth: Array, predicted: Array, size: int) -> Any:
    import torch

    for first in range(0, len(truth), size):
        part = slice(first, first + size)
        metric.update(torch.as_tensor(predicted[part]), torch.as_tensor(truth[part]))
    return metric.compute()


def _ask_torchmetrics(case: RandomCase) -> Iterator[Question]:
    import torchmetrics
    from torchmetrics import segmentation

    n, void, size = case.classes, case.void, case.batch
    for average in _AVERAGES:
        for name in ("JaccardIndex", "F1Score"):
            settings = {"num_classes": n, "average": average, "ignore_index": void}
            written = ", ".join(f"{key}={value!r}" for key, value in settings.items())
            yield _labels(
                case,
                f"torchmetrics.{name}(task='multiclass', {written})",
                lambda: _update(
                    getattr(torchmetrics, name)("multiclass", **settings),
                    case.truth,
                    case.ids,
                    size,
                ),
                batch_size=size,
            )
    yield _labels(
        case,
        f"torchmetrics.JaccardIndex(task='binary', ignore_index={void})",
        lambda: _update(
            torchmetrics.JaccardIndex("binary", ignore_index=void), case.truth, case.ids, size
        ),
        batch_size=size,
        num_classes=2,
    )
    for name, more in (
        ("MeanIoU", {}),
        ("MeanIoU", {"include_background": False}),
        ("DiceScore", {}),
        ("DiceScore", {"average": "micro", "include_background": False}),
        ("DiceScore", {"average": "weighted", "aggregation_level": "global"}),
        ("GeneralizedDiceScore", {}),
    ):
        settings = {"input_format": "index", **more}
        written = ", ".join(f"{key}={value!r}" for key, value in settings.items())
        yield Question(
            f"torchmetrics.segmentation.{name}(num_classes={n}, {written})",
            case.sound,
            case.ids,
            "NHW,NHW",
            lambda: _update(
                getattr(segmentation, name)(n, **settings),
                case.sound.astype(np.int64),
                case.ids.astype(np.int64),
                size,
            ),
            {"num_classes": n, "batch_size": size},
        )


def _ask_torchmetrics_scores(case: RandomCase) -> Iterator[Question]:
    import torchmetrics
    from torchmetrics import segmentation

    n, void, size = case.classes, case.void, case.batch
    for average in _AVERAGES:
        settings = {"num_classes": n, "average": average, "ignore_index": void}
        written = ", ".join(f"{key}={value!r}" for key, value in settings.items())
        yield Question(
            f"torchmetrics.JaccardIndex(task='multiclass', {written})",
            case.truth,
            case.scores,
            "NCHW,NHW",
            lambda: _update(
                torchmetrics.JaccardIndex("multiclass", **settings), case.truth, case.scores, size
            ),
            {"num_classes": n, "batch_size": size},
        )
    one_hot = case.one_hot.astype(np.int64)
    yield Question(
        f"torchmetrics.classification.MultilabelJaccardIndex(num_labels={n})",
        one_hot,
        case.scores,
        "NCHW,NCHW",
        lambda: _update(
            torchmetrics.classification.MultilabelJaccardIndex(n), one_hot, case.scores, size
        ),
        {"num_classes": n, "batch_size": size},
    )
    yield Question(
        "torchmetrics.classification.BinaryJaccardIndex(threshold=0.4)",
        case.binary,
        case.one_channel,
        "NHW,NHW",
        lambda: _update(
            torchmetrics.classification.BinaryJaccardIndex(0.4), case.binary, case.one_channel, size
        ),
        {"num_classes": 2, "batch_size": size, "predictions_as": "sigmoid"},
    )
    for name in ("MeanIoU", "DiceScore", "GeneralizedDiceScore"):
        yield Question(
            f"torchmetrics.segmentation.{name}(num_classes={n})",
            one_hot,
            case.hard.astype(np.int64),
            "NCHW,NCHW",
            lambda: _update(
                getattr(segmentation, name)(n), one_hot, case.hard.astype(np.int64), size
            ),
            {"num_classes": n, "batch_size": size},
        )


def _ask_monai(case: RandomCase) -> Iterator[Question]:
    import torch
    from monai import metrics

    hard, truth = case.hard, case.one_hot
    tensors = torch.as_tensor(hard), torch.as_tensor(truth)
    rest = (truth, hard, "NCHW,NCHW")
    options = {"num_classes": case.classes}

    def aggregate(metric: Any) -> Any:
        metric(*tensors)
        return metric.aggregate()

    for name in ("MeanIoU", "DiceMetric"):
        for settings in (
            {},
            {"include_background": False},
            {"ignore_empty": False},
        ):
            written = ", ".join(f"{key}={value!r}" for key, value in settings.items())
            yield Question(
                f"monai.metrics.{name}({written})",
                *rest,
                lambda: aggregate(getattr(metrics, name)(**settings)).mean(),
                options,
            )
    for function in ("compute_dice", "compute_iou"):
        yield Question(
            f"monai.metrics.{function}(y_pred, y).nanmean()",
            *rest,
            lambda: getattr(metrics, function)(*tensors).nanmean(),
            options,
        )
    scores = torch.as_tensor(case.scores)
    ids = torch.as_tensor(case.sound[:, np.newaxis])
    for settings in (
        {},
        {"softmax": True, "include_background": True},
        {"include_background": True, "reduction": "mean"},
        {"sigmoid": True, "reduction": "mean"},
        {"ignore_empty": False, "reduction": "mean"},
    ):
        written = ", ".join(f"{key}={value!r}" for key, value in settings.items())
        yield Question(
            f"monai.metrics.DiceHelper({written})",
            case.sound[:, np.newaxis],
            case.scores,
            "NCHW,NCHW",
            lambda: metrics.DiceHelper(**settings)(scores, ids)[0],
            options,
        )


def _ask_ignite(case: RandomCase) -> Iterator[Question]:
    import torch
    from ignite import metrics

    n = case.classes
    for name in ("mIoU", "DiceCoefficient"):

        def compute() -> Any:
            matrix = metrics.ConfusionMatrix(num_classes=n)
            metric = getattr(metrics, name)(matrix)
            matrix.update((torch.as_tensor(case.scores), torch.as_tensor(case.truth).long()))
            return torch.as_tensor(metric.compute()).mean()

        yield Question(
            f"ignite.metrics.{name}(cm)",
            case.truth,
            case.scores,
            "NCHW,NHW",
            compute,
            {"num_classes": n},
        )


def _ask_kornia(case: RandomCase) -> Iterator[Question]:
    import torch
    from kornia import metrics

    maps = torch.as_tensor(case.ids), torch.as_tensor(case.truth)
    yield _labels(
        case,
        f"kornia.metrics.mean_iou(pred, target, {case.classes}).mean()",
        lambda: metrics.mean_iou(*maps, case.classes).mean(),
    )


def _ask_smp(case: RandomCase) -> Iterator[Question]:
    import torch
    from segmentation_models_pytorch import metrics

    n, void = case.classes, case.void
    maps = torch.as_tensor(case.ids).long(), torch.as_tensor(case.truth).long()
    binary = torch.as_tensor(case.one_channel), torch.as_tensor(case.binary).long()
    for name in ("iou_score", "f1_score", "recall"):
        for reduction in _REDUCTIONS:
            score = getattr(metrics, name)
            stats = f"smp.metrics.get_stats(p, t, mode='multiclass', num_classes={n}, ignore_index={void})"
            yield _labels(
                case,
                f"smp.metrics.{name}(*{stats}, reduction='{reduction}')",
                lambda: score(
                    *metrics.get_stats(*maps, mode="multiclass", num_classes=n, ignore_index=void),
                    reduction=reduction,
                ),
            )
            stats = "smp.metrics.get_stats(p, t, mode='binary', threshold=0.4)"
            yield Question(
                f"smp.metrics.{name}(*{stats}, reduction='{reduction}')",
                case.binary,
                case.one_channel,
                "NHW,NHW",
                lambda: score(
                    *metrics.get_stats(*binary, mode="binary", threshold=0.4), reduction=reduction
                ),
                {"num_classes": 2, "predictions_as": "sigmoid"},
            )


def _ask_medpy(case: RandomCase) -> Iterator[Question]:
    from medpy.metric import binary

    for name in ("dc", "jc", "precision", "recall"):
        yield _labels(
            case,
            f"medpy.metric.binary.{name}(result, reference)",
            lambda: getattr(binary, name)(case.ids, case.truth),
        )


def _ask_copies(case: RandomCase, code: Path) -> Iterator[Question]:
    n, void = case.classes, 255 if case.void is None else case.void
    if (file := code / "hf_mean_iou.py").is_file():
        work = read_functions(file)["mean_iou"]
        maps = list(case.ids), list(case.truth)
        yield _labels(
            case,
            f"evaluate.load('mean_iou').compute(num_labels={n}, ignore_index={void})",
            lambda: work(*maps, n, void)["mean_iou"],
        )
    if (file := code / "mmseg_iou_metric.py").is_file():
        functions = read_functions(file)
        for wanted, key in (("mIoU", "IoU"), ("mDice", "Dice"), ("mFscore", "Fscore")):
            yield _labels(
                case,
                f"IoUMetric(ignore_index={void}, iou_metrics=['{wanted}'])",
                lambda: _run_mmseg(functions, case, void, wanted, key),
            )
    if (file := code / "fastai1_metrics.py").is_file():
        dice = read_functions(file)["dice"]
        for iou in (False, True) if n == 2 else ():
            yield Question(
                f"partial(fastai.metrics.dice, iou={iou})",
                case.sound[:, np.newaxis],
                case.scores,
                "NCHW,NCHW",
                lambda: _run_fastai(dice, case, iou=iou),
                {"num_classes": n},
            )


def _run_mmseg(functions: Any, case: RandomCase, void: int, wanted: str, key: str) -> Any:
    import torch

    areas = [
        functions["intersect_and_union"](
            torch.as_tensor(p).long().squeeze(),
            torch.as_tensor(t).long().squeeze(),
            case.classes,
            void,
        )
        for p, t in zip(case.ids, case.truth, strict=True)
    ]
    totals = [sum(part) for part in zip(*areas, strict=True)]
    found = functions["total_area_to_metrics"](*totals, [wanted])
    return np.nanmean(found[key])


def _run_fastai(dice: Any, case: RandomCase, *, iou: bool) -> Any:
    import torch

    maps = torch.as_tensor(case.scores), torch.as_tensor(case.sound[:, np.newaxis]).long()
    return dice(*maps, iou=iou)


def read_functions(file: Path) -> dict[str, Any]:
    """Return the functions of a copy of a public file, without what it imports."""
    tree = ast.parse(file.read_text())
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for node in found:
        node.decorator_list = []
        node.returns = None
        node.args.args = [ast.arg(argument.arg) for argument in node.args.args]
    names: dict[str, Any] = {"np": np}
    if find_spec("torch") is not None:
        from collections import OrderedDict

        import torch

        names |= {"torch": torch, "OrderedDict": OrderedDict}
    module = ast.fix_missing_locations(ast.Module(list(found), []))
    exec(compile(module, str(file), "exec"), names)
    return names

"""Record what the real libraries answer: `python record_answers.py GROUP`, one environment a group.

Each group needs other packages, which `answers.json` names. The answers are merged into that file.
"""

# ruff: noqa: ARG005, B008, E501, T201 - a table of lambdas that prints errors
from __future__ import annotations

import json
import logging
import math
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from metrics.calls.inputs import INPUTS, Array

FILE = Path(__file__).parent / "answers.json"
LABELS = [name for name in INPUTS if name.startswith("labels")]
BINARY = [name for name in INPUTS if name.startswith("binary")]
SCORES = [name for name in INPUTS if "scores" in name]
FLAT = ["flat labels", "flat binary"]
ONE_HOT = ["one-hot", "one-hot, one class never true"]
MODES = {
    "binary": ["one channel", "one channel of labels"],
    "multilabel": [*ONE_HOT, "one channel", "one channel of labels"],
}
BINARY_F1 = "sklearn.metrics.f1_score(y_true, y_pred)"
Answer = Callable[[Array, Array, int], Any]
Table = dict[str, tuple[list[str], Answer]]


def skip_package(name: str) -> None:
    """Make the modules of a package importable without its `__init__` and what that imports."""
    folder = name.replace(".", "/")
    place = next(path for path in sys.path if (Path(path) / folder).is_dir())
    module = types.ModuleType(name)
    module.__path__ = [str(Path(place) / folder)]
    sys.modules[name] = module


def record_torchmetrics() -> Table:
    import torch
    import torchmetrics.functional as plain
    from torchmetrics import F1Score
    from torchmetrics.classification import BinaryF1Score, MulticlassF1Score
    from torchmetrics.functional import segmentation

    def feed(metric: Any, truth: Array, predicted: Array) -> Any:
        metric.update(torch.tensor(predicted), torch.tensor(truth))
        return metric.compute()

    def function(work: Any, **settings: Any) -> Answer:
        return lambda t, p, n: work(torch.tensor(p), torch.tensor(t), num_classes=n, **settings)

    found: Table = {}
    for average in ("micro", "macro", "weighted"):
        found[
            f"torchmetrics.F1Score(task='multiclass', num_classes={{n}}, average='{average}')"
        ] = (
            [*LABELS, *SCORES, "binary"],
            lambda t, p, n, a=average: feed(F1Score("multiclass", num_classes=n, average=a), t, p),
        )
    found["torchmetrics.F1Score(task='multiclass', num_classes={n}, ignore_index=255)"] = (
        LABELS, lambda t, p, n: feed(F1Score("multiclass", num_classes=n, ignore_index=255), t, p),
    )  # fmt: skip
    found["MulticlassF1Score(num_classes={n}, ignore_index=0)"] = (
        LABELS, lambda t, p, n: feed(MulticlassF1Score(n, ignore_index=0), t, p),
    )  # fmt: skip
    found["MulticlassF1Score({n}, multidim_average='samplewise')"] = (
        LABELS,
        lambda t, p, n: feed(MulticlassF1Score(n, multidim_average="samplewise"), t, p).mean(),
    )
    found["BinaryF1Score(threshold=0.4)"] = (
        [*BINARY, "no channel"], lambda t, p, n: feed(BinaryF1Score(0.4), t, p),
    )  # fmt: skip
    call = (
        "torchmetrics.functional.jaccard_index(preds, target, task='multiclass', num_classes={n})"
    )
    found[call] = ([*LABELS, *SCORES], function(plain.jaccard_index, task="multiclass"))
    call = "functional.f1_score(preds, target, task='multiclass', num_classes={n}, average='macro')"
    found[call] = (LABELS, function(plain.f1_score, task="multiclass", average="macro"))
    call = "torchmetrics.functional.segmentation.mean_iou(p, t, {n}, input_format='index').mean()"
    found[call] = (
        LABELS, lambda t, p, n: function(segmentation.mean_iou, input_format="index")(t, p, n).mean(),
    )  # fmt: skip
    return found


def record_torchmetrics_09() -> Table:
    import torch
    from torchmetrics import JaccardIndex
    from torchmetrics.functional import jaccard_index

    def feed(metric: Any, truth: Array, predicted: Array) -> Any:
        metric.update(torch.tensor(predicted), torch.tensor(truth))
        return metric.compute()

    names = [*LABELS, *SCORES, "binary", "no channel"]
    found: Table = {
        "torchmetrics.JaccardIndex(num_classes={n})": (
            names, lambda t, p, n: feed(JaccardIndex(n), t, p)),
        "torchmetrics.JaccardIndex({n}, absent_score=1.0)": (
            LABELS, lambda t, p, n: feed(JaccardIndex(n, absent_score=1.0), t, p)),
        "torchmetrics.JaccardIndex({n}, ignore_index=255)": (
            LABELS, lambda t, p, n: feed(JaccardIndex(n, ignore_index=255), t, p)),
        "torchmetrics.functional.jaccard_index(preds, target, num_classes={n})": (
            LABELS, lambda t, p, n: jaccard_index(torch.tensor(p), torch.tensor(t), n)),
    }  # fmt: skip
    for average in ("micro", "macro", "weighted"):
        for ignore in (None, 0) if average != "weighted" else (None,):
            found[
                f"JaccardIndex(num_classes={{n}}, average='{average}', ignore_index={ignore})"
            ] = (
                LABELS,
                lambda t, p, n, a=average, i=ignore: feed(
                    JaccardIndex(n, average=a, ignore_index=i), t, p
                ),
            )
    return found


def record_torchmetrics_14() -> Table:
    import torch
    from torchmetrics import Dice
    from torchmetrics.functional import dice

    def feed(metric: Any, truth: Array, predicted: Array) -> Any:
        metric.update(torch.tensor(predicted), torch.tensor(truth))
        return metric.compute()

    return {
        "torchmetrics.Dice(average='micro')": (
            [*LABELS, *SCORES, "binary"], lambda t, p, n: feed(Dice(average="micro"), t, p)),
        "torchmetrics.Dice(num_classes={n}, average='macro')": (
            [*LABELS, *SCORES], lambda t, p, n: feed(Dice(num_classes=n, average="macro"), t, p)),
        "torchmetrics.Dice(num_classes={n}, ignore_index=0)": (
            [*LABELS], lambda t, p, n: feed(Dice(num_classes=n, ignore_index=0), t, p)),
        "torchmetrics.Dice(num_classes={n}, average='macro', mdmc_average='samplewise')": (
            LABELS, lambda t, p, n: feed(
                Dice(num_classes=n, average="macro", mdmc_average="samplewise"), t, p)),
        "torchmetrics.functional.dice(preds, target)": (
            [*LABELS, "binary", "no channel", "one channel"],
            lambda t, p, n: dice(torch.tensor(p), torch.tensor(t))),
    }  # fmt: skip


def record_torchmetrics_06() -> Table:
    import torch
    from torchmetrics import IoU
    from torchmetrics.functional import iou

    def feed(metric: Any, truth: Array, predicted: Array) -> Any:
        metric.update(torch.tensor(predicted), torch.tensor(truth))
        return metric.compute()

    return {
        "torchmetrics.IoU(num_classes={n})": (
            [*LABELS, "binary"], lambda t, p, n: feed(IoU(n), t, p)),
        "torchmetrics.IoU(num_classes={n}, ignore_index=0)": (
            [*LABELS, "binary"], lambda t, p, n: feed(IoU(n, ignore_index=0), t, p)),
        "torchmetrics.functional.iou(preds, target, num_classes={n})": (
            LABELS, lambda t, p, n: iou(torch.tensor(p), torch.tensor(t), num_classes=n)),
    }  # fmt: skip


def record_monai() -> Table:
    import torch
    from monai.metrics import DiceHelper, DiceMetric, MeanIoU, compute_dice, compute_iou
    from monai.utils import MetricReduction

    def tensors(truth: Array, predicted: Array) -> dict[str, Any]:
        return {"y_pred": torch.tensor(predicted), "y": torch.tensor(truth)}

    def total(metric: Any, truth: Array, predicted: Array) -> Any:
        metric(**tensors(truth, predicted))
        return metric.aggregate()

    def helper(**settings: Any) -> Answer:
        return lambda t, p, n: DiceHelper(get_not_nans=False, **settings)(
            torch.tensor(p), torch.tensor(t[:, None])
        )

    arrays = [*ONE_HOT, "one channel of labels"]
    mean = MetricReduction.MEAN
    return {
        "monai.metrics.compute_dice(y_pred, y).nanmean()": (
            arrays, lambda t, p, n: compute_dice(**tensors(t, p)).nanmean()),
        "compute_dice(y_pred, y, include_background=False)": (
            ONE_HOT, lambda t, p, n: compute_dice(
                **tensors(t, p), include_background=False).nanmean()),
        "monai.metrics.compute_dice(p, y, ignore_empty=False)": (
            arrays, lambda t, p, n: compute_dice(**tensors(t, p), ignore_empty=False).nanmean()),
        "monai.metrics.compute_iou(y_pred, y)": (
            arrays, lambda t, p, n: compute_iou(**tensors(t, p)).nanmean()),
        "DiceMetric(reduction=MetricReduction.MEAN)": (
            arrays, lambda t, p, n: total(DiceMetric(reduction=mean), t, p)),
        "monai.metrics.MeanIoU(reduction='mean')": (
            arrays, lambda t, p, n: total(MeanIoU(), t, p)),
        "DiceHelper(softmax=True, include_background=True, reduction=MetricReduction.MEAN)": (
            SCORES, helper(apply_argmax=True, include_background=True, reduction=mean)),
        "DiceHelper(include_background=False, reduction='mean')": (
            SCORES, helper(include_background=False, reduction="mean")),
    }  # fmt: skip


def record_monai_08() -> Table:
    import torch
    from monai.metrics import compute_meandice

    def tensors(truth: Array, predicted: Array) -> dict[str, Any]:
        return {"y_pred": torch.tensor(predicted), "y": torch.tensor(truth)}

    return {
        "monai.metrics.compute_meandice(y_pred, y)": (
            ONE_HOT, lambda t, p, n: compute_meandice(**tensors(t, p)).nanmean()),
        "monai.metrics.compute_meandice(y_pred, y, include_background=False)": (
            ONE_HOT, lambda t, p, n: compute_meandice(
                **tensors(t, p), include_background=False).nanmean()),
    }  # fmt: skip


def record_smp() -> Table:
    import torch

    skip_package("segmentation_models_pytorch")
    skip_package("segmentation_models_pytorch.base")
    from segmentation_models_pytorch import metrics
    from segmentation_models_pytorch.utils.metrics import Fscore, IoU

    def counts(truth: Array, predicted: Array, n: int) -> Any:
        tensors = torch.tensor(predicted), torch.tensor(truth)
        return metrics.get_stats(*tensors, mode="multiclass", num_classes=n)

    def call(metric: Any, truth: Array, predicted: Array) -> Any:
        return metric(torch.tensor(predicted).float(), torch.tensor(truth).float())

    found: Table = {
        f"smp.metrics.{name}(tp, fp, fn, tn, reduction='{reduction}')": (
            LABELS, lambda t, p, n, w=getattr(metrics, name), r=reduction: w(
                *counts(t, p, n), reduction=r))
        for name in ("f1_score", "precision", "recall")
        for reduction in ("micro", "macro", "macro-imagewise", "micro-imagewise")
    }  # fmt: skip
    for mode, names in MODES.items():
        for reduction in ("micro", "macro-imagewise"):
            stats = f"*smp.metrics.get_stats(o, m, mode='{mode}', threshold=THRESHOLD)"
            found[f"smp.metrics.iou_score({stats}, reduction='{reduction}')"] = (
                names,
                lambda t, p, n, m=mode, r=reduction: metrics.iou_score(
                    *metrics.get_stats(
                        torch.tensor(p),
                        torch.tensor(t),
                        mode=m,
                        threshold=0.5 if p.dtype.kind == "f" else None,
                    ),
                    reduction=r,
                ),
            )
    arrays = [*ONE_HOT, "one channel", "one channel of labels", "no channel"]
    return found | {
        "smp.utils.metrics.IoU(threshold=0.5)": (arrays, lambda t, p, n: call(IoU(), t, p)),
        "smp.utils.metrics.Fscore()": (arrays, lambda t, p, n: call(Fscore(), t, p)),
        "smp.utils.metrics.IoU(threshold=None)": (
            arrays, lambda t, p, n: call(IoU(threshold=None), t, p)),
        "smp.utils.metrics.IoU(ignore_channels=[0])": (
            ONE_HOT, lambda t, p, n: call(IoU(ignore_channels=[0]), t, p)),
    }  # fmt: skip


def record_sklearn() -> Table:
    from sklearn import metrics

    found: Table = {}
    for name in ("f1_score", "precision_score", "recall_score", "jaccard_score"):
        for average in ("macro", "micro", "weighted"):
            found[f"sklearn.metrics.{name}(y_true.ravel(), y_pred.ravel(), average='{average}')"] = (
                FLAT, lambda t, p, n, w=getattr(metrics, name), a=average: w(t, p, average=a),
            )  # fmt: skip
        found[f"metrics.{name}(y_true, y_pred)" if name != "f1_score" else BINARY_F1] = (
            FLAT, lambda t, p, n, w=getattr(metrics, name): w(t, p),
        )  # fmt: skip
        found[f"np.mean({name}(y_true, y_pred, average=None, labels=range(4)))"] = (
            FLAT,
            lambda t, p, n, w=getattr(metrics, name): w(t, p, average=None, labels=range(4)).mean(),
        )
    for name in ("accuracy_score", "balanced_accuracy_score"):
        found[f"sklearn.metrics.{name}(y_true, y_pred)"] = (
            FLAT, lambda t, p, n, w=getattr(metrics, name): w(t, p),
        )  # fmt: skip
    return found


def record_tensorflow() -> Table:
    import tensorflow as tf

    def run(truth: Array, predicted: Array, n: int) -> Any:
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            value, update = tf.compat.v1.metrics.mean_iou(
                tf.constant(truth), tf.constant(predicted), n
            )
            session.run(tf.compat.v1.local_variables_initializer())
            session.run(update)
            return session.run(value)

    arrays = [*LABELS, *FLAT, "binary", "no channel"]
    return {
        "tf.metrics.mean_iou(labels, predictions, num_classes={n})": (arrays, run),
        "tf.compat.v1.metrics.mean_iou(labels=y, predictions=p, num_classes={n})": (arrays, run),
        "tf.contrib.metrics.streaming_mean_iou(predictions, labels, {n})": (arrays, run),
    }


def record_medpy() -> Table:
    from medpy.metric import binary

    arrays = [*BINARY, "labels", "no channel"]
    return {
        f"medpy.metric.binary.{name}(pred, gt)": (
            arrays, lambda t, p, n, w=getattr(binary, name): w(p, t))
        for name in ("dc", "jc", "precision", "recall")
    }  # fmt: skip


def record_fastai() -> Table:
    import torch
    from fastai import metrics
    from fastai.torch_core import TensorBase

    class Learner:
        def __init__(self, truth: Array, predicted: Array) -> None:
            self.pred, self.y = TensorBase(torch.tensor(predicted)), TensorBase(torch.tensor(truth))

    def feed(metric: Any, truth: Array, predicted: Array) -> Any:
        metric.reset()
        for k in range(len(truth)):
            metric.accumulate(Learner(truth[k : k + 1], predicted[k : k + 1]))
        return metric.value

    found: Table = {
        f"{name}()": (SCORES, lambda t, p, n, w=getattr(metrics, name): feed(w(), t, p))
        for name in ("DiceMulti", "JaccardCoeffMulti")
    }
    two = [name for name in SCORES if name.startswith("two")]
    found |= {
        f"fastai.metrics.{name}()": (
            two, lambda t, p, n, w=getattr(metrics, name): feed(w(), t, p))
        for name in ("Dice", "JaccardCoeff")
    }  # fmt: skip
    found["foreground_acc(inp, targ)"] = (
        SCORES,
        lambda t, p, n: metrics.foreground_acc(torch.tensor(p), torch.tensor(t)[:, None]),
    )
    return found


def record_fastai1() -> Table:
    from importlib.util import find_spec

    import torch
    from metrics.comparison.libraries import read_functions

    spec = find_spec("fastai")
    assert spec is not None
    assert spec.origin is not None
    dice = read_functions(Path(spec.origin).with_name("metrics.py"))["dice"]
    two = [name for name in SCORES if name.startswith("two")]
    return {
        call: (two, lambda t, p, n, iou=iou: dice(
            torch.tensor(p), torch.tensor(t)[:, None], iou=iou))
        for call, iou in {
            "from fastai.vision import *\nmetrics = [partial(dice, iou=True)]": True,
            "fastai.metrics.dice": False,
        }.items()
    }  # fmt: skip


def record_super_gradients() -> Table:
    import torch

    for package in ("", ".common", ".training", ".training.metrics"):
        skip_package(f"super_gradients{package}")
    registry = types.ModuleType("registry")  # the real one imports torchvision
    registry.register_metric = lambda name: lambda work: work  # type: ignore[attr-defined]
    sys.modules["super_gradients.common.registry.registry"] = registry
    from super_gradients.training.metrics import segmentation_metrics as module

    def feed(metric: Any, truth: Array, predicted: Array) -> Any:
        for k in range(len(truth)):
            metric.update(torch.tensor(predicted[k : k + 1]), torch.tensor(truth[k : k + 1]))
        return metric.compute()

    found: Table = {}
    for name in ("IoU", "Dice"):
        for settings in ({}, {"ignore_index": 0}, {"ignore_index": 255}):
            written = "".join(f", {key}={value}" for key, value in settings.items())
            found[f"super_gradients.training.metrics.{name}(num_classes={{n}}{written})"] = (
                SCORES,
                lambda t, p, n, w=getattr(module, name), s=settings: feed(w(n, **s), t, p),
            )
    return found


def record_mmseg() -> Table:
    import numpy as np

    sys.modules["mmcv"] = types.ModuleType("mmcv")
    for package in ("mmseg", "mmseg.core", "mmseg.core.evaluation"):
        skip_package(package)
    from mmseg.core.evaluation import metrics as module

    keys = {"mean_iou": "IoU", "mean_dice": "Dice", "mean_fscore": "Fscore"}
    return {
        f"mmseg.core.evaluation.{name}(results, gt_seg_maps, num_classes={{n}}, ignore_index=255)": (
            LABELS, lambda t, p, n, w=getattr(module, name), k=key: np.nanmean(
                w(list(p), list(t), n, 255)[k]))
        for name, key in keys.items()
    }  # fmt: skip


def record_lightning() -> Table:
    import torch

    for package in ("", ".metrics", ".metrics.functional"):
        skip_package(f"pytorch_lightning{package}")
    sys.modules["pytorch_lightning"]._logger = logging.getLogger()  # type: ignore[attr-defined]
    from pytorch_lightning.metrics.functional.classification import iou

    arrays = [*LABELS, "binary"]
    return {
        "pytorch_lightning.metrics.functional.iou(pred, target, num_classes={n})": (
            arrays, lambda t, p, n: iou(torch.tensor(p), torch.tensor(t), num_classes=n)),
        "pl.metrics.functional.iou(pred, target, num_classes={n}, ignore_index=0)": (
            arrays, lambda t, p, n: iou(
                torch.tensor(p), torch.tensor(t), num_classes=n, ignore_index=0)),
    }  # fmt: skip


GROUPS = {
    name.removeprefix("record_"): work
    for name, work in list(globals().items())
    if name.startswith("record_")
}


def ask(work: Answer, inputs: tuple[Array, Array, int]) -> float | str:
    """Return the answer, "raises" or "NaN"."""
    try:
        value = float(work(*inputs))
    except Exception as error:
        print(type(error).__name__, str(error)[:150].replace("\n", " "), file=sys.stderr)
        return "raises"
    return "NaN" if math.isnan(value) else value


def main() -> None:
    group = sys.argv[1]
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    known[group] = [
        [call, name, ask(work, INPUTS[name])]
        for call, (names, work) in GROUPS[group]().items()
        for name in names
    ]
    rows = {key: [json.dumps(row) for row in rows] for key, rows in sorted(known.items())}
    text = ",\n".join(
        f" {json.dumps(key)}: [\n  " + ",\n  ".join(lines) + "\n ]" for key, lines in rows.items()
    )
    FILE.write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    main()

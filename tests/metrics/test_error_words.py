"""An error that is foretold begins with the words of the library that raises it."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from build import diagnose, one_hot

from iou_doctor.arrays.interpretation import Encoding

JACCARD = "torchmetrics.JaccardIndex(task='multiclass', num_classes=3)"
BINARY = "torchmetrics.JaccardIndex(task='binary')"
INDEX = "torchmetrics.segmentation.MeanIoU(num_classes=3, input_format='index')"
SKLEARN = "sklearn.metrics.jaccard_score(y_true, y_pred, average='{}')"
KORNIA = "kornia.metrics.mean_iou(pred, target, 3)"
IGNITE = "ignite.metrics.mIoU(cm{})"
SMP = "smp.metrics.iou_score(tp, fp, fn, tn, reduction='macro')"
KERAS = "keras.metrics.MeanIoU(num_classes=3{})"

T = np.array([[[0, 1, 2, 2], [1, 0, 1, 2]]])
P = np.array([[[0, 1, 1, 2], [1, 0, 0, 2]]])
FEW = np.array([[[0, 1, 1, 1], [1, 0, 1, 1]]])
SCORES = np.array([[[0.1, 0.7, 0.6, 0.2], [0.8, 0.3, 0.4, 0.9]]], np.float32)
CHANNELS = np.moveaxis(one_hot(P, 3).astype(np.float32) * 0.5 + 0.1, -1, 1)


def put(maps: np.ndarray[Any, Any], label: int) -> np.ndarray[Any, Any]:
    """Return the maps with one other label."""
    changed = maps.copy()
    changed[0, 0, 1] = label
    return changed


CASES = {
    "torchmetrics, many values": (put(T, 255), P, JACCARD),
    "torchmetrics, many predicted": (T, put(P + (P == 1), 7), JACCARD),
    "torchmetrics, beyond": (put(FEW, 255), FEW, JACCARD),
    "torchmetrics, predicted beyond": (T, put(FEW, 8), JACCARD),
    "torchmetrics, below": (put(FEW, -1), FEW, JACCARD),
    "torchmetrics, sizes": (T, P[:, :, :3], JACCARD),
    "torchmetrics, channels last": (T, np.moveaxis(CHANNELS, 1, -1), JACCARD),
    "torchmetrics, integers": (T, one_hot(P, 3).swapaxes(1, 3).swapaxes(2, 3), JACCARD),
    "torchmetrics, binary": (put(FEW, 255), SCORES, BINARY),
    "torchmetrics, binary labels": (put(FEW, 255), FEW, BINARY),
    "torchmetrics, index": (put(T, 255), P, INDEX),
    "torchmetrics, index below": (put(T, -1), P, INDEX),
    "torchmetrics, index of scores": (FEW, SCORES, INDEX),
    "torchmetrics, index of channels": (T, CHANNELS, INDEX),
    "sklearn, two classes": (FEW, SCORES, SKLEARN.format("macro")),
    "sklearn, three classes": (T, SCORES, SKLEARN.format("macro")),
    "sklearn, binary": (put(FEW, 255), FEW, SKLEARN.format("binary")),
    "sklearn, sizes": (T, P[:, :, :3], SKLEARN.format("macro")),
    "kornia, beyond": (put(T, 255), P, KORNIA),
    "kornia, below": (T, put(P, -1), KORNIA),
    "kornia, scores": (FEW, SCORES, KORNIA),
    "kornia, channels": (T, CHANNELS, KORNIA),
    "kornia, sizes": (T, P[:, :, :3], KORNIA),
    "ignite, labels": (T, P, IGNITE.format("")),
    "ignite, channels last": (T, np.moveaxis(CHANNELS, 1, -1), IGNITE.format("")),
    "ignite, one-hot masks": (one_hot(T, 3).transpose(0, 3, 1, 2), CHANNELS, IGNITE.format("")),
    "ignite, ignore_index": (T, CHANNELS, IGNITE.format(", ignore_index=255")),
    "smp, scores": (T, P.astype(np.float32), SMP),
    "smp, channels": (T, CHANNELS, SMP),
    "smp, sizes": (T, P[:, :, :3], SMP),
    "Keras, sizes": (T, P[:, :, :3], KERAS.format("")),
    "Keras, channels": (T, np.moveaxis(CHANNELS, 1, -1), KERAS.format("")),
    "Keras, axis": (
        T[:, :1, :3].repeat(3, axis=1),
        np.moveaxis(CHANNELS, 1, -1)[:, :1, :3].repeat(3, axis=1),
        KERAS.format(", sparse_y_pred=False, axis=1"),
    ),
}


def run(metric: str, truth: Any, predicted: Any) -> Any:
    """Run the library itself."""
    library = metric.partition(".")[0]
    if library == "keras":
        pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
        keras = pytest.importorskip("keras", reason="Keras is not installed")
        made = eval(metric, {"keras": keras})
        made.update_state(truth, predicted)
        return made.result()
    if library == "sklearn":
        metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
        average = metric.rpartition("=")[2].strip("')")
        return metrics.jaccard_score(truth.ravel(), predicted.ravel(), average=average)
    torch = pytest.importorskip("torch", reason="torch is not installed")
    maps = torch.as_tensor(predicted), torch.as_tensor(truth)
    return TORCH[library](metric, *maps)


def _torchmetrics(metric: str, predicted: Any, truth: Any) -> Any:
    torchmetrics = pytest.importorskip("torchmetrics", reason="torchmetrics is not installed")
    pytest.importorskip("torchmetrics.segmentation", reason="torchmetrics is not installed")
    made = eval(metric, {"torchmetrics": torchmetrics})
    made.update(predicted, truth)
    return made.compute()


def _kornia(_metric: str, predicted: Any, truth: Any) -> Any:
    metrics = pytest.importorskip("kornia.metrics", reason="kornia is not installed")
    return metrics.mean_iou(predicted, truth, 3)


def _ignite(metric: str, predicted: Any, truth: Any) -> Any:
    metrics = pytest.importorskip("ignite.metrics", reason="ignite is not installed")
    cm = metrics.ConfusionMatrix(num_classes=3)
    made = eval(metric.removeprefix("ignite.metrics."), {"mIoU": metrics.mIoU, "cm": cm})
    cm.update((predicted, truth))
    return made.compute()


def _smp(_metric: str, predicted: Any, truth: Any) -> Any:
    metrics = pytest.importorskip("segmentation_models_pytorch.metrics", reason="no smp")
    return metrics.get_stats(predicted, truth, mode="multiclass", num_classes=3)


TORCH: dict[str, Callable[[str, Any, Any], Any]] = {
    "torchmetrics": _torchmetrics,
    "kornia": _kornia,
    "ignite": _ignite,
    "smp": _smp,
}


def foretell(case: str) -> str:
    """Return the error that the doctor foretells."""
    truth, predicted, metric = CASES[case]
    classes = 2 if "binary'" in metric else 3
    options = {"predictions_as": Encoding.SIGMOID} if predicted is SCORES else {}
    layout = {3: "NHW", 4: "NCHW"}
    last = predicted.ndim == 4 and predicted.shape[-1] == 3
    axes = f"{'NHWC' if last else layout[predicted.ndim]},{layout[truth.ndim]}"
    report = diagnose(
        y_true=truth, y_pred=predicted, metric=metric, num_classes=classes, layout=axes, **options
    )
    assert report.metric.error is not None
    return report.metric.error


def test_the_words_are_the_recorded_ones():
    """They were compared with the libraries when they were recorded, by the test below."""
    path = Path(__file__).parent / "error_words.json"
    recorded = json.loads(path.read_text(encoding="utf-8"))
    found = {case: foretell(case) for case in CASES}
    assert found == recorded


@pytest.mark.reference
@pytest.mark.parametrize("case", CASES)
def test_the_words_are_those_of_the_library(case):
    truth, predicted, metric = CASES[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is, it is compared
            run(metric, truth, predicted)
    words = re.sub(r"^\{\{.*?\}\} ", "", str(raised.value))
    real = f"{type(raised.value).__name__}: {words}"
    ours = foretell(case)
    begun = re.split(r" \((?:the|of) |: 0 and 1|: result\(\)", ours)[0]
    assert real.startswith(begun), (real, ours)

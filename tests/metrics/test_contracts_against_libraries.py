"""The metrics of other libraries, named by their calls, against those libraries themselves."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from build import diagnose, one_hot, pair_of
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.arrays.interpretation import Encoding, Options
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest

pytestmark = pytest.mark.reference

EXAMPLES = settings(max_examples=25)
JACCARD = "torchmetrics.JaccardIndex(task='multiclass', num_classes={classes}, "
MAPS = "torchmetrics.segmentation.{name}(num_classes={{classes}}, input_format='index'"


class Case:
    """Masks, predicted ids, and scores with channels at axis 1 that are highest for these ids."""

    def __init__(
        self, seed: int, *, void: int | None = None, stray: bool = False, nan: bool = False
    ) -> None:
        rng = np.random.default_rng(seed)
        self.classes = classes = int(rng.integers(2, 5))
        shape = (int(rng.integers(1, 5)), int(rng.integers(1, 5)), int(rng.integers(1, 8)))
        present = int(rng.integers(1, classes + 1))  # the others are absent from the masks
        truth = rng.integers(0, present, shape)
        levels = int(rng.choice([3, 50]))  # few of them: ties
        scores = rng.integers(0, levels, (shape[0], classes, *shape[1:])) / levels
        hits = np.where(rng.random(shape) < 0.6, truth, -1)
        scores += np.moveaxis(one_hot(hits, classes), -1, 1)
        self.scores = (scores / 3).astype(np.float32)
        if nan:
            self.scores[rng.random(self.scores.shape) < 0.1] = np.nan
        self.predicted = self.scores.argmax(1)
        self.one_hot = np.moveaxis(one_hot(truth, classes), -1, 1)
        self.truth = truth if void is None else np.where(rng.random(shape) < 0.2, void, truth)
        if stray:
            self.truth[0, 0, 0] = rng.choice([-1, 0, classes, classes + 1, 255])
            self.predicted[-1, -1, -1] = rng.choice([0, classes])
        self.batch = int(rng.integers(1, shape[0] + 1))

    def ask_doctor(self, call: str, truth: Any, predicted: Any, **options: Any) -> float | None:
        """Return the value that the doctor predicts for the metric."""
        letters = {3: "NHW", 4: "NCHW"}
        report = diagnose(
            y_true=truth,
            y_pred=predicted,
            metric=call.format(classes=self.classes),
            layout=f"{letters[predicted.ndim]},{letters[truth.ndim]}",
            **({"num_classes": self.classes} | options),
        )
        return report.metric.value


SEEDS = st.integers(0, 2**32 - 1)


def compute_quietly(compute: Callable[[], Any]) -> float | None:
    """Return a number; `None` where the library raises, or for NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = float(compute())
        except (ValueError, RuntimeError, IndexError, TypeError):
            return None
    return None if np.isnan(value) else value


def build_metric(call: str, classes: int) -> Any:
    """Return the metric object of a call in this file."""
    reason = "torchmetrics is not installed"
    torchmetrics = pytest.importorskip("torchmetrics", reason=reason)
    pytest.importorskip("torchmetrics.segmentation", reason=reason)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a default has changed
        return eval(call.format(classes=classes), {"torchmetrics": torchmetrics})


def update_and_compute(
    metric: Any, truth: Any, predicted: Any, batch: int | None = None
) -> float | None:
    """Return what a metric of torch computes after its updates."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    size = batch or len(truth)

    def compute() -> Any:
        for first in range(0, len(truth), size):
            rows = slice(first, first + size)
            metric.update(torch.as_tensor(predicted[rows]), torch.as_tensor(truth[rows]))
        return metric.compute()

    return compute_quietly(compute)


def approximately(value: float | None) -> Any:
    return value if value is None else pytest.approx(value, abs=2e-6)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("void", [None, 255, 0])
@EXAMPLES
@given(seed=SEEDS)
def test_torchmetrics_jaccard_index(average: str, void: int | None, seed: int) -> None:
    case = Case(seed, void=void)
    call = f"{JACCARD}average='{average}', ignore_index={void})"
    for shown in (case.predicted, case.scores):
        real = update_and_compute(build_metric(call, case.classes), case.truth, shown)
        assert case.ask_doctor(call, case.truth, shown) == approximately(real)


@EXAMPLES
@given(seed=SEEDS)
def test_torchmetrics_jaccard_index_of_stray_labels(seed: int) -> None:
    case = Case(seed, stray=True)
    call = f"{JACCARD}average='macro')"
    for shown in (case.predicted, case.scores):
        real = update_and_compute(build_metric(call, case.classes), case.truth, shown)
        assert case.ask_doctor(call, case.truth, shown) == approximately(real)


@EXAMPLES
@given(seed=SEEDS)
def test_torchmetrics_jaccard_index_of_one_hot_masks_counts_each_value(seed: int) -> None:
    case = Case(seed)
    call = f"{JACCARD}average='macro')"
    real = update_and_compute(
        build_metric(call, case.classes), case.one_hot.astype(np.int64), case.scores
    )
    assert case.ask_doctor(call, case.one_hot.astype(np.int64), case.scores) == approximately(real)


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("threshold", [0.5, 0.3])
@EXAMPLES
@given(seed=SEEDS)
def test_torchmetrics_binary_jaccard_index(logits: bool, threshold: float, seed: int) -> None:
    case = Case(seed)
    truth, scores = (case.truth > 0).astype(np.int64), case.scores[:, 1]
    if logits and threshold == 0.5:
        scores = scores * 6 - 2
    call = f"torchmetrics.classification.BinaryJaccardIndex(threshold={threshold})"
    real = update_and_compute(build_metric(call, 2), truth, scores)
    # scores of 0 and 1 alone would be labels to the doctor
    options = {"num_classes": 2, "predictions_as": Encoding.SIGMOID}
    assert case.ask_doctor(call, truth, scores, **options) == approximately(real)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@EXAMPLES
@given(seed=SEEDS)
def test_torchmetrics_multilabel_jaccard_index(average: str, seed: int) -> None:
    case = Case(seed)
    call = (
        "torchmetrics.classification.MultilabelJaccardIndex(num_labels={classes},"
        f" average='{average}')"
    )
    real = update_and_compute(build_metric(call, case.classes), case.one_hot, case.scores)
    assert case.ask_doctor(call, case.one_hot, case.scores) == approximately(real)


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize(
    "arguments",
    [
        "MeanIoU",
        "DiceScore",
        "DiceScore average='micro'",
        "DiceScore average='weighted'",
        "DiceScore aggregation_level='global'",
        "GeneralizedDiceScore",
    ],
)
@EXAMPLES
@given(seed=SEEDS)
def test_torchmetrics_segmentation(arguments: str, background: bool, seed: int) -> None:
    case = Case(seed)
    name, _, more = arguments.partition(" ")
    call = MAPS.format(name=name) + f", include_background={background}"
    call += f", {more})" if more else ")"
    real = update_and_compute(build_metric(call, case.classes), case.truth, case.predicted)
    assert case.ask_doctor(call, case.truth, case.predicted) == approximately(real)
    call = call.replace("'index'", "'one-hot'")
    real = update_and_compute(build_metric(call, case.classes), case.one_hot, case.scores)
    assert case.ask_doctor(call, case.one_hot, case.scores) == approximately(real)


@EXAMPLES
@given(seed=SEEDS)
def test_torchmetrics_generalised_dice_of_batches(seed: int) -> None:
    case = Case(seed)
    call = MAPS.format(name="GeneralizedDiceScore").format(classes=case.classes) + ")"
    real = update_and_compute(
        build_metric(call, case.classes), case.truth, case.predicted, case.batch
    )
    report = check_pair(
        pair_of(y_true=case.truth, y_pred=case.predicted),
        CheckRequest(
            options=Options(num_classes=case.classes, layout="NHW,NHW"),
            metric=call,
            batch_size=case.batch,
        ),
    )
    assert report.metric.value == approximately(real)


@pytest.mark.parametrize("labels", ["", ", labels=range({classes})"])
@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@EXAMPLES
@given(seed=SEEDS)
def test_sklearn_jaccard_score(average: str, labels: str, seed: int) -> None:
    reason = "scikit-learn is not installed"
    metrics = pytest.importorskip("sklearn.metrics", reason=reason)
    case = Case(seed, stray=True)
    call = f"sklearn.metrics.jaccard_score(y_true, y_pred, average='{average}'{labels})"
    listed = list(range(case.classes)) if labels else None
    real = compute_quietly(
        lambda: metrics.jaccard_score(
            case.truth.ravel(), case.predicted.ravel(), average=average, labels=listed
        )
    )
    assert case.ask_doctor(call, case.truth, case.predicted) == approximately(real)


@pytest.mark.parametrize("ignore_empty", [True, False])
@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("name", ["MeanIoU", "DiceMetric"])
@EXAMPLES
@given(seed=SEEDS)
def test_monai(name: str, background: bool, ignore_empty: bool, seed: int) -> None:
    monai = pytest.importorskip("monai.metrics", reason="MONAI is not installed")
    torch = pytest.importorskip("torch", reason="torch is not installed")
    case = Case(seed)
    arguments = {"include_background": background, "ignore_empty": ignore_empty}
    written = ", ".join(f"{key}={value}" for key, value in arguments.items())
    hard = np.moveaxis(one_hot(case.predicted, case.classes), -1, 1).astype(np.float32)
    truth = case.one_hot.astype(np.float32)
    for shown in (hard, case.scores):
        metric = getattr(monai, name)(**arguments)
        metric(torch.as_tensor(shown), torch.as_tensor(truth))
        real = compute_quietly(lambda metric=metric: metric.aggregate())
        said = case.ask_doctor(f"monai.metrics.{name}({written})", truth, shown)
        assert said == approximately(real)


@pytest.mark.parametrize("void", [None, 255, 0])
@EXAMPLES
@given(seed=SEEDS)
def test_torchmetrics_jaccard_index_takes_nan_for_the_largest(void: int | None, seed: int) -> None:
    case = Case(seed, void=void, nan=True)
    call = f"{JACCARD}average='macro', ignore_index={void})"
    real = update_and_compute(build_metric(call, case.classes), case.truth, case.scores, case.batch)
    assert case.ask_doctor(call, case.truth, case.scores, batch_size=case.batch) == approximately(
        real
    )


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("void", [None, 255])
@EXAMPLES
@given(seed=SEEDS)
def test_torchmetrics_binary_jaccard_index_of_batches_with_nan(
    void: int | None, logits: bool, seed: int
) -> None:
    case = Case(seed, nan=True)
    rng = np.random.default_rng(seed)
    truth, scores = (case.truth > 0).astype(np.int64), case.scores[:, 1]
    if logits:
        scores = scores * 6 - 2
    if void is not None:
        truth = np.where(rng.random(truth.shape) < 0.2, void, truth)
    call = f"torchmetrics.classification.BinaryJaccardIndex(ignore_index={void})"
    real = update_and_compute(build_metric(call, 2), truth, scores, case.batch)
    options = {"num_classes": 2, "predictions_as": Encoding.SIGMOID, "batch_size": case.batch}
    assert case.ask_doctor(call, truth, scores, **options) == approximately(real)


@EXAMPLES
@given(seed=SEEDS)
def test_torchmetrics_multilabel_jaccard_index_of_nan(seed: int) -> None:
    case = Case(seed, nan=True)
    call = "torchmetrics.classification.MultilabelJaccardIndex(num_labels={classes})"
    real = update_and_compute(build_metric(call, case.classes), case.one_hot, case.scores)
    said = case.ask_doctor(call, case.one_hot, case.scores)
    assert said is None if np.isnan(case.scores).any() else said == approximately(real)


@pytest.mark.parametrize("name", ["MeanIoU", "DiceScore", "GeneralizedDiceScore"])
@EXAMPLES
@given(seed=SEEDS)
def test_torchmetrics_segmentation_takes_nan_for_the_largest(name: str, seed: int) -> None:
    case = Case(seed, nan=True)
    call = f"torchmetrics.segmentation.{name}(num_classes={{classes}})"
    real = update_and_compute(
        build_metric(call, case.classes), case.one_hot, case.scores, case.batch
    )
    assert case.ask_doctor(call, case.one_hot, case.scores, batch_size=case.batch) == approximately(
        real
    )


@pytest.mark.parametrize("zero", [0, 1])
@pytest.mark.parametrize("void", [None, 255, -1])
@pytest.mark.parametrize("reduction", ["micro", "macro", "micro-imagewise", "macro-imagewise"])
@EXAMPLES
@given(seed=SEEDS)
def test_smp_iou_score(reduction: str, void: int | None, zero: int, seed: int) -> None:
    metrics = pytest.importorskip("segmentation_models_pytorch.metrics", reason="no smp")
    torch = pytest.importorskip("torch", reason="torch is not installed")
    case = Case(seed, void=void, stray=void is None)
    call = f"smp.metrics.iou_score(tp, fp, fn, tn, reduction='{reduction}', zero_division={zero})"

    def real() -> Any:
        maps = torch.as_tensor(case.predicted), torch.as_tensor(case.truth)
        arguments = {"num_classes": case.classes, "ignore_index": void}
        stats = metrics.get_stats(*maps, mode="multiclass", **arguments)
        return metrics.iou_score(*stats, reduction=reduction, zero_division=float(zero))

    said = case.ask_doctor(call, case.truth, case.predicted, ignore_index=void)
    assert said == approximately(compute_quietly(real))


@pytest.mark.parametrize("reduction", ["micro", "macro", "micro-imagewise", "macro-imagewise"])
@EXAMPLES
@given(seed=SEEDS)
def test_smp_iou_score_of_scores(reduction: str, seed: int) -> None:
    metrics = pytest.importorskip("segmentation_models_pytorch.metrics", reason="no smp")
    torch = pytest.importorskip("torch", reason="torch is not installed")
    case = Case(seed, nan=True)
    truth, scores = (case.truth > 0).astype(np.int64), case.scores[:, 1]
    call = f"smp.metrics.iou_score(tp, fp, fn, tn, reduction='{reduction}')"

    def real() -> Any:
        maps = torch.as_tensor(scores[:, None]), torch.as_tensor(truth[:, None])
        stats = metrics.get_stats(*maps, mode="binary", threshold=0.5)
        return metrics.iou_score(*stats, reduction=reduction, zero_division=1.0)

    options = {"num_classes": 2, "predictions_as": Encoding.SIGMOID}
    assert case.ask_doctor(call, truth, scores, **options) == approximately(compute_quietly(real))


@pytest.mark.parametrize("nan", [False, True])
@pytest.mark.parametrize("ignore", [None, 0, 1])
@pytest.mark.parametrize("name", ["mIoU", "DiceCoefficient", "confusion_matrix.cmAccuracy"])
@EXAMPLES
@given(seed=SEEDS)
def test_ignite(name: str, ignore: int | None, nan: bool, seed: int) -> None:
    metrics = pytest.importorskip("ignite.metrics", reason="ignite is not installed")
    torch = pytest.importorskip("torch", reason="torch is not installed")
    case = Case(seed, void=255, nan=nan)
    arguments = {} if ignore is None or "Accuracy" in name else {"ignore_index": ignore}
    written = ", ".join(f"{key}={value}" for key, value in arguments.items())
    matrix = metrics.ConfusionMatrix(num_classes=case.classes)
    module, _, function = name.rpartition(".")
    metric = getattr(metrics.confusion_matrix if module else metrics, function)(matrix, **arguments)
    for first in range(0, len(case.truth), case.batch):
        rows = slice(first, first + case.batch)
        matrix.update((torch.as_tensor(case.scores[rows]), torch.as_tensor(case.truth[rows])))
    real = compute_quietly(lambda: torch.as_tensor(metric.compute()).mean())
    said = case.ask_doctor(f"ignite.metrics.{name}(cm, {written})", case.truth, case.scores)
    assert said == approximately(real)


@pytest.mark.parametrize("eps", [1e-6, 0.5, 0])
@EXAMPLES
@given(seed=SEEDS)
def test_kornia_mean_iou(eps: float, seed: int) -> None:
    metrics = pytest.importorskip("kornia.metrics", reason="kornia is not installed")
    torch = pytest.importorskip("torch", reason="torch is not installed")
    case = Case(seed, stray=bool(seed % 2))
    call = f"kornia.metrics.mean_iou(pred, target, {case.classes}, eps={eps})"

    maps = torch.as_tensor(case.predicted), torch.as_tensor(case.truth)
    if any(side.min() < 0 or side.max() >= case.classes for side in maps):
        with pytest.raises(Exception, match="must contain values in"):
            metrics.mean_iou(*maps, case.classes)
        expected = None
    else:
        expected = compute_quietly(lambda: metrics.mean_iou(*maps, case.classes, eps).mean())
    assert case.ask_doctor(call, case.truth, case.predicted) == approximately(expected)

"""What a network computes stays where it is computed: only counts and small looks come to the host.

There is no GPU here. A processor stands for it: its tensors are taken for those of a device whose
memory the host cannot see, and whatever is turned into an array of NumPy is weighed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

import iou_doctor
from iou_doctor.arrays.model import ModelOptions
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.report.report import Report
from iou_doctor.scan import device
from iou_doctor.sources.memory import array_or_tensor
from iou_doctor.sources.opening import open_pair

tf = pytest.importorskip("tensorflow")
on_device = pytest.importorskip("iou_doctor.scan.tensorflow.on_device")

IMAGES, SIZE, CLASSES = 48, (128, 112), 8
DENSE = IMAGES * SIZE[0] * SIZE[1] * CLASSES * 4
"""Bytes of all scores."""
WEIGHTS = np.random.default_rng(5).normal(size=(3, CLASSES)).astype(np.float32)
METRIC = f"keras.metrics.MeanIoU(num_classes={CLASSES}, sparse_y_pred=False)"
EAGER = type(tf.constant(0))


class Scale:
    """Adds up the bytes of float tensors that become arrays."""

    def __init__(self) -> None:
        self.bytes = 0

    def weigh(self, values: Any) -> None:
        for value in values if isinstance(values, list | tuple) else [values]:
            if isinstance(value, EAGER) and value.dtype.is_floating:
                self.bytes += value.dtype.size * int(tf.size(value))


@pytest.fixture
def scale(monkeypatch: pytest.MonkeyPatch) -> Scale:
    """Weigh what becomes an array, by all the ways there are."""
    scale = Scale()

    def weighed(function: Any) -> Any:
        def call(values: Any, *more: Any, **options: Any) -> Any:
            scale.weigh(values)
            return function(values, *more, **options)

        return call

    for name in ("asarray", "array", "ascontiguousarray", "concatenate", "stack"):
        monkeypatch.setattr(np, name, weighed(getattr(np, name)))
    base = next(cls for cls in EAGER.__mro__ if "numpy" in vars(cls))
    monkeypatch.setattr(base, "numpy", weighed(base.numpy))
    return scale


@pytest.fixture
def a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processor be one."""
    monkeypatch.setattr(device, "is_gpu_visible", lambda: True)
    monkeypatch.setattr(on_device.kernels, "list_gpus", lambda: ["CPU:0"])
    monkeypatch.setattr(array_or_tensor, "is_on_host", lambda _: False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("born")
    images = np.random.default_rng(1).integers(0, 256, (IMAGES, *SIZE, 3), dtype=np.uint8)
    labels = (images.astype(np.float32) @ WEIGHTS).argmax(-1).astype(np.uint8)
    labels[:, :9] = (labels[:, :9] + 1) % CLASSES
    np.save(folder / "images.npy", images)
    np.save(folder / "masks.npy", labels)

    class Net(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, *SIZE, 3), tf.float32)])
        def __call__(self, x: Any) -> Any:
            return tf.nn.softmax(tf.linalg.matmul(x / 255.0, WEIGHTS))

    net = Net()
    tf.saved_model.save(net, str(folder / "model"), signatures=net.__call__)
    return folder


def of_model(place: Path, on: Any, **options: Any) -> Report:
    said = ModelOptions(images=str(place / "images.npy"), **options)
    masks, model = str(place / "masks.npy"), str(place / "model")
    pair = open_pair(y_true=masks, y_pred=model, model=said)
    return check_pair(pair, CheckRequest(metric=METRIC, device=on))


def scores_of(place: Path) -> Any:
    images = tf.constant(np.load(place / "images.npy"), tf.float32)
    return tf.nn.softmax(tf.linalg.matmul(images / 255.0, WEIGHTS))


class Loader:
    """Gives masks and what a network predicts for them, batch by batch, each time anew."""

    def __init__(self, masks: Any, scores: Any) -> None:
        self.masks, self.scores = masks, scores

    def __iter__(self) -> Iterator[Any]:
        for first in range(0, IMAGES, 5):
            yield self.masks[first : first + 5], self.scores[first : first + 5]


@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.usefixtures("a_gpu")
def test_the_output_of_a_model_never_becomes_an_array(place, scale, batch_size):
    report = of_model(place, "gpu", batch_size=batch_size)
    assert scale.bytes < DENSE / 10
    assert report.mean_iou is not None
    assert not [guess for guess in report.reading.assumed if guess.field == "device"]


def test_the_scale_weighs_what_the_processor_reads(place, scale):
    of_model(place, "cpu")
    assert scale.bytes > DENSE


@pytest.mark.usefixtures("a_gpu")
def test_a_tensor_stays_where_it_is(place, scale):
    masks, scores = np.load(place / "masks.npy"), scores_of(place)
    report = iou_doctor.check(y_true=masks, y_pred=scores, metric=METRIC, device="gpu")
    assert scale.bytes < DENSE / 10
    assert report.mean_iou == iou_doctor.check(y_true=masks, y_pred=scores.numpy()).mean_iou


@pytest.mark.parametrize("kind", ["loader", "dataset", "apart"])
@pytest.mark.usefixtures("a_gpu")
def test_batches_of_tensors_stay_where_they_are(place, scale, kind):
    masks, scores = np.load(place / "masks.npy"), scores_of(place)
    dataset = tf.data.Dataset.from_tensor_slices((masks, scores)).batch(5)
    scale.bytes = 0
    given = {
        "loader": {"pairs": Loader(masks, scores)},
        "dataset": {"pairs": dataset},
        "apart": {"y_true": masks, "y_pred": dataset.map(lambda _, pred: pred)},
    }[kind]
    report = iou_doctor.check(**given, metric=METRIC, device="gpu")
    assert scale.bytes < DENSE / 10
    plain = iou_doctor.check(y_true=masks, y_pred=scores.numpy(), metric=METRIC)
    assert report.score == plain.score


def test_the_report_is_that_of_the_processor_to_the_last_byte(place, request):
    from iou_doctor.render import json_v1

    plain = json_v1.render(of_model(place, "cpu"))
    request.getfixturevalue("a_gpu")
    assert json_v1.render(of_model(place, "gpu")) == plain


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        ({"all_implementations": True}, "sums of scores"),
        ({"ledger": "full"}, "kinds of errors"),
        ({}, None),
    ],
)
@pytest.mark.usefixtures("a_gpu")
def test_what_the_processor_had_to_count_is_noted(place, questions, words):
    said = ModelOptions(images=str(place / "images.npy"))
    pair = open_pair(y_true=str(place / "masks.npy"), y_pred=str(place / "model"), model=said)
    report = check_pair(pair, CheckRequest(metric=METRIC, **questions, device="gpu"))
    notes = [guess for guess in report.reading.assumed if guess.field == "device"]
    assert [note.why for note in notes] == (
        [f"the GPU's kernels do not support {words}"] if words else []
    )
    assert report.ledger is not None
    assert (report.ledger.by_kind is not None) == ("ledger" in questions)
    assert (report.ledger.lacks_kinds == "time") == ("ledger" not in questions)


@pytest.mark.usefixtures("a_gpu")
def test_a_repair_that_moves_pixels_is_counted_by_the_processor_and_noted():
    rows, columns = np.meshgrid(np.arange(48), np.arange(48), indexing="ij")
    masks = np.stack([((rows > 8 + k) & (columns < 20 + k)).astype(np.uint8) for k in range(8)])
    flipped = tf.constant(masks[:, :, ::-1])
    report = iou_doctor.check(y_true=masks, y_pred=flipped, num_classes=2, device="gpu")
    assert report.verdict.primary == "flipped-samples"
    notes = [
        g for g in json.loads(report.to_json())["reading"]["assumed"] if g["field"] == "device"
    ]
    assert notes == [
        {
            "field": "device",
            "value": "cpu",
            "why": "the GPU's kernels do not support arrays that a repair moves",
        }
    ]
    assert "device cpu" in str(report)


def test_what_is_born_there_pays_for_less():
    few, many = device.WORTH_COMPILING_A_GRAPH - 1, device.WORTH_COMPILING_A_GRAPH
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device, "is_gpu_visible", lambda: True)
        taken = [
            device.should_use_gpu("auto", n, on_device=born) for n in (few, many) for born in (0, 1)
        ]
    assert taken == [False, False, False, True]

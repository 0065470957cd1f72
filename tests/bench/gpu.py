"""`PYTHONPATH=tests python -m bench.gpu`: the TensorFlow kernels on this machine's GPU.

Arrays are born on the card. Each contestant is warmed up, then all take turns; the least time
of the rounds counts. The card's copy bandwidth is that of `tf.identity` of a large tensor, bytes
read and written; a kernel's is the bytes of its two arrays, read once.
"""

# ruff: noqa: T201 - what it says goes to the terminal

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iou_doctor.derivation import Derivation, Pairing
from iou_doctor.layout import Axes, Layout, Relation
from iou_doctor.scan.device import LOOKED_FOR, gpu_visible
from iou_doctor.stats import PairCounts

CLASSES = 21
ROUNDS = 5
TIMES = {"keras": 20, "torchmetrics": 5}
"""How much faster than the others the kernels are wanted to be."""


@dataclass(frozen=True)
class Case:
    """One kind of predictions, beside uint8 masks, or beside masks of its own dtype for labels."""

    dtype: str
    channels: int | None = None
    """`None`: labels; 1: scores without a class axis, cut at 0.5."""
    first: bool = False
    """The channels lie before the pixels."""
    wanted: float = 0.5
    """The share of the copy bandwidth that is wanted of the kernels."""

    @property
    def per_class(self) -> bool:
        """Whether there is a class axis."""
        return (self.channels or 1) > 1


CASES = {
    "labels": Case("uint8", wanted=0.4),
    "int64": Case("int64", wanted=0.4),
    "dense": Case("float32", CLASSES),
    "half": Case("float16", CLASSES),
    "first": Case("float32", CLASSES, first=True),
    "half first": Case("float16", CLASSES, first=True),
    "three": Case("float32", 3),
    "single": Case("float32", 1),
}


@dataclass(frozen=True)
class Row:
    """One contestant on one kind of data."""

    case: str
    contestant: str
    nanoseconds: float
    """For a pixel."""
    share: float | None
    """Of the copy bandwidth."""
    times: float | None
    """How many times as long as the kernels."""
    equal: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return 1 where counts differ."""
    parser = argparse.ArgumentParser("bench.gpu", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to FILE")
    parser.add_argument("--images", type=int, default=64, help="of 512 x 512")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--rehearse", action="store_true", help="on the processor, in its time")
    options = parser.parse_args(arguments)
    if not options.rehearse and not gpu_visible():
        print(f"No NVIDIA GPU is visible here (looked for {LOOKED_FOR}); nothing was measured.")
        return 0
    import tensorflow as tf

    from iou_doctor.scan.tensorflow_kernels import gpus

    devices = gpus()
    if not devices and not options.rehearse:
        print("TensorFlow sees no GPU; `pip install tensorflow[and-cuda]` brings what it needs.")
        return 0
    name = "the processor"
    if devices:
        card = tf.config.list_physical_devices("GPU")[0]
        name = tf.config.experimental.get_device_details(card).get("device_name", "a GPU")
    with tf.device(devices[0] if devices else "CPU:0"):
        copy = _copy_bandwidth(options)
        rows = [row for case in CASES for row in _case(case, options, copy)]
    _report(rows, name, copy, options)
    return int(not all(row.equal for row in rows))


def _timed(run: Callable[[], Any], options: argparse.Namespace) -> float:
    clock = time.process_time if options.rehearse else time.perf_counter
    start = clock()
    run()
    return clock() - start


def _copy_bandwidth(options: argparse.Namespace) -> float:
    """Return bytes a second, read and written together."""
    import tensorflow as tf

    source = tf.zeros([options.images, options.side, options.side, CLASSES])
    copy = tf.function(lambda values: values + 1.0)

    def run() -> None:
        copy(source)[0, 0, 0, 0].numpy()

    run()
    least = min(_timed(run, options) for _ in range(options.rounds))
    return 2 * float(np.prod(source.shape)) * 4 / least


def _case(name_of_case: str, options: argparse.Namespace, copy: float) -> list[Row]:
    case = CASES[name_of_case]
    true, pred = _arrays(case, [options.images, options.side, options.side])
    runs = _contestants(case, true, pred)
    matrices = {name: run() for name, run in runs.items()}
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(options.rounds):
        for name, run in runs.items():
            least[name] = min(least[name], _timed(run, options))
    pixels = float(np.prod(true.shape))
    size = sum(float(np.prod(array.shape)) * array.dtype.size for array in (true, pred))
    ours = least["iou-doctor"]
    return [
        Row(
            name_of_case,
            name,
            seconds / pixels * 1e9,
            size / seconds / copy if name == "iou-doctor" else None,
            None if name == "iou-doctor" else seconds / ours,
            bool(np.array_equal(matrices[name], matrices["iou-doctor"])),
        )
        for name, seconds in least.items()
    ]


def _arrays(case: Case, shape: list[int]) -> tuple[Any, Any]:
    """Return masks and predictions, born on the device in use."""
    import tensorflow as tf

    classes = max(2, case.channels or CLASSES)
    true = tf.cast(tf.random.uniform(shape, 0, classes, tf.int32, seed=1), tf.uint8)
    if case.channels is None:
        other = tf.cast(tf.random.uniform(shape, 0, classes, tf.int32, seed=2), tf.uint8)
        pred = tf.where(tf.random.uniform(shape, seed=3) < 0.15, other, true)
        return tf.cast(true, case.dtype), tf.cast(pred, case.dtype)
    if case.channels == 1:
        return true, tf.cast(tf.random.uniform(shape, seed=2), case.dtype)
    pred = tf.nn.softmax(tf.random.normal([*shape, case.channels], seed=2))
    pred = tf.transpose(pred, [0, 3, 1, 2]) if case.first else pred
    return true, tf.cast(pred, case.dtype)


def _kernels(case: Case, true: Any, pred: Any) -> tuple[Any, Pairing]:
    from iou_doctor.scan.on_device import SPREAD
    from iou_doctor.scan.tensorflow_kernels import Kernels, gpus

    derivation = Derivation.BINS if case.channels == 1 else Derivation.LABELS
    pairings = [Pairing(Derivation.LABELS, derivation)]
    if case.per_class:
        pairings = [Pairing(Derivation.LABELS, Derivation.ARGMAX)]
    elif case.channels == 1:  # a pass of scores asks for their labels too
        pairings.append(Pairing(Derivation.LABELS, Derivation.LABELS))
    spatial = (2, 3) if case.first else (1, 2)
    channel = (1 if case.first else 3) if case.per_class else None
    sides = (
        Axes(tuple(true.shape), True, (1, 2), None),
        Axes(tuple(pred.shape), True, spatial, channel),
    )
    replicas = SPREAD if gpus() else 1
    return Kernels(Layout(*sides, Relation.EQUAL), pairings, 0.5, replicas=replicas), pairings[0]


def _contestants(case: Case, true: Any, pred: Any) -> dict[str, Callable[[], Any]]:
    """Return what each runs; all return the matrix of counts, truth by prediction."""
    import keras
    import tensorflow as tf

    kernels, pairing = _kernels(case, true, pred)
    samples = np.arange(true.shape[0])
    classes = max(2, case.channels or CLASSES)

    def ours() -> Any:
        found = kernels.count(y_true=true, y_pred=pred, samples=samples)
        return _matrix(found.tables[pairing], classes, single=case.channels == 1)

    def of_keras() -> Any:
        if case.channels == 1:
            metric = keras.metrics.BinaryIoU(threshold=0.5)
        else:
            sparse = case.first or not case.per_class
            metric = keras.metrics.MeanIoU(classes, sparse_y_pred=sparse)
        metric.update_state(true, tf.argmax(pred, 1) if case.first else pred)
        return np.asarray(metric.total_cm).astype(np.int64)

    runs = {"iou-doctor": ours, "keras": of_keras}
    try:
        import torch
        from torchmetrics.classification import MulticlassConfusionMatrix
    except ImportError:
        return runs
    if not torch.cuda.is_available() or case.channels == 1:
        return runs
    # a copy of its own, by way of the host: born before the clock runs
    theirs = torch.from_numpy(true.numpy()).cuda(), torch.from_numpy(pred.numpy()).cuda()
    scores = theirs[1] if case.per_class else theirs[1].long()
    if case.per_class and not case.first:
        scores = scores.movedim(-1, 1).contiguous()

    def of_torchmetrics() -> Any:
        metric = MulticlassConfusionMatrix(classes, validate_args=False).cuda()
        metric.update(scores, theirs[0].long())
        return metric.compute().cpu().numpy()

    return {**runs, "torchmetrics": of_torchmetrics}


def _matrix(table: PairCounts, classes: int, *, single: bool) -> Any:
    pooled = table.pooled()
    matrix = np.zeros((classes, classes), np.int64)
    # the code of a score says last how it compares with the threshold: below, equal, above
    predictions = (pooled.prediction % 3 >= 1).astype(int) if single else pooled.prediction
    np.add.at(matrix, (pooled.truth, predictions), pooled.count)
    return matrix


def _report(rows: list[Row], name: str, copy: float, options: argparse.Namespace) -> None:
    print(f"{name}, copies at {copy / 1e9:.0f} GB/s")
    for row in rows:
        share = (
            ""
            if row.share is None
            else f"{row.share:6.0%} of copy, {CASES[row.case].wanted:.0%} wanted"
        )
        slower = "" if row.times is None else f"{row.times:6.1f}x, {TIMES[row.contestant]}x wanted"
        equal = "" if row.equal else "  COUNTS DIFFER"
        start = f"{row.case:11}{row.contestant:14}{row.nanoseconds:10.3f} ns/pixel"
        print(f"{start}  {share}{slower}{equal}")
    if options.json:
        found = {"device": name, "copy_bytes_a_second": copy, "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""The pass on devices: taken in turns, halved where memory is full, chosen without TensorFlow."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from scan.arrays import assert_same_stats, layout_of, pair_of

from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.map_samples import Probe
from iou_doctor.errors import UsageError
from iou_doctor.scan import device
from iou_doctor.scan.batch_plan import BatchPlan
from iou_doctor.scan.probing import ProbeBuilder
from iou_doctor.scan.scan import scan

on_device = pytest.importorskip("iou_doctor.scan.tensorflow.on_device")

ARGMAX = (Pairing(LabelDecoding.LABELS, LabelDecoding.ARGMAX),)
PROCESSORS = ("CPU:0", "CPU:0")


def arrays(n=7):
    rng = np.random.default_rng(3)
    scores = rng.random((n, 6, 5, 3), dtype=np.float32)
    return rng.integers(0, 3, (n, 6, 5), dtype=np.uint8), scores


def on_processors(y_true, y_pred, probe=None, notify=None):
    visit = BatchPlan(layout_of(y_true, y_pred, pred="NHWC"), ARGMAX, 0.5, probe=probe)
    return on_device.scan(
        pair_of(y_true=y_true, y_pred=y_pred),
        visit,
        demanded=True,
        devices=PROCESSORS,
        notify=notify or pytest.fail,
    )


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(on_device, "BATCHES_AT_ONCE", 1)
    monkeypatch.setattr(on_device.windows, "WINDOW_VALUES", 200)


def expected_of(y_true, y_pred, probe=None):
    layout = layout_of(y_true, y_pred, pred="NHWC")
    pair = pair_of(y_true=y_true, y_pred=y_pred)
    return scan(pair, layout, pairings=ARGMAX, threshold=0.5, probe=probe)


def test_two_devices_share_the_batches_and_give_the_stats_of_one_pass():
    pair = arrays()
    assert_same_stats(on_processors(*pair), expected_of(*pair))


def test_the_probe_keeps_the_same_maps():
    y_true, y_pred = arrays()
    built: list[Probe] = []
    for run in (on_processors, expected_of):
        probe = ProbeBuilder(len(y_true), lambda _: (6, 5))
        run(y_true, y_pred, probe)
        built.append(probe.build())
    for one, other in zip(
        built[0].many.y_pred.values(), built[1].many.y_pred.values(), strict=True
    ):
        assert np.array_equal(one, other)


def test_a_full_memory_halves_the_batches_and_says_so_once(monkeypatch):
    y_true, y_pred = arrays()
    real = on_device.kernels.Kernels.count
    sizes, said = [], []

    def count(self, *, samples, **more):
        sizes.append(len(samples))
        if len(samples) > 1:
            raise on_device.kernels.OUT_OF_MEMORY(None, None, "full")
        return real(self, samples=samples, **more)

    monkeypatch.setattr(on_device.kernels.Kernels, "count", count)
    found = on_processors(y_true, y_pred, notify=said.append)
    assert_same_stats(found, expected_of(y_true, y_pred))
    assert max(sizes) == 2
    assert said == ["the GPU's memory is full; counting in smaller batches"]


@pytest.mark.parametrize(
    ("environment", "nodes", "seen"),
    [
        ({}, ["nvidia0", "nvidiactl"], True),
        ({"CUDA_VISIBLE_DEVICES": "0"}, ["nvidia3"], True),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, ["nvidia0"], False),
        ({"CUDA_VISIBLE_DEVICES": ""}, ["nvidia0"], False),
        ({}, ["nvidiactl", "null"], False),
    ],
)
def test_a_gpu_is_found_by_its_node(monkeypatch, tmp_path, environment, nodes, seen):
    for node in nodes:
        (tmp_path / node).touch()
    monkeypatch.setattr(device, "NODES", tmp_path)
    monkeypatch.setattr(device, "DRIVER", tmp_path / "none")
    monkeypatch.setattr(device.shutil, "which", lambda _: None)
    assert device.is_gpu_visible(environment) is seen


def test_auto_takes_a_gpu_for_large_arrays_only(monkeypatch):
    monkeypatch.setattr(device, "is_gpu_visible", lambda: True)
    assert not device.should_use_gpu("auto", device.WORTH_A_GPU - 1)
    assert device.should_use_gpu("auto", device.WORTH_A_GPU)
    assert device.should_use_gpu("gpu", 1)
    assert not device.should_use_gpu("cpu", device.WORTH_A_GPU)


def test_a_gpu_that_is_not_there_is_refused_with_what_was_looked_for(monkeypatch):
    monkeypatch.setattr(device, "is_gpu_visible", lambda: False)
    with pytest.raises(UsageError, match=r"/dev/nvidia.*CUDA_VISIBLE_DEVICES.*--device cpu"):
        device.should_use_gpu("gpu", 1)


def test_a_driver_without_a_tensorflow_that_uses_it_is_refused():
    y_true, y_pred = arrays()
    visit = BatchPlan(layout_of(y_true, y_pred, pred="NHWC"), ARGMAX, 0.5)
    pair = pair_of(y_true=y_true, y_pred=y_pred)
    with pytest.raises(UsageError, match="tensorflow\\[and-cuda\\]"):
        on_device.scan(pair, visit, demanded=True, devices=())
    assert on_device.scan(pair, visit, demanded=False, devices=()) is None


def test_device_cpu_never_imports_tensorflow():
    code = (
        "import sys; from iou_doctor.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('tensorflow' in sys.modules, file=sys.stderr)"
    )
    files = [f"sample_data/healthy/{name}.npy" for name in ("preds", "masks")]
    for choice in ("cpu", "auto"):
        done = subprocess.run(
            [sys.executable, "-c", code, "check", *files, "-n", "3", "--device", choice],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr.strip() == "False"


def test_several_devices_of_tensorflow_share_the_batches():
    code = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 3)
from scan.arrays import assert_same_stats, layout_of, pair_of
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.scan.batch_plan import BatchPlan
from iou_doctor.scan.scan import scan
from iou_doctor.scan.tensorflow import on_device
on_device.BATCHES_AT_ONCE, on_device.windows.WINDOW_VALUES = 1, 200
rng = np.random.default_rng(3)
true, pred = rng.integers(0, 3, (9, 6, 5)), rng.random((9, 6, 5, 3), dtype=np.float32)
used, real = [], on_device.kernels.Kernels._fetch_maps
def maps(self, found, sides):
    used.append(found.codes[1].device[-5:])
    return real(self, found, sides)
on_device.kernels.Kernels._fetch_maps = maps
on_device._make_keeper = lambda _: lambda _, fetch: fetch()
both = (Pairing(LabelDecoding.LABELS, LabelDecoding.ARGMAX),)
visit = BatchPlan(layout_of(true, pred, pred="NHWC"), both, 0.5)
pair = pair_of(y_true=true, y_pred=pred)
stats = on_device.scan(pair, visit, demanded=True, devices=["CPU:1", "CPU:2"])
assert_same_stats(stats, scan(pair, visit.layout, pairings=visit.pairings, threshold=0.5))
print(*sorted(used))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([".", "tests", "tests/scan"])},
    )
    shares = Counter(done.stdout.split())
    assert shares.keys() == {"CPU:1", "CPU:2"}, done.stderr
    assert abs(shares["CPU:1"] - shares["CPU:2"]) <= 1


def test_what_lies_on_a_device_is_counted_there():
    y_true, y_pred = arrays(4)
    counter = on_device.DeviceCounter(
        layout_of(y_true, y_pred, pred="NHWC"), ARGMAX, 0.5, pytest.fail, devices=("GPU:7", "CPU:0")
    )
    tensor = on_device.kernels.tf.constant(y_pred)
    batches = [on_device.Batch(y_true, pred, np.arange(4)) for pred in (tensor, tensor, y_pred)]
    assert [counter._choose_device(batch) for batch in batches] == [1, 1, 0]

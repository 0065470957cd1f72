"""Models of an attacker on the command line: one line on stderr, exit code 2, and no report."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from run import ROOT, run
from sources.models.hostile_saved_models import crashes_the_process, ends_the_process
from sources.models.test_onnx_and_tflite_safety import make_onnx, put_weights_in
from sources.models.tiny_models import WEIGHTS, images, keras_model, masks, saved_model
from typer.testing import CliRunner

from iou_doctor.cli.app import build_app


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tf = pytest.importorskip("tensorflow")
    place = tmp_path_factory.mktemp("models")
    np.save(place / "images.npy", images())
    np.save(place / "masks.npy", masks())
    saved_model(place / "good")
    ends_the_process(place / "ends", place / "marker")
    crashes_the_process(place / "crashes", place / "marker")

    def never_ends(x):
        number = tf.constant(1)
        return tf.while_loop(lambda i, _: i >= 0, lambda i, y: (i * 1, y), (number, x))[1]

    saved_model(place / "loops", never_ends)
    return place


def check(place: Path, model: str, *options: str, **environment: str):
    names = ("masks.npy", "--images", "images.npy", "-n", "3", "--no-config")
    quiet = {"CUDA_VISIBLE_DEVICES": "-1", **environment}
    return run("check", model, *names, *options, cwd=place, **quiet)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["ends", "crashes"])
def test_a_trusted_model_that_ends_the_process_writes_no_report(place, model):
    done = check(place, model, "--trust-model", "--report", "json=report.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"iou-doctor: error: cannot read `{model}`: the model ended the")
    assert done.stderr.count("\n") == 1
    assert not (place / "report.json").exists()


OUTPUTS = [
    ("--output", "weights.bin"),
    ("--report", "json=deep/link"),
    ("--write-baseline", "--baseline", "weights.bin"),
    ("--output-format", "github"),
]


@pytest.mark.parametrize("options", OUTPUTS)
def test_the_weights_of_an_onnx_model_are_not_overwritten(tmp_path, monkeypatch, options):
    """Their file may have any name: it is in the model."""
    model = make_onnx(tmp_path / "net.onnx", put_weights_in("weights.bin"))
    weights = WEIGHTS.tobytes()
    (tmp_path / "weights.bin").write_bytes(weights)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "link").symlink_to("../weights.bin")
    np.save(tmp_path / "images.npy", images())
    np.save(tmp_path / "masks.npy", masks())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "weights.bin")
    names = ["masks.npy", "--images", "images.npy", "--no-config"]
    done = CliRunner().invoke(build_app(), ["check", model.name, *names, *options])
    assert done.exit_code == 2
    assert "this file is an input, which is never changed" in done.stderr
    assert (tmp_path / "weights.bin").read_bytes() == weights


CHECKS = """
[[check]]
name = "first"
predictions = "good"
masks = "masks.npy"
images = "images.npy"

[[check]]
name = "bad"
predictions = "ends"
masks = "masks.npy"
images = "images.npy"

[[check]]
name = "last"
predictions = "good"
masks = "masks.npy"
images = "images.npy"
"""


@pytest.mark.slow
def test_a_model_that_ends_the_process_spoils_no_other_check(place):
    (place / "all.toml").write_text(CHECKS)
    options = ("-n", "3", "--trust-model", "--report", "json={name}.json", "--fail-on", "never")
    quiet = {"CUDA_VISIBLE_DEVICES": "-1"}
    words = ("check", "--all", "--config", "all.toml", *options)
    done = run(*words, "--output-format", "json", cwd=place, **quiet)
    assert done.returncode == 2
    checks = json.loads(done.stdout)["checks"]
    assert [(one["name"], one["exit_code"]) for one in checks] == [
        *(("first", 0), ("bad", 2), ("last", 0))
    ]
    error = "cannot read `ends`: the model ended the process (with exit code 0)"
    assert [one["error"] for one in checks] == [None, error, None]
    assert done.stderr == f"iou-doctor: error: bad: {error}\n"
    assert [one["report"] and one["report"]["schema_version"] for one in checks] == [1, None, 1]
    written = {name for name in ("first", "bad", "last") if (place / f"{name}.json").exists()}
    assert written == {"first", "last"}


@pytest.mark.slow
def test_an_endless_loop_is_ended(place):
    done = check(place, "loops", "--model-timeout", "12")
    assert (done.returncode, done.stdout) == (2, "")
    assert "within 12 seconds" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_model_that_is_fine_is_reported_without_a_word_of_the_libraries(place):
    done = check(place, "good", "--input-scale", "1/255")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("iou-doctor ")
    assert done.stderr == ""
    loud = check(place, "good", "--input-scale", "1/255", "-v", IOU_DOCTOR_UNKNOWN="x")
    assert loud.stderr.count("IOU_DOCTOR_UNKNOWN belongs to no option") == 1
    assert loud.stderr.count("\n") > 2  # TensorFlow greets
    failed = check(place, "good", "--images", "nowhere.npy")
    assert (failed.returncode, failed.stderr.count("\n")) == (2, 1)


@pytest.mark.slow
def test_the_child_imports_nothing_from_the_folder_that_it_runs_in(place):
    for name in ("numpy", "json", "tensorflow"):
        (place / f"{name}.py").write_text("open('imported', 'w')")
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "iou_doctor", "check", "ends", "masks.npy"),
            *("--images", "images.npy"),
        ],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
    )
    for name in ("numpy", "json", "tensorflow"):
        (place / f"{name}.py").unlink()
    assert "it holds Abort" in done.stderr
    assert not (place / "imported").exists()


@pytest.mark.slow
def test_all_checks_with_a_model_share_a_process(place):
    np.save(place / "scores.npy", np.eye(3)[masks()])
    (place / "iou-doctor.toml").write_text(
        """
num-classes = 3
[[check]]
name = "arrays"
predictions = "scores.npy"
masks = "masks.npy"
[[check]]
name = "ends"
predictions = "ends"
masks = "masks.npy"
images = "images.npy"
"""
    )
    done = run("check", "--all", cwd=place, CUDA_VISIBLE_DEVICES="-1")
    trusted = run("check", "--all", "--trust-model", cwd=place, CUDA_VISIBLE_DEVICES="-1")
    (place / "iou-doctor.toml").unlink()
    assert done.returncode == 2
    assert "arrays" in done.stdout
    assert "it holds Abort" in done.stderr
    assert trusted.returncode == 2
    assert "!  ends" in trusted.stdout
    assert "ends: cannot read `ends`: the model ended the process" in trusted.stderr


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_weights_that_crash_hdf5_are_one_line(place):
    path = place / "virtual.keras"
    keras_model().save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO(members["model.weights.h5"])
    with h5py.File(buffer, "a") as file:
        names: list[str] = []
        file.visititems(lambda name, entry: names.append(name) if hasattr(entry, "shape") else None)
        shape = file[names[0]].shape
        del file[names[0]]
        layout = h5py.VirtualLayout(shape, "float32")
        layout[:] = h5py.VirtualSource(str(place / "other.h5"), "w", shape)
        file.create_virtual_dataset(names[0], layout)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**members, "model.weights.h5": buffer.getvalue()}.items():
            archive.writestr(name, data)
    done = check(place, "virtual.keras")
    assert "take their values from other files" in done.stderr
    trusted = check(place, "virtual.keras", "--trust-model")
    for one in (done, trusted):
        assert (one.returncode, one.stdout, one.stderr.count("\n")) == (2, "", 1)

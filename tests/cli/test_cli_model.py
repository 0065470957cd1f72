"""Models on the command line, run as a user runs them: each run imports TensorFlow anew."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from run import ROOT, run
from typer.testing import CliRunner

from iou_doctor.cli.app import build_app
from iou_doctor.cli.model_options import PredictorOptions
from iou_doctor.errors import UsageError
from iou_doctor.scan import device as scan_device

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
WEIGHTS = np.array([[4.0, -1.0, 0.5], [-2.0, 3.0, 0.1], [0.3, 0.2, -5.0]], np.float32)
IMAGES = np.random.default_rng(1).integers(0, 256, (5, 6, 8, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tf = pytest.importorskip("tensorflow")
    folder = tmp_path_factory.mktemp("models")
    labels = (IMAGES @ WEIGHTS).argmax(-1)
    labels[:, 0] = (labels[:, 0] + 1) % 3
    np.save(folder / "images.npy", IMAGES)
    np.save(folder / "masks.npy", labels.astype(np.uint8))

    class Net(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 6, 8, 3), tf.float32)])
        def __call__(self, x):
            return tf.linalg.matmul(x, WEIGHTS)

    class Leaking(Net):
        @tf.function(input_signature=[tf.TensorSpec((None, 6, 8, 3), tf.float32)])
        def leak(self, x):
            tf.io.write_file(str(folder / "leak.txt"), "text")
            return self(x)

    net, leaking = Net(), Leaking()
    tf.saved_model.save(net, str(folder / "model"), signatures=net.__call__)
    tf.saved_model.save(leaking, str(folder / "leaking"), signatures=leaking.leak)
    return folder


def arguments(model: str, *options: str) -> list[str]:
    return ["check", model, "masks.npy", "--images", "images.npy", "--no-config", *options]


@pytest.fixture
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Run commands in this process, which has TensorFlow already."""
    monkeypatch.chdir(place)
    return CliRunner()


def test_the_model_is_scored_and_its_logits_are_noted(place, here):
    metric = ["--metric", "MeanIoU(3, sparse_y_pred=False)"]
    done = here.invoke(build_app(), arguments("model", *metric, "--output-format", "json"))
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    saved = place / "saved.npy"
    np.save(saved, (IMAGES @ WEIGHTS).astype(np.float32))
    plain = run("check", saved, "masks.npy", "-n", "3", "--output-format", "json", cwd=place)
    scores = json.loads(plain.stdout)["scores"]
    # as stored, the metric misreads the saved logits, and these are of arrays that are read well
    of_good_arrays = {key: report["scores"][key] for key in ("interval", "fine_grained")}
    assert [scores[key] for key in of_good_arrays] == [None, None]
    assert report["scores"] == {**scores, **of_good_arrays}
    assert "IOU802" in [finding["code"] for finding in report["findings"]]
    assert report["inputs"]["predictions"] == {
        "path": "model",
        "format": "model",
        "shape": [5, 6, 8, 3],
        "dtype": "float32",
        "encoding": "logits",
        "class_axis": 3,
    }


@pytest.mark.slow
def test_an_unsafe_model_ends_with_2_and_leaves_no_trace(place):
    done = run(*arguments("leaking", "-n", "3"), cwd=place, **QUIET)
    assert (done.returncode, done.stdout) == (2, "")
    line = done.stderr.splitlines()[-1]
    assert line.startswith(
        "iou-doctor: error: cannot read `leaking`: IOU804 unsafe-model-file: it was not loaded,"
        " because it holds WriteFile in `__inference_"
    )
    assert not (place / "leak.txt").exists()


def test_a_trusted_model_is_scored_and_noted(place, here):
    trusted = ["--trust-model", "--output-format", "concise"]
    done = here.invoke(build_app(), arguments("leaking", "-n", "3", *trusted))
    assert "IOU804" in done.stdout
    assert (place / "leak.txt").exists()


def test_a_gpu_that_is_not_there_is_refused_before_the_model_is_opened(monkeypatch):
    monkeypatch.setattr(scan_device, "is_gpu_visible", lambda: False)
    done = CliRunner().invoke(build_app(), arguments("none.keras", "--device", "gpu"))
    assert done.exit_code == 2
    assert "no NVIDIA GPU" in done.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["masks.npy", "masks.npy", "--signature", "x"], "--signature is for a model"),
        (["masks.npy", "masks.npy", "--trust-model"], "--trust-model is for a model"),
        (["masks.npy", "masks.npy", "--model-timeout", "9"], "--model-timeout is for a model"),
        (
            ["model", "masks.npy", "--images", "images.npy", "--model-timeout", "0"],
            "--model-timeout",
        ),
        (
            ["masks.npy", "masks.npy", "--images", "images.npy", "--resize"],
            "--resize is for a model, and the predictions are none",
        ),
        (["masks.npy", "masks.npy", "--images", "none.npy"], "cannot read `none.npy`"),
        (["model", "masks.npy"], "`iou-doctor check MODEL MASKS --images IMAGES`"),
        (["masks.npy", "model"], "it is a model"),
        (["model", "masks.npy", "--images", "image.npy"], "did you mean `images.npy`?"),
        (
            ["model", "masks.npy", "--images", "images.npy", "--output", "images.npy"],
            "images.npy",
        ),
    ],
)
def test_what_does_not_go_together_ends_with_2(place, arguments, words):
    done = run("check", *arguments, cwd=place)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["why 0.3333", "fix --output-dir out", "init"])
def test_other_commands_say_what_to_do_with_a_model(place, command):
    done = run(*command.split(), "model", "masks.npy", cwd=place)
    assert done.returncode == 2
    assert "for other commands save that with `np.save`" in done.stderr


@pytest.mark.parametrize(
    ("text", "scale", "offset"),
    [("0.5", 0.5, 0), ("1/255", 1 / 255, 0), ("1/127.5,-1", 1 / 127.5, -1), (None, 1, 0)],
)
def test_scales_are_numbers_or_fractions(text, scale, offset):
    options = PredictorOptions(images="images", input_scale=text).build_model_options()
    assert options is not None
    assert (options.input_scale, options.input_offset) == (scale, offset)


@pytest.mark.parametrize("text", ["", "0", "1/0", "x", "1,2,3", "nan", "1e999"])
def test_what_is_no_scale_is_refused(text):
    with pytest.raises(UsageError, match=r"give a factor, 1/255"):
        PredictorOptions(images="images", input_scale=text).build_model_options()


def test_the_file_may_name_images_but_never_trusts(place):
    (place / "iou-doctor.toml").write_text(
        'predictions = "masks.npy"\nmasks = "masks.npy"\nimages = "images.npy"\n'
    )
    assert run("check", cwd=place).returncode == 0
    (place / "below").mkdir()
    (place / "iou-doctor.toml").write_text(
        'predictions = "model"\nmasks = "masks.npy"\nimages = "nowhere.npy"\n'
    )
    assert "cannot read `../nowhere.npy`" in run("check", cwd=place / "below").stderr
    (place / "iou-doctor.toml").write_text("trust-model = true\n")
    assert "there is no key `trust-model`" in run("check", cwd=place).stderr
    (place / "iou-doctor.toml").unlink()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_commands_of_the_documentation_work(place, here):
    import keras

    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    commands = re.findall(r"^iou-doctor (check .* --images .*)$", page, re.MULTILINE)
    assert len(commands) == 2
    convolution = keras.layers.Conv2D(3, 1, activation="softmax")
    model = keras.Sequential([keras.Input((6, 8, 3)), convolution])
    # Scaled for bytes: the commands of the page give the model bytes and numbers from -1 to 1.
    convolution.set_weights([WEIGHTS[None, None] / 100, np.zeros(3, np.float32)])
    model.save(place / "model.keras")
    for command in commands:
        done = here.invoke(build_app(), [*shlex.split(command), "--no-config"])
        assert done.exit_code in (0, 1), done.stderr
        assert "counted as stored" in done.stdout

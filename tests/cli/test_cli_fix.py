"""The command `fix`, run as a user runs it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from run import ROOT, run

CHECK = "iou-doctor check"


def sample(name: str) -> tuple[str, str]:
    return f"sample_data/{name}/preds.npy", f"sample_data/{name}/masks.npy"


def test_it_says_what_it_wrote_and_what_the_metric_reads_now(tmp_path):
    done = run("fix", *sample("unargmaxed_one_hot"), "-n", "3", "--output-dir", tmp_path, cwd=ROOT)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"wrote {tmp_path}/preds.npy: argmax predictions and masks (unargmaxed-probabilities)",
        f"wrote {tmp_path}/masks.npy: argmax predictions and masks (unargmaxed-probabilities)",
        "✓ your metric reads 0.8604, which is right: no format bug found",
        f"check the pair: {CHECK} {tmp_path}/preds.npy {tmp_path}/masks.npy --num-classes 3",
    ]
    assert done.returncode == 0
    again = run("check", tmp_path / "preds.npy", tmp_path / "masks.npy", "-n", "3", "-q")
    assert again.returncode == 0


def test_the_input_that_stays_is_named(tmp_path):
    done = run("fix", *sample("masks_0_255"), "-n", "2", "--output-dir", tmp_path, cwd=ROOT)
    assert done.stdout.splitlines()[:2] == [
        f"wrote {tmp_path}/masks.npy: masks > 127 (masks-0-255)",
        "unchanged sample_data/masks_0_255/preds.npy: needs no copy, use it as it is",
    ]
    assert done.returncode == 0
    command = done.stdout.splitlines()[-1].removeprefix("check the pair: iou-doctor ")
    checked = run(*shlex.split(command), "--no-config", "-q", cwd=ROOT)
    assert checked.stdout.startswith("✓ your metric reads 0.8532, which is right")


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(tmp_path):
    out = tmp_path / "out"
    arguments = ["fix", *sample("masks_0_255"), "-n", "2", "--output-dir", out, "--dry-run"]
    done = run(*arguments, cwd=ROOT)
    assert done.stdout.splitlines() == [
        f"would write {out}/masks.npy: masks > 127 (masks-0-255)",
        "unchanged sample_data/masks_0_255/preds.npy: needs no copy, use it as it is",
        "nothing was written, because of --dry-run",
    ]
    assert (done.returncode, done.stderr) == (0, "")
    assert not out.exists()
    healthy = run("fix", *sample("healthy"), "-n", "3", *arguments[-3:], cwd=ROOT)
    assert healthy.stdout.splitlines()[0] == "nothing was written"
    assert healthy.returncode == 0


def test_nothing_to_fix_writes_nothing_and_is_no_failure(tmp_path):
    out = tmp_path / "out"
    done = run("fix", *sample("healthy"), "-n", "3", "--output-dir", out, cwd=ROOT)
    assert done.stdout.splitlines()[0] == "nothing was written"
    assert done.returncode == 0
    assert not out.exists()


def test_what_cannot_be_repaired_is_an_error_and_writes_nothing(tmp_path):
    out = tmp_path / "out"
    done = run("fix", *sample("imbalance"), "-n", "2", "--output-dir", out, cwd=ROOT)
    assert done.stderr == (
        "iou-doctor: error: no copy can repair this; the lines above say what to do\n"
    )
    assert done.stdout.splitlines()[0] == "nothing was written"
    assert done.returncode == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "classes", "line"),
    [
        ("imbalance", "2", "left error IOU702 collapsed-predictions: "),
        ("wrong_num_classes", "3", "; num_classes=4 if these are classes"),
    ],
)
def test_what_copies_cannot_repair_is_left_to_the_user(tmp_path, name, classes, line):
    done = run("fix", *sample(name), "-n", classes, "--output-dir", tmp_path, cwd=ROOT)
    assert line in done.stdout
    assert "IOU605" not in done.stdout  # the dropped pixels are a mere consequence
    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_an_unsafe_repair_is_offered_and_made_on_request(tmp_path):
    truth = np.load(ROOT / "sample_data" / "healthy" / "masks.npy")
    np.save(tmp_path / "small.npy", truth[:, ::2, ::2])
    arguments = ("fix", tmp_path / "small.npy", sample("healthy")[1], "-n", "3", "--output-dir")
    out = tmp_path / "out"
    done = run(*arguments, out, cwd=ROOT)
    assert "; --unsafe-fixes would resize the predictions to the masks" in done.stdout
    assert done.returncode == 1
    assert not out.exists()
    done = run(*arguments, out, "--unsafe-fixes", cwd=ROOT)
    assert done.stdout.startswith(f"wrote {out}/small.npy: resize the predictions")
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--output-dir", "sample_data/sigmoid"], "which is never changed"),
        (["--output-dir", "README.md"], "is not a folder"),
        (["--output-dir", "OUT", "--select", "nothing"], "no rule is called"),
    ],
)
def test_bad_usage_is_one_line_on_stderr_and_exit_2(options, words):
    done = run("fix", *sample("sigmoid"), "-n", "2", *options, cwd=ROOT)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
    assert not (ROOT / "OUT").exists()


def test_only_selected_findings_are_repaired(tmp_path):
    done = run(
        "fix",
        *sample("unargmaxed_one_hot"),
        *("-n", "3", "--select", "IOU302", "--output-dir", tmp_path),
        cwd=ROOT,
    )
    assert done.stdout.startswith(f"wrote {tmp_path}/masks.npy: argmax the masks (one-hot-masks)")
    assert [path.name for path in tmp_path.iterdir()] == ["masks.npy"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_leaves_nothing_behind(tmp_path):
    truth = np.random.default_rng(0).integers(0, 3, (400, 128, 128), dtype=np.uint8)
    np.savez_compressed(tmp_path / "masks.npz", m=truth)
    scores = np.eye(3, dtype=np.float32)[truth] * 0.8 + np.float32(0.2 / 3)
    np.savez(tmp_path / "preds.npz", p=scores)
    out = tmp_path / "out"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "iou_doctor",
            "fix",
            "preds.npz",
            "masks.npz",
            "--output-dir",
            "out",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # shells start what runs in the background with interrupts ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and not list(out.glob(".*.part")):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == b""
    assert not out.exists()

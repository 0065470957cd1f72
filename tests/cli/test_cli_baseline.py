"""`iou-doctor check --baseline`, run as a user runs it."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from run import ROOT, run

import iou_doctor

HEALTHY = ("sample_data/healthy/preds.npy", "sample_data/healthy/masks.npy", "-n", "3")


@pytest.fixture
def baseline(tmp_path):
    path = tmp_path / "baseline.json"
    run("check", *HEALTHY, "--output-format", "json", "--output", path, cwd=ROOT)
    return path


@pytest.fixture
def worse(tmp_path):
    """Return predictions that miss half of class 2, and the masks."""
    predictions = np.load(ROOT / HEALTHY[0])
    predictions[:, ::2][predictions[:, ::2] == 2] = 0
    np.save(tmp_path / "worse.npy", predictions)
    return tmp_path / "worse.npy", *HEALTHY[1:]


def test_the_same_arrays_are_no_regression(baseline):
    done = run("check", *HEALTHY, "--baseline", baseline, "-q", cwd=ROOT)
    said = f"iou-doctor: no score is more than 0.01 below the baseline {baseline}\n"
    assert (done.returncode, done.stderr) == (0, said)


def test_what_is_passed_over_as_noise_is_said(baseline):
    words = ("--baseline", baseline, "--min-iou", "0.8605", "--beyond-noise", "-q")
    done = run("check", *HEALTHY, *words, cwd=ROOT)
    assert done.returncode == 0
    drop, minimum = done.stderr.splitlines()
    assert drop.endswith(f"below the baseline {baseline}, except within noise")
    assert minimum.endswith("does not reach --min-iou 0.8605, but the difference is within noise")


def test_a_new_baseline_is_named(tmp_path):
    arguments = [*HEALTHY, "--baseline", "b.json", "--write-baseline", "-q"]
    arguments[:2] = [ROOT / name for name in HEALTHY[:2]]
    done = run("check", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "iou-doctor: wrote the baseline b.json\n")


def test_a_workflow_of_github_without_annotations_gets_advice():
    done = run("check", *HEALTHY, "-q", cwd=ROOT, GITHUB_ACTIONS="true")
    assert done.stderr.startswith("iou-doctor: --output-format github writes annotations")
    more = ("--output-format", "concise", "--report", f"sarif={os.devnull}")
    assert run("check", *HEALTHY, *more, cwd=ROOT, GITHUB_ACTIONS="true").stderr == ""


def test_a_lower_score_exits_with_1(baseline, worse):
    done = run("check", *worse, "--baseline", baseline, "--output-format", "json", cwd=ROOT)
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["verdict"]["primary"] == "score-regression"
    facts = report["findings"][0]["facts"]
    assert facts["mean_iou"]["baseline"] == pytest.approx(0.8604, abs=1e-4)
    assert facts["mean_iou"]["drop"] > 0.01


def test_max_drop_allows_it(baseline, worse):
    done = run("check", *worse, "--baseline", baseline, "--max-drop", "1", "-q", cwd=ROOT)
    assert done.returncode == 0


def test_another_number_of_classes_is_drift(baseline):
    arguments = ["check", *HEALTHY[:2], "-n", "5", "--baseline", baseline]
    done = run(*arguments, "--output-format", "concise", cwd=ROOT)
    assert done.returncode == 1
    assert "IOU109 reading-drift" in done.stdout
    assert "num_classes 5, was 3" in done.stdout


def test_without_a_baseline_the_rules_are_skipped_with_the_reason():
    done = run("check", *HEALTHY, "--output-format", "json", cwd=ROOT)
    rules = {rule["code"]: rule for rule in json.loads(done.stdout)["rules"]}
    for code in ("IOU109", "IOU609"):
        assert rules[code]["status"] == "skipped"
        assert "no --baseline" in rules[code]["reason"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("not json", "is not JSON"),
        ('{"schema_version": 9}', "has schema_version 9, not 1"),
        ("{}", "--write-baseline"),
    ],
)
def test_a_bad_baseline_is_one_line_on_stderr_and_exit_2(tmp_path, content, words):
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_text(content, "utf-8")
    done = run("check", *HEALTHY, "--baseline", path, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(path) in done.stderr
    assert words in done.stderr


def test_a_drop_that_is_no_share_is_bad_usage(baseline):
    done = run("check", *HEALTHY, "--baseline", baseline, "--max-drop", "2", cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--max-drop 2" in done.stderr


def test_from_python(baseline, worse):
    report = iou_doctor.check(
        y_pred=worse[0], y_true=ROOT / HEALTHY[1], num_classes=3, baseline=baseline
    )
    assert report.verdict.primary == "score-regression"
    allowed = iou_doctor.check(
        y_pred=worse[0], y_true=ROOT / HEALTHY[1], num_classes=3, baseline=baseline, max_drop=1
    )
    assert not allowed.verdict.sick


def test_a_baseline_of_other_masks_is_refused_though_the_predictions_have_collapsed(baseline):
    other = [f"sample_data/imbalance/{name}.npy" for name in ("preds", "masks")]
    done = run("check", *other, "-n", "3", "--baseline", baseline, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "other" in done.stderr

"""`iou-doctor why`, as a user runs it."""

from __future__ import annotations

import json

import pytest
from run import ROOT, run

PAIR = [f"sample_data/unargmaxed_one_hot/{name}.npy" for name in ("preds", "masks")]


def test_a_number_alone():
    done = run("why", "0.3333", "-n", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert "one-hot masks and softmax read as class ids" in done.stdout
    assert "give PREDICTIONS and MASKS" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["abc"], "is not a score"),
        (["nan"], "a class is in neither array"),
        (["-xyz"], "no such option: -x"),
        (["0.3333", "only.npy"], "PREDICTIONS and MASKS go together"),
        (["0.3333", "--num-clases", "3"], "no such option: --num-clases"),
        (["0.3333", "a.npy", "b.npy"], "cannot read"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_exits_with_2(arguments, words):
    done = run("why", *arguments, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_more_conditions_wait_for_v_and_all_are_in_the_json():
    short, long = (run("why", "0.4123", *more).stdout for more in ([], ["-v"]))
    answer = json.loads(run("why", "0.4123", "--output-format", "json").stdout)
    assert short.startswith("0.4123: no fault gives this number by itself")
    assert short.count("if  ") == 4
    assert long.count("if  ") == len(answer["conditions"]) > 4
    assert f"and {len(answer['conditions']) - 4} more" in short
    assert all(condition["next"] for condition in answer["conditions"])


def test_arrays_and_json():
    done = run("why", "33.33", *PAIR, "-n", "3", "--output-format", "json", cwd=ROOT)
    answer = json.loads(done.stdout)
    assert answer["schema_version"] == 1
    assert answer["score"]["printed"] == "33.33"
    best = answer["matches"][0]["suspects"][0]
    assert best["cause"] == "unargmaxed-probabilities"
    assert best["implementations"][0] == "keras.metrics.MeanIoU(num_classes=3)"
    assert answer["tried"] > 100
    names = {entry["short"]: entry["name"] for entry in best["contracts"]}
    assert names["Keras MeanIoU"] == "keras.MeanIoU"


def test_a_number_below_0_is_no_option():
    done = run("why", "-2.2375")
    assert (done.returncode, done.stderr) == (0, "")
    assert "wrap at 256" in " ".join(done.stdout.split())


def test_check_explains_a_score_that_was_seen():
    done = run("check", *PAIR, "-n", "3", "--seen", "0.3333", cwd=ROOT)
    assert done.returncode == 1
    assert "0.3333: one explanation" in done.stdout
    as_json = run(
        "check", *PAIR, "-n", "3", "--seen", "0.3333", "--output-format", "json", cwd=ROOT
    )
    assert json.loads(as_json.stdout)["seen"]["matches"]


@pytest.mark.parametrize("columns", ["80", "120"])
def test_no_line_is_wider_than_the_terminal(columns):
    done = run("why", "0.3333", *PAIR, "-n", "3", "-v", cwd=ROOT, COLUMNS=columns)
    assert max(map(len, done.stdout.splitlines())) <= int(columns)

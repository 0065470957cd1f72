"""`check --contracts` and `--batch-size`, run as a user runs them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from run import ROOT, run

HEALTHY = ("sample_data/healthy/preds.npy", "sample_data/healthy/masks.npy", "--num-classes", "3")


def contracts_of(*options, cwd=ROOT, arrays=HEALTHY):
    done = run("check", *arrays, "--output-format", "json", *options, cwd=cwd)
    assert done.stderr == ""
    entries = json.loads(done.stdout)["contracts"]
    return {entry["name"]: entry for entry in entries}


def test_the_short_form_is_the_default():
    common = contracts_of()
    assert common == contracts_of("--contracts", "common")
    assert "torchmetrics.JaccardIndex[macro]" in common
    assert "torchmetrics.JaccardIndex[weighted]" not in common


def test_all_shows_every_implementation_that_says_something_about_such_arrays():
    all_implementations = contracts_of("--contracts", "all")
    assert contracts_of().items() <= all_implementations.items()
    assert {"mmseg.IoUMetric[mDice]", "monai.DiceMetric", "plain.pixel_accuracy"} <= set(
        all_implementations
    )
    assert "torchmetrics.JaccardIndex[binary]" not in all_implementations  # three classes


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arrays")
    np.save(folder / "masks.npy", [[[0, 0, 1, 1]], [[0, 0, 0, 0]], [[0, 0, 0, 0]], [[0, 1, 0, 1]]])
    np.save(folder / "preds.npy", [[[0, 0, 0, 1]], [[0, 0, 0, 0]], [[0, 0, 0, 0]], [[0, 1, 1, 1]]])
    return folder


def batches(folder, *options):
    files = ("preds.npy", "masks.npy", "--num-classes", "2", "--contracts", "all")
    return contracts_of(*options, cwd=folder, arrays=files)["plain.mean_iou[batches]"]["value"]


def test_batch_size_sets_the_batches_of_averages(arrays):
    first, last = (6 / 7 + 1 / 2) / 2, (5 / 6 + 2 / 3) / 2
    assert batches(arrays, "--batch-size", "2") == pytest.approx((first + last) / 2)
    whole = batches(arrays)
    assert whole == batches(arrays, "--batch-size", "4") == pytest.approx((11 / 13 + 3 / 5) / 2)
    of_three = ((10 / 11 + 1 / 2) / 2 + (1 / 2 + 2 / 3) / 2) / 2
    assert batches(arrays, "--batch-size", "3") == pytest.approx(of_three)


def test_batch_size_moves_nothing_that_knows_no_batches(arrays):
    files = ("preds.npy", "masks.npy", "--num-classes", "2")
    one = contracts_of("--batch-size", "1", cwd=arrays, arrays=files)
    assert one["keras.MeanIoU"] == contracts_of(cwd=arrays, arrays=files)["keras.MeanIoU"]


@pytest.mark.parametrize(
    ("option", "word"), [(("--contracts", "some"), "contracts"), (("--batch-size", "0"), "batch")]
)
def test_an_option_that_makes_no_sense_is_refused(option, word):
    done = run("check", *HEALTHY, *option, cwd=ROOT)
    assert done.returncode == 2
    assert word in done.stderr


def test_the_table_stands_in_the_report_for_people(arrays):
    done = run(
        "check", "preds.npy", "masks.npy", "--num-classes", "2", "-v", cwd=arrays, COLUMNS="120"
    )
    assert "others would report" in done.stdout
    assert "a ratio for each image" in done.stdout


SIGMOID = ("sample_data/sigmoid/preds.npy", "sample_data/sigmoid/masks.npy")


def test_one_channel_has_a_call_of_its_own():
    told = contracts_of("--contracts", "all", arrays=SIGMOID)["torchmetrics.segmentation.MeanIoU"]
    assert told["call"] == "torchmetrics.segmentation.MeanIoU(num_classes=1)"


def test_your_metric_says_by_which_convention_it_differs():
    call = "torchmetrics.classification.BinaryJaccardIndex()"
    done = run("check", *SIGMOID, "--metric", call, "--output-format", "json", cwd=ROOT)
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["metric"]["note"] == "class 1 alone"
    assert report["metric"]["value"] < report["scores"]["mean_iou"]
    assert (
        json.loads(run("check", *HEALTHY, "--output-format", "json", cwd=ROOT).stdout)["metric"][
            "note"
        ]
        is None
    )

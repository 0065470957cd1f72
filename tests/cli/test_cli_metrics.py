"""The command `metrics`: what `--metric` understands, and how to search it."""

from __future__ import annotations

import json

import pytest
from run import run

from iou_doctor.metrics.registry import CONTRACTS, list_signatures


def test_every_call_and_contract_is_listed_once():
    entries = json.loads(run("metrics", "--format", "json").stdout)
    named = [(entry["kind"], entry["name"]) for entry in entries]
    assert len(named) == len(set(named)) == len(list_signatures()) + len(CONTRACTS)
    assert {entry["kind"] for entry in entries} == {"call", "contract", "explained"}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["jaccard"], "sklearn.metrics.jaccard_score(y_true, y_pred, labels"),
        (["MeanIoU", "MONAI"], "monai.metrics.MeanIoU(include_background"),
        (["smp", "f1score"], "segmentation_models_pytorch.metrics.f1_score(tp, fp, fn, tn"),
        (["nn-unet", "dice"], "nnunet.foreground_mean[Dice]  nnU-Net 2.8"),
        (["get_stats"], "get_stats  it returns counts; name the score of them"),
    ],
)
def test_words_of_any_case_find_parts_of_names(words, name):
    lines = run("metrics", *words).stdout.splitlines()
    assert any(name in line for line in lines)
    assert len(lines) < 40


def test_a_word_that_finds_nothing_leads_to_similar_names():
    done = run("metrics", "jacard")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no metric has 'jacard' in its name; similar names are" in done.stderr
    assert "torchmetrics.classification.JaccardIndex" in done.stderr

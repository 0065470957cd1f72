"""`iou-doctor compare`, as a user runs it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from build import noisy, scene
from jsonschema import Draft202012Validator
from PIL import Image
from run import run

FOLDER = "arrays"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp(FOLDER)
    masks = np.concatenate([scene(seed) for seed in range(8)])
    np.save(folder / "masks.npy", masks)
    np.save(folder / "old.npy", noisy(masks, 1))
    np.save(folder / "new.npy", noisy(masks, 2, share=0.1))
    np.save(folder / "flipped.npy", noisy(masks, 2, share=0.1)[:, ::-1])
    np.save(folder / "few.npy", masks[:3])
    return folder


def compare(folder, *words):
    return run("compare", *words, cwd=folder)


def test_better_predictions_are_beyond_noise(folder):
    done = compare(folder, "old.npy", "new.npy", "masks.npy", "-n", "3", "--fail-if-worse")
    assert (done.returncode, done.stderr) == (0, "")
    text = " ".join(done.stdout.split())
    assert "higher: the predictions themselves differ" in text
    assert "beyond noise" in text
    assert "images are better" in text


def test_a_fault_of_the_format_is_the_cause(folder):
    done = compare(folder, "new.npy", "flipped.npy", "masks.npy", "-n", "3", "--fail-if-worse")
    assert done.returncode == 1
    text = " ".join(done.stdout.split())
    assert "lower: flipped.npy: predictions are flipped" in text
    assert "+0.0000 read rightly, both predictions have the same mean IoU" in text


def test_markdown_has_the_same_lines(folder):
    words = ("old.npy", "flipped.npy", "masks.npy", "-n", "3")
    plain = " ".join(compare(folder, *words).stdout.split())
    written = compare(folder, *words, "--output-format", "markdown", "--report", "markdown=a.md")
    assert written.stdout == (folder / "a.md").read_text()
    summary, *rest = written.stdout.splitlines()
    assert summary[2:-2].lower().startswith("the number after is 0.")
    for line in rest:
        if line.startswith("| ") and not line.startswith("| |") and " | ---" not in line:
            cause = line.split(" | ")[2].rstrip(" |")
            assert cause in {"of", "cause"} or cause.replace("\\", "") in plain


def test_the_json_obeys_its_schema_and_adds_up(folder):
    words = ("old.npy", "flipped.npy", "masks.npy", "-n", "3", "--output-format", "json")
    document = json.loads(compare(folder, *words).stdout)
    schema = json.loads(run("schema", "comparison").stdout)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    assert sum(document["parts"].values()) == pytest.approx(document["gain"], abs=1e-9)
    inside = document["predictions"]
    assert sum(one["gain"] for one in inside["pairs"]) + inside["other_pairs"] == pytest.approx(
        document["parts"]["predictions"], abs=1e-12
    )
    assert not Draft202012Validator(schema).is_valid({**document, "gain": "0.1"})


def test_two_json_reports_give_the_same_parts_and_intervals(folder):
    for name in ("old", "flipped"):
        run("check", f"{name}.npy", "masks.npy", "-n", "3", "--output", f"{name}.json", cwd=folder)
    words = ("old.json", "flipped.json", "--output-format", "json")
    stored = json.loads(compare(folder, *words).stdout)
    words = ("old.npy", "flipped.npy", "masks.npy", "-n", "3", "--output-format", "json")
    counted = json.loads(compare(folder, *words).stdout)
    Draft202012Validator(json.loads(run("schema", "comparison").stdout)).validate(stored)
    assert stored["parts"] == pytest.approx(counted["parts"], abs=1e-9)
    assert stored["predictions"]["interval"] == counted["predictions"]["interval"] is not None
    gains = [
        {(one["truth"], one["prediction"]): one["gain"] for one in document["predictions"]["pairs"]}
        for document in (stored, counted)
    ]
    assert gains[0] == pytest.approx(gains[1], abs=1e-9)
    ious = [
        np.array([one["iou"] for one in document["predictions"]["classes"]])
        for document in (stored, counted)
    ]
    assert ious[0] == pytest.approx(ious[1], abs=1e-9)  # after the repair
    text = compare(folder, "old.json", "flipped.json").stdout
    assert (
        "lower: flipped.npy: predictions are flipped or rotated relative to their masks (IOU502)"
        in " ".join(text.split())
    )


def test_reports_of_new_predictions_at_the_same_path_are_told_apart(folder):
    for name in ("old", "new"):
        np.save(folder / "preds.npy", np.load(folder / f"{name}.npy"))
        run(
            "check", "preds.npy", "masks.npy", "-n", "3", "--output", f"run_{name}.json", cwd=folder
        )
    text = " ".join(compare(folder, "run_old.json", "run_new.json").stdout.split())
    assert "predictions +" in text
    assert "read rightly" in text


def test_other_void_and_other_classes_are_named(folder):
    for name, words in (("three", ("-n", "3")), ("void", ("-n", "4", "--ignore-index", "2"))):
        run("check", "old.npy", "masks.npy", *words, "--output", f"{name}.json", cwd=folder)
    text = " ".join(compare(folder, "three.json", "void.json").stdout.split())
    assert "void nothing is left out before, label 2 after" in text
    assert "classes 3 before, 4 after" in text
    words = ("three.json", "void.json", "--output-format", "json")
    sides = json.loads(compare(folder, *words).stdout)
    assert [sides[one]["ignore_index"] for one in ("before", "after")] == [None, 2]


def test_reports_of_other_masks_or_without_a_ledger_are_refused(folder):
    run("check", "old.npy", "new.npy", "-n", "3", "--output", "other.json", cwd=folder)
    run("check", "old.npy", "masks.npy", "-n", "3", "--output", "whole.json", cwd=folder)
    (folder / "empty.json").write_text("{}")
    for words, error in (
        (["whole.json", "other.json"], "are of other masks"),
        (["whole.json", "empty.json"], "is not a report with a ledger"),
        (["whole.json", "gone.json"], "gone.json cannot be read"),
        (["whole.json", "whole.json", "--metric", "MeanIoU(3)"], "has its metric already"),
    ):
        done = compare(folder, *words)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert error in done.stderr


def test_masks_that_one_report_repairs_are_the_same_masks(tmp_path):
    for side, first in (("masks", 1), ("zero", 0), ("one", 1)):
        (tmp_path / side).mkdir()
        for index in range(3):
            labels = np.zeros((32, 32), "u1")
            labels[4:20, 6 : 20 + index], labels[22:28, 2:9] = 1, 2
            moved = labels if side == "masks" else np.roll(labels, 1, axis=0)
            Image.fromarray(moved + np.uint8(first)).save(tmp_path / side / f"{index}.png")
    for side in ("zero", "one"):
        run("check", side, "masks", "-n", "4", "--output", f"{side}.json", cwd=tmp_path)
    done = compare(tmp_path, "zero.json", "one.json")
    assert "zero: one array numbers the classes from 1" in done.stdout, done.stderr


def test_two_metrics_are_compared_on_one_pair(folder):
    micro = "torchmetrics.JaccardIndex(task='multiclass', num_classes=3, average='micro')"
    done = compare(folder, "old.npy", "masks.npy", "-n", "3", "--versus-metric", micro)
    assert done.returncode == 0
    text = " ".join(done.stdout.split())
    assert "higher: classes pooled before the division (before: the mean over classes)" in text
    assert "predictions themselves" not in done.stdout
    words = ("old.npy", "masks.npy", "-n", "3", "--versus-metric", micro, "--output-format", "json")
    document = json.loads(compare(folder, *words).stdout)
    Draft202012Validator(json.loads(run("schema", "comparison").stdout)).validate(document)
    assert document["separated_by"] == [
        {
            "choice": "average",
            "before": "the mean over classes",
            "after": "classes pooled before the division",
        }
    ]


def score(masks, predictions):
    ious = [
        ((masks == label) & (predictions == label)).sum()
        / ((masks == label) | (predictions == label)).sum()
        for label in range(3)
    ]
    return np.mean(ious)


@pytest.mark.parametrize(("lacks_before", "lacks_after"), [(5, 2), (0, 7), (3, None)])
def test_samples_that_one_side_lacks_are_a_part_of_their_own(tmp_path, lacks_before, lacks_after):
    masks = np.concatenate([scene(seed) for seed in range(4)]).astype(np.uint8)
    sides = [noisy(masks, 1), noisy(masks, 2, share=0.1)]
    for name, labels in (("masks", masks), ("old", sides[0]), ("new", sides[1])):
        (tmp_path / name).mkdir()
        for index, one in enumerate(labels):
            if index != {"old": lacks_before, "new": lacks_after}.get(name):
                Image.fromarray(one.astype(np.uint8)).save(tmp_path / name / f"shot{index}.png")
    words = ("old", "new", "masks", "-n", "3")
    document = json.loads(compare(tmp_path, *words, "--output-format", "json").stdout)
    Draft202012Validator(json.loads(run("schema", "comparison").stdout)).validate(document)
    kept = [np.arange(8) != lacks for lacks in (lacks_before, lacks_after)]
    both = kept[0] & kept[1]
    whole = [score(masks[own], side[own]) for own, side in zip(kept, sides, strict=True)]
    shared = [score(masks[both], side[both]) for side in sides]
    parts = document["parts"]
    assert parts["samples_before"] == pytest.approx(shared[0] - whole[0], abs=1e-7)
    assert parts["samples_after"] == pytest.approx(whole[1] - shared[1], abs=1e-7)
    assert parts["predictions"] == pytest.approx(shared[1] - shared[0], abs=1e-7)
    assert sum(parts.values()) == pytest.approx(document["gain"], abs=1e-7)
    assert document["other_samples"] == [int((own & ~both).sum()) for own in kept]
    names = {one["name"] for one in document["predictions"]["samples"]}
    assert names <= {f"shot{index}" for index in np.flatnonzero(both)}
    text = " ".join(compare(tmp_path, *words).stdout.split())
    assert f"new has 1 sample that the other side lacks: `shot{lacks_before}`" in text
    for name in ("old", "new"):
        arrays = (name, "masks", "-n", "3")
        run("check", *arrays, "--output", f"{name}.json", cwd=tmp_path)
        run("scan", *arrays, "--output", f"{name}.npz", cwd=tmp_path)
    stored, scanned = (
        json.loads(compare(tmp_path, f"old.{end}", f"new.{end}", "--output-format", "json").stdout)
        for end in ("json", "npz")
    )
    assert scanned == document
    assert stored["parts"] == pytest.approx(parts, abs=1e-9)
    for key in ("other_samples", "other_sample_names"):
        assert stored[key] == document[key]
    inside, counted = stored["predictions"], document["predictions"]
    for key in ("mean_iou", "interval", "better", "worse"):
        assert inside[key] == pytest.approx(counted[key], abs=1e-9)
    gains = [{one["name"]: one["gain"] for one in own["samples"]} for own in (inside, counted)]
    assert gains[0] == pytest.approx(gains[1], abs=1e-9)
    assert inside["pairs"] == []


def test_parts_and_reports_of_other_masks_are_refused(tmp_path):
    masks = scene(3, samples=4)
    for name, truth in (("masks", masks), ("others", np.where(masks == 2, 1, masks))):
        (tmp_path / name).mkdir()
        np.save(tmp_path / f"{name}.npy", truth)
        for index, one in enumerate(truth[name == "others" :]):
            Image.fromarray(one).save(tmp_path / name / f"shot{index}.png")
        run("check", name, name, "-n", "3", "--output", f"{name}.json", cwd=tmp_path)
        run(
            "scan", f"{name}.npy", f"{name}.npy", "-n", "3", "--output", f"{name}.npz", cwd=tmp_path
        )
    words = ("scan", "masks.npy", "masks.npy", "-n", "3", "--shard", "1/2", "--output", "half.npz")
    run(*words, cwd=tmp_path)
    for words, error in (
        (["masks.npz", "others.npz"], "have other classes; give parts of the same masks"),
        (["masks.json", "others.json"], "the pixels of the classes differ in `shot0`, `shot1`"),
        (["masks.npz", "half.npz"], "the parts lack shard 2/2"),
        (["masks.npz", "masks.npz", "--metric", "MeanIoU(3)"], "a part has its metric already"),
    ):
        done = compare(tmp_path, *words)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert error in done.stderr


def test_noise_does_not_fail_if_only_what_is_beyond_it_counts(folder):
    masks = np.load(folder / "masks.npy")
    slightly = np.load(folder / "new.npy")
    slightly[0, 0, 0] = (masks[0, 0, 0] + 1) % 3
    np.save(folder / "slightly.npy", slightly)
    words = ("new.npy", "slightly.npy", "masks.npy", "-n", "3", "--fail-if-worse")
    assert compare(folder, *words).returncode == 1
    assert compare(folder, *words, "--beyond-noise").returncode == 0
    # a fault of the format is no noise, though the predictions are the same
    words = ("new.npy", "flipped.npy", "masks.npy", "-n", "3", "--fail-if-worse", "--beyond-noise")
    assert compare(folder, *words).returncode == 1


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["old.npy", "new.npy"], "give BEFORE, AFTER and MASKS"),
        (["old.npy", "few.npy", "masks.npy"], "share 16 and 3 samples with the masks"),
        (["old.npy", "new.npy", "masks.npy", "--versus-metric", "smp macro"], "--versus-metric"),
        (["old.json", "new.json", "--beyond-noise"], "--fail-if-worse"),
        (["old.npy", "gone.npy", "masks.npy"], "gone.npy"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(folder, words, error):
    done = compare(folder, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert error in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_usage_names_three_arguments():
    usage = run("compare", "--help").stdout.splitlines()[0]
    assert usage.split("[OPTIONS] ")[1] == "{BEFORE} {AFTER} [MASKS]"

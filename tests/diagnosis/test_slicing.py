"""Slices: their scores, their intervals, and points that add up to what is missing."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from PIL import Image
from run import run

import iou_doctor
from iou_doctor.diagnosis.slicing import put_numbers_into_quarters
from iou_doctor.errors import UsageError
from iou_doctor.ledger import image_areas


def make_pair(samples=12, seed=0, void=False):
    rng = np.random.default_rng(seed)
    masks = rng.integers(0, 3, (samples, 4, 6)).repeat(4, 1).repeat(4, 2).astype(np.uint8)
    wrong = rng.random(masks.shape) < rng.uniform(0.05, 0.4, (samples, 1, 1))
    predictions = np.where(wrong, rng.integers(0, 3, masks.shape), masks).astype(np.uint8)
    if void:
        masks[:, :2] = 255
    return masks, predictions


def cut(masks, predictions, values, **more):
    report = iou_doctor.check(
        y_true=masks, y_pred=predictions, num_classes=3, slices={"weather": values}, **more
    )
    (slicing,) = report.ledger.slicings
    return report, slicing


@given(st.integers(0, 99), st.lists(st.integers(0, 3), min_size=12, max_size=12), st.booleans())
@settings(max_examples=12)
def test_each_slice_has_the_score_and_interval_of_its_samples_alone(seed, values, void):
    metrics = pytest.importorskip("sklearn.metrics", reason="compares with scikit-learn")
    masks, predictions = make_pair(seed=seed, void=void)
    void = 255 if void else None
    report, slicing = cut(masks, predictions, values, ignore_index=void)
    points = [one.points for one in slicing.slices]
    assert math.fsum(points) == pytest.approx(report.ledger.missing, abs=1e-12)
    assert points == sorted(points, reverse=True)
    assert {one.value for one in slicing.slices} == set(map(str, values))
    for one in slicing.slices:
        chosen = np.array(values) == int(one.value)
        truth, predicted = masks[chosen], predictions[chosen]
        kept = truth != 255
        ious = metrics.jaccard_score(truth[kept], predicted[kept], average=None)
        assert one.mean_iou == pytest.approx(ious.mean(), abs=1e-12)
        assert one.images == chosen.sum()
        if len(slicing.slices) > 1:
            alone = iou_doctor.check(
                y_true=truth, y_pred=predicted, num_classes=3, ignore_index=void
            )
            assert one.interval == alone.interval


def test_many_images_get_the_same_slices(monkeypatch):
    masks, predictions = make_pair(40)
    values = ["day", "night"] * 20
    whole = cut(masks, predictions, values)[1]
    monkeypatch.setattr(image_areas, "MOST_GROUPS", 10)
    grouped = cut(masks, predictions, values)[1]
    for one, other in zip(whole.slices, grouped.slices, strict=True):
        assert (one.value, one.points, one.mean_iou) == (other.value, other.points, other.mean_iou)
        assert one.interval != other.interval


def test_slices_of_repaired_arrays_are_those_of_the_right_ones():
    masks, predictions = make_pair()
    values = ["day", "night", "rain"] * 4
    report, flipped = cut(masks, predictions[:, ::-1], values)
    assert report.ledger.of == "after-repair"
    assert flipped == cut(masks, predictions, values)[1]


def test_many_numbers_are_put_into_quarters():
    rng = np.random.default_rng(1)
    numbers = [*map(float, rng.permutation(40)), *[40.0] * 3]
    quarters = put_numbers_into_quarters([*map(str, numbers), None])
    assert quarters.pop() is None
    found = {name: sorted(n for n, q in zip(numbers, quarters, strict=True) if q == name)
             for name in quarters}  # fmt: skip
    assert sorted(map(len, found.values())) == [10, 11, 11, 11]
    for name, own in found.items():
        assert name == f"{own[0]:g} to {own[-1]:g}"
    few = [str(number % 12) for number in range(40)]
    assert put_numbers_into_quarters(few) == few
    words = [*map(str, range(40)), "none"]
    assert put_numbers_into_quarters(words) == words


@pytest.fixture
def folder(tmp_path):
    """Return a folder with masks and predictions in subfolders, of two sizes, and a table."""
    masks, predictions = make_pair(6)
    for kind, arrays in (("masks", masks), ("preds", predictions)):
        for index, values in enumerate(arrays):
            city = tmp_path / kind / ("aachen" if index < 2 else "bonn")
            city.mkdir(parents=True, exist_ok=True)
            values = values[: 8 if index % 2 else 16]
            Image.fromarray(values).save(city / f"shot{index}.png")
    rows = ["name;weather;time", "shot0.png;rain;1", "bonn/shot2;sun;2", "shot4;rain;3"]
    rows += ["shot1;sun;", "shot3;sun;5", "other;snow;9"]
    (tmp_path / "meta.csv").write_text("\ufeff" + "\r\n".join(rows) + "\r\n", "utf-8")
    return tmp_path


def test_folders_sizes_and_columns_of_a_table(folder):
    words = ["check", "preds", "masks", "-n", "3", "--slice", "folder,size"]
    words += ["--slice", "weather@meta.csv"]
    text = run(*words, cwd=folder).stdout
    assert "by folder" in text
    assert "aachen: 2 images, mean IoU 0." in text
    assert "8 x 24: 3 images" in text
    assert "no value: 1 image (`bonn/shot5`)" in text
    report = iou_doctor.check(
        y_true=folder / "masks",
        y_pred=folder / "preds",
        num_classes=3,
        slices=["folder", "size", f"weather@{folder / 'meta.csv'}"],
    )
    document = report.to_dict()
    Draft202012Validator(json.loads(run("schema", "report").stdout)).validate(document)
    by = {one["by"]: one for one in document["ledger"]["slices"]}
    counts = {
        name: {one["value"]: one["images"] for one in each["slices"]} for name, each in by.items()
    }
    assert counts == {
        "folder": {"aachen": 2, "bonn": 4},
        "size": {"16 x 24": 3, "8 x 24": 3},
        "weather": {"rain": 2, "sun": 3, None: 1},
    }
    assert by["weather"]["unknown"] == ["bonn/shot5"]
    missing = document["ledger"]["missing"]
    for each in by.values():
        assert math.fsum(one["points"] for one in each["slices"]) == pytest.approx(missing)
    for name in ("html", "md"):
        report.save(folder / f"report.{name}")
        assert "by weather" in (folder / f"report.{name}").read_text("utf-8")
    assert "rain: 2 images" in (folder / "report.md").read_text("utf-8")
    assert "(roughly 0." in (folder / "report.md").read_text("utf-8")


def test_all_slices_are_shown_whatever_the_column_is_called():
    masks, predictions = make_pair()
    report = iou_doctor.check(
        y_true=masks,
        y_pred=predictions,
        num_classes=3,
        slices={"class": ["sun", "rain", "snow"] * 4},
    )
    assert all(f"{value}: 4 images" in str(report) for value in ("sun", "rain", "snow"))
    assert "the dearest 3 of 12 images" in str(report)


@pytest.mark.parametrize(
    "slices", ['"weather@meta.csv", "time@meta.csv"', '"weather@meta.csv, time@meta.csv"']
)
def test_the_configuration_names_tables_beside_itself(folder, slices):
    (folder / "iou-doctor.toml").write_text(
        f'predictions = "preds"\nmasks = "masks"\nnum-classes = 3\nslice = [{slices}]\n'
    )
    below = folder / "below"
    below.mkdir()
    text = run("check", cwd=below).stdout
    assert "by weather" in text
    assert "by time" in text


def test_no_report_replaces_a_table(folder):
    before = (folder / "meta.csv").read_bytes()
    words = ["check", "preds", "masks", "--slice", "weather@meta.csv,time@meta.csv"]
    done = run(*words, "--output", "meta.csv", cwd=folder)
    assert done.returncode == 2
    assert "an input, which is never changed" in done.stderr
    assert (folder / "meta.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("night", "--slice night: give folder, size, or COLUMN@FILE.csv"),
        (
            "weathr@meta.csv",
            "no such column; after the names of the samples, the file has weather,",
        ),
        ("weather@gone.csv", "--slice weather@gone.csv: the file cannot be read: No such file"),
        ("weather@twice.csv", "`shot1` has two values"),
        ("weather@strange.csv", "no sample (`aachen/shot0`, `aachen/shot1`, `bonn/shot2`) is in"),
        ("weather@empty.csv", "the file has none"),
    ],
)
def test_what_cannot_be_cut_is_refused_in_one_line(folder, words, error):
    (folder / "twice.csv").write_text("name,weather\nshot1,sun\nshot1,rain\n")
    (folder / "strange.csv").write_text("name,weather\nx,sun\n")
    (folder / "empty.csv").write_text("")
    done = run("check", "preds", "masks", "-n", "3", "--slice", words, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert error in done.stderr


def test_arrays_have_numbers_and_no_folders():
    masks, predictions = make_pair()
    slicing = cut(masks, predictions, {"0": "a", 1: "b"})[1]
    assert {one.value: one.images for one in slicing.slices} == {"a": 1, "b": 1, None: 10}
    assert slicing.unknown == tuple(map(str, range(2, 12)))
    for slices, error in (
        ("folder", "the masks are no files in folders"),
        ({"weather": ["sun"]}, "there are 1 values for 12 samples"),
    ):
        with pytest.raises(UsageError, match=error):
            iou_doctor.check(y_true=masks, y_pred=predictions, num_classes=3, slices=slices)

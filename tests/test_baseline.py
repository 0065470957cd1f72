"""The baseline: a report that iou-doctor wrote, and nothing else."""

from __future__ import annotations

import json

import pytest
from build import diagnose, noisy, scene

from iou_doctor.baseline import Baseline, BaselineInput, load_baseline
from iou_doctor.errors import UsageError
from iou_doctor.render import json_v1


@pytest.fixture
def document():
    masks = scene(1)
    report = diagnose(y_true=masks, y_pred=noisy(masks, 2), num_classes=4, ignore_index=9)
    return json.loads(json_v1.render(report))


def written(tmp_path, content):
    path = tmp_path / "baseline.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


def test_a_report_is_read_back(tmp_path, document):
    path = written(tmp_path, document)
    scores = document["scores"]
    assert load_baseline(path, max_drop=0.5) == Baseline(
        path=path,
        num_classes=4,
        ignore_index=9,
        predictions=BaselineInput("labels", None),
        masks=BaselineInput("labels", None),
        mean_iou=scores["mean_iou"],
        class_iou={0: scores["per_class"][0]["iou"], 1: scores["per_class"][1]["iou"]}
        | {2: scores["per_class"][2]["iou"], 3: None},
        max_drop=0.5,
    )


def test_class_axes_are_counted_from_the_end(tmp_path, document):
    document["inputs"]["predictions"] |= {"shape": [2, 4, 12, 18], "class_axis": 1}
    assert load_baseline(written(tmp_path, document)).predictions.class_axis == -3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is no JSON"),
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no report of iou-doctor"),
        ("3", "is no report of iou-doctor"),
        ('{"version": "2.1.0", "runs": []}', "has schema_version None, not 1"),
        ('{"schema_version": 2}', "has schema_version 2, not 1"),
        ('{"schema_version": 1}', "is no report of iou-doctor"),
        ('{"schema_version": 1, "tool": {"name": "other"}}', "is no report of iou-doctor"),
        ('{"schema_version": 1, "tool": []}', "is no report of iou-doctor"),
    ],
)
def test_what_is_no_report_is_refused_by_name(tmp_path, content, words):
    path = written(tmp_path, content)
    with pytest.raises(UsageError) as refused:
        load_baseline(path)
    assert str(refused.value).startswith(f"--baseline {path} {words}; write one with")
    assert "--output-format json" in str(refused.value)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("reading", "num_classes"), None),
        (("scores", "mean_iou"), "high"),
        (("scores", "per_class"), 3),
        (("inputs", "masks"), {}),
    ],
)
def test_a_report_with_a_damaged_entry_is_refused(tmp_path, document, keys, value):
    document[keys[0]][keys[1]] = value
    with pytest.raises(UsageError, match="is no report of iou-doctor"):
        load_baseline(written(tmp_path, document))


def test_a_missing_file_and_bytes_that_are_no_text(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_baseline(str(tmp_path / "none.json"))
    (tmp_path / "b.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(UsageError, match="is no JSON"):
        load_baseline(str(tmp_path / "b.json"))


@pytest.mark.parametrize("drop", [-0.1, 1.5, float("nan")])
def test_a_drop_is_a_share_of_one(tmp_path, document, drop):
    with pytest.raises(UsageError, match="--max-drop"):
        load_baseline(written(tmp_path, document), max_drop=drop)

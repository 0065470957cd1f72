"""The baseline: a report that iou-doctor wrote, and nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest
from build import diagnose, found, names, noisy, scene

from iou_doctor.errors import UsageError
from iou_doctor.render import json_v1
from iou_doctor.report.baseline import Baseline, BaselineInput, MasksFingerprint, load_baseline


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
        fingerprint=MasksFingerprint("y_true", (2, 12, 18), {0: 269, 1: 88, 2: 75, 3: 0}),
        findings=frozenset(finding["name"] for finding in document["findings"]),
    )


def test_class_axes_are_counted_from_the_end(tmp_path, document):
    document["inputs"]["predictions"] |= {"shape": [2, 4, 12, 18], "class_axis": 1}
    assert load_baseline(written(tmp_path, document)).predictions.class_axis == -3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a report of iou-doctor"),
        ("3", "is not a report of iou-doctor"),
        ('{"version": "2.1.0", "runs": []}', "has schema_version None, not 1"),
        ('{"schema_version": 2}', "has schema_version 2, not 1"),
        ('{"schema_version": 1}', "is not a report of iou-doctor"),
        ('{"schema_version": 1, "tool": {"name": "other"}}', "is not a report of iou-doctor"),
        ('{"schema_version": 1, "tool": []}', "is not a report of iou-doctor"),
    ],
)
def test_what_is_no_report_is_refused_by_name(tmp_path, content, words):
    path = written(tmp_path, content)
    with pytest.raises(UsageError) as refused:
        load_baseline(path)
    assert str(refused.value).startswith(f"--baseline {path} {words}; write one with")
    assert "--write-baseline" in str(refused.value)


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
    with pytest.raises(UsageError, match="is not a report of iou-doctor"):
        load_baseline(written(tmp_path, document))


def test_a_missing_file_and_bytes_that_are_no_text(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_baseline(str(tmp_path / "none.json"))
    (tmp_path / "b.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(UsageError, match="is not JSON"):
        load_baseline(str(tmp_path / "b.json"))


@pytest.mark.parametrize("drop", [-0.1, 1.5, float("nan")])
def test_a_drop_is_a_share_of_one(tmp_path, document, drop):
    with pytest.raises(UsageError, match="--max-drop"):
        load_baseline(written(tmp_path, document), max_drop=drop)


MASKS = MasksFingerprint("val.npy", (4, 8, 6), {0: 100, 1: 92})


@pytest.mark.parametrize(
    "other",
    [
        MASKS,
        MasksFingerprint("moved.npy", (4, 8, 6), {0: 100, 1: 92}),  # the same pixels elsewhere
        MasksFingerprint(
            "val.npy", (4, 8, 6), {0: 150, 1: 42}
        ),  # the same file, changed: a check's job
        MasksFingerprint(
            "val.npy", (4, 6, 8), {0: 100, 1: 92}
        ),  # height and width swapped: likewise
        MasksFingerprint("val.npy", (4, 48), {0: 100, 1: 92}),
        MasksFingerprint("val", (4, None, None), {}),
        MasksFingerprint("moved.npy", (4, 8, 6), {}),
    ],
)
def test_masks_that_may_be_the_same_are_compared(other):
    assert MASKS.describe_difference(other) is None


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (
            MasksFingerprint("val.npy", (3, 8, 6), {}),
            "val.npy of shape 4 × 8 × 6, not val.npy of shape 3 × 8 × 6",
        ),
        (MasksFingerprint("val", (3, None, None), {}), "not val of shape 3 × ? × ?"),
        (
            MasksFingerprint("test.npy", (4, 8, 6), {0: 101, 1: 91}),
            "other pixel counts than those of test.npy",
        ),
    ],
)
def test_masks_that_are_certainly_others_are_named(other, words):
    difference = MASKS.describe_difference(other)
    assert difference is not None
    assert words in difference


def test_what_the_baseline_did_not_find_is_marked_as_new(tmp_path, document):
    masks = scene(1)
    sick = np.eye(4, dtype=np.uint8)[masks]
    document["findings"] = [entry for entry in document["findings"] if entry["code"] == "IOU601"]
    baseline = load_baseline(written(tmp_path, document))
    report = diagnose(
        y_true=sick, y_pred=noisy(masks, 2), num_classes=4, ignore_index=9, baseline=baseline
    )
    marked = {f.rule.name: f.message.endswith("(new since the baseline)") for f in report.findings}
    assert marked["one-hot-masks"]
    assert not marked["reading-drift"]
    assert not marked.get("absent-class", False)
    assert found(report, "one-hot-masks").facts["new_since_baseline"] is True


def test_a_fault_is_reported_before_the_masks_are_called_others(tmp_path, document):
    document["inputs"]["masks"]["path"] = "elsewhere"
    baseline = load_baseline(written(tmp_path, document))
    masks = scene(1)
    with pytest.raises(UsageError, match="was written for other masks"):
        diagnose(
            y_true=masks[:, ::-1] * 0,
            y_pred=noisy(masks, 2),
            num_classes=4,
            ignore_index=9,
            baseline=baseline,
        )
    report = diagnose(
        y_true=np.where(masks == 2, 7, masks),
        y_pred=noisy(masks, 2),
        num_classes=4,
        ignore_index=9,
        baseline=baseline,
    )
    assert "recoded-class-ids" in names(report)

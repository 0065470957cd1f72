"""What Python users get: reports as files, dicts and tables, explanations and repaired arrays."""

from __future__ import annotations

import json
import pydoc

import numpy as np
import pytest
from build import noisy, one_hot, probabilities, scene

import iou_doctor
from iou_doctor.errors import OutputError, UsageError

MASKS = scene(1)
LABELS = noisy(MASKS, 2)
SCORES = probabilities(MASKS, 2, classes=3)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("r.html", "<!doctype html>"),
        ("R.HTM", "<!doctype html>"),
        ("r.json", "{"),
        ("r.md", "#"),
        ("r.txt", "\niou-doctor"),
        ("r.xml", "<?xml"),
        ("r.sarif", "{"),
    ],
)
def test_a_report_is_saved_in_the_format_of_its_name(tmp_path, name, start):
    report = iou_doctor.check(y_true=MASKS, y_pred=SCORES, num_classes=3)
    path = tmp_path / name
    path.write_text("earlier", encoding="utf-8")
    report.save(path)
    text = path.read_text(encoding="utf-8")
    assert text.lower().lstrip().startswith(start.strip())
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_report_of_an_unknown_format_or_place_is_refused(tmp_path):
    report = iou_doctor.check(y_true=MASKS, y_pred=LABELS, num_classes=3)
    with pytest.raises(UsageError, match=r"r.docx.*: the name ends in .html, .* or .xml"):
        report.save(tmp_path / "r.docx")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        report.save(tmp_path / "file" / "r.json")


def test_a_report_turns_into_a_dict():
    report = iou_doctor.check(y_true=MASKS, y_pred=SCORES, num_classes=3)
    assert report.to_dict() == json.loads(report.to_json())


def test_confusion_and_classes_are_tables():
    masks = MASKS.copy()
    masks[0, :2] = 255
    report = iou_doctor.check(
        y_true=masks, y_pred=LABELS, num_classes=3, ignore_index=255, class_names="sky,road,car"
    )
    kept = masks != 255
    wanted = np.zeros((3, 3), np.int64)
    np.add.at(wanted, (masks[kept], LABELS[kept]), 1)
    assert np.array_equal(report.confusion, wanted)
    table = report.per_class
    assert list(table["name"]) == ["sky", "road", "car"]
    assert list(table["intersection"]) == list(np.diag(wanted))
    union = wanted.sum(0) + wanted.sum(1) - np.diag(wanted)
    assert table["iou"] == pytest.approx(np.diag(wanted) / union)
    assert table["iou"].mean() == pytest.approx(report.mean_iou)


def test_arrays_that_do_not_pair_up_have_no_tables():
    report = iou_doctor.check(y_true=MASKS, y_pred=LABELS[:, :5], num_classes=3)
    assert report.score is None
    assert report.confusion is None
    assert report.per_class is None


def test_why_explains_with_and_without_arrays():
    found = iou_doctor.why(1 / 3, y_true=one_hot(MASKS, 3), y_pred=SCORES, num_classes=3)
    assert found.matches[0].suspects[0].cause.name == "unargmaxed-probabilities"
    assert found.to_dict()["matches"][0]["suspects"][0]["contracts"]
    alone = iou_doctor.why("0.5")
    assert "everything is predicted as background" in " ".join(str(alone).split())
    assert repr(alone).startswith("<Explanation of 0.5: ")
    with pytest.raises(UsageError, match="is not a score"):
        iou_doctor.why("abc")
    with pytest.raises(UsageError, match="give y_true and y_pred"):
        iou_doctor.why("0.3", y_true=MASKS)


def test_why_takes_batches():
    pairs = [(MASKS[:1], LABELS[:1]), (MASKS[1:], LABELS[1:])]
    report = iou_doctor.check(pairs=pairs, num_classes=3)
    found = iou_doctor.why(report.mean_iou, pairs=pairs, num_classes=3)
    assert found.matches[0].suspects[0].cause.name == "as-given"
    flipped = iou_doctor.check(y_true=MASKS, y_pred=LABELS[:, :, ::-1], num_classes=3).mean_iou
    found = iou_doctor.why(flipped, pairs=pairs, num_classes=3)
    assert "flipped left to right" in str(found)


def test_fix_returns_arrays_and_leaves_the_inputs():
    masks, scores = MASKS.copy(), SCORES.copy()
    repaired = iou_doctor.fix(y_true=masks, y_pred=scores, num_classes=3)
    assert np.array_equal(repaired.y_pred, SCORES.argmax(-1))
    assert np.array_equal(repaired.y_true, MASKS)
    assert np.array_equal(masks, MASKS)
    assert np.array_equal(scores, SCORES)
    assert repaired.repairs == ("argmax the predictions (unargmaxed-probabilities)",)
    assert not repaired.report.verdict.sick
    assert repaired.report.predictions.path == "y_pred"
    again = iou_doctor.fix(y_true=repaired.y_true, y_pred=repaired.y_pred, num_classes=3)
    assert again.repairs == ()


def test_fix_writes_files_for_files(tmp_path):
    places = {"y_true": tmp_path / "masks.npy", "y_pred": tmp_path / "scores.npy"}
    np.save(places["y_true"], MASKS)
    np.save(places["y_pred"], SCORES)
    repaired = iou_doctor.fix(**places, num_classes=3, output_dir=tmp_path / "copies")
    assert repaired.y_pred == str(tmp_path / "copies" / "scores.npy")
    assert repaired.y_true == str(places["y_true"])
    assert np.array_equal(np.load(repaired.y_pred), SCORES.argmax(-1))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"y_true": MASKS, "y_pred": "x.npy"}, "both y_true and y_pred as paths, or both as array"),
        ({"y_true": "m.npy", "y_pred": "x.npy"}, "output_dir= is missing"),
        ({"y_true": MASKS, "y_pred": MASKS, "output_dir": "x"}, "output_dir= is for files"),
        ({"y_true": MASKS, "y_pred": MASKS, "seen": 1}, "takes no argument seen="),
        ({"y_true": MASKS}, "give y_true and y_pred"),
    ],
)
def test_fix_refuses_what_does_not_go_together(arguments, words):
    with pytest.raises(UsageError, match=words):
        iou_doctor.fix(**arguments)


def test_assert_healthy_fails_with_the_report():
    iou_doctor.assert_healthy(y_true=MASKS, y_pred=LABELS, num_classes=3, min_iou=0.3)
    with pytest.raises(AssertionError, match="never argmaxed"):
        iou_doctor.assert_healthy(y_true=MASKS, y_pred=SCORES, num_classes=3)
    with pytest.raises(AssertionError, match=r"does not reach min_iou=0.99"):
        iou_doctor.assert_healthy(y_true=MASKS, y_pred=LABELS, num_classes=3, min_iou=0.99)


def test_help_shows_the_functions_with_an_example():
    text = pydoc.plain(pydoc.render_doc(iou_doctor))
    assert "report = iou_doctor.check(y_true=masks, y_pred=predictions" in text
    for name in ("assert_healthy(", "check(", "fix(", "why("):
        assert f"\n    {name}" in text
    assert set(iou_doctor.__all__) <= set(dir(iou_doctor))


def test_single_samples_of_a_dataset_are_refused_with_batch():
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    dataset = tf.data.Dataset.from_tensor_slices((MASKS, SCORES))
    with pytest.raises(iou_doctor.errors.SourceError, match=r"`dataset.batch\(8\)`"):
        iou_doctor.check(pairs=dataset, num_classes=3)
    single = tf.data.Dataset.from_tensor_slices(MASKS[..., np.newaxis])
    with pytest.raises(iou_doctor.errors.SourceError, match=r"`dataset.batch\(8\)`"):
        iou_doctor.check(y_true=single, y_pred=single)
    for batched in (dataset.batch(2), dataset.batch(2, drop_remainder=True)):
        assert iou_doctor.check(pairs=batched, num_classes=3).score is not None

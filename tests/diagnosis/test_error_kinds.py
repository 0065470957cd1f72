"""Which arrays have kinds of errors in their report, and that they are those of these arrays."""

from __future__ import annotations

import json

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from run import run

import iou_doctor
from iou_doctor.counts.error_kinds import Kind
from iou_doctor.diagnosis import error_kinds
from iou_doctor.render import markdown
from iou_doctor.scan.error_kinds import find_error_kinds


def make_pair(samples=3, seed=0):
    """Return masks of boxes of three classes, with void, and predictions that are a bit off."""
    rng = np.random.default_rng(seed)
    y_true = np.zeros((samples, 110, 120), dtype=np.uint8)
    for mask in y_true:
        for label in (1, 2, 1, 2, 1):
            top, left = rng.integers(0, 100, 2)
            mask[top : top + rng.integers(3, 40), left : left + rng.integers(3, 40)] = label
    y_pred = np.roll(y_true, (1, 2), (1, 2))
    y_pred[rng.random(y_pred.shape) < 0.002] = 1
    y_true[:, :4] = 255
    return y_true, y_pred


def check(y_true, y_pred, **options):
    options = {"num_classes": 3, "ignore_index": 255} | options
    return iou_doctor.check(y_true=y_true, y_pred=y_pred, **options)


def price_plainly(y_true, y_pred):
    """Return the points by kind, added up pixel by pixel."""
    void = y_true == 255
    unions = [int((((y_true == label) | (y_pred == label)) & ~void).sum()) for label in range(3)]
    points = dict.fromkeys(("boundary", "extent", "segment"), 0.0)
    for truth, prediction, own in zip(y_true, y_pred, void, strict=True):
        found = find_error_kinds(truth, prediction, void=own)
        for kind in (Kind.BOUNDARY, Kind.EXTENT, Kind.SEGMENT):
            for labels, kinds in ((truth, found.missed), (prediction, found.false_alarms)):
                for label in range(3):
                    wrong = int(((labels == label) & (kinds == kind)).sum())
                    points[kind.name.lower()] += wrong / unions[label] / 3
    return points


def get_kinds(report):
    return None if report.ledger is None else report.ledger.by_kind


def assert_priced(report, y_true, y_pred):
    kinds = get_kinds(report)
    found = {name: getattr(kinds, name) for name in ("boundary", "extent", "segment")}
    assert found == pytest.approx(price_plainly(y_true, y_pred), abs=1e-12)
    assert sum(found.values()) == pytest.approx(report.ledger.missing, abs=1e-12)


def test_a_report_has_the_kinds_of_its_arrays():
    y_true, y_pred = make_pair()
    report = check(y_true, y_pred)
    assert_priced(report, y_true, y_pred)
    assert report.ledger.widths == (2, 2)
    json_report = json.loads(report.to_json())
    Draft202012Validator(json.loads(run("schema", "report").stdout)).validate(json_report)
    assert json_report["ledger"]["contour_width"] == [2, 2]
    text = str(report)
    assert "edges within 2 pixels" in text
    assert "of it" in markdown.render(report)
    lines = text[text.index("by pair") : text.index("% interval")].splitlines()[:-1]
    assert len([line for line in lines if line[12:18].strip()]) <= 8
    assert "| pixels of a region |" in markdown.render(report)


def test_scores_and_files_have_the_same_kinds(tmp_path):
    y_true, y_pred = make_pair()
    plain = get_kinds(check(y_true, y_pred))
    scores = np.eye(3, dtype=np.float32)[y_pred] * 0.8 + 0.1
    metric = "keras.metrics.MeanIoU(3, ignore_class=255, sparse_y_pred=False)"
    assert get_kinds(check(y_true, scores, metric=metric)) == plain
    for side, maps in (("masks", y_true), ("preds", y_pred)):
        (tmp_path / side).mkdir()
        for number, labels in enumerate(maps):
            Image.fromarray(labels).save(tmp_path / side / f"{number}.png")
    files = check(str(tmp_path / "masks"), str(tmp_path / "preds"))
    assert get_kinds(files) == plain


def test_files_that_are_slow_to_read_are_read_once(tmp_path, monkeypatch):
    y_true, y_pred = make_pair()
    np.savez_compressed(tmp_path / "pair.npz", masks=y_true, preds=y_pred)
    plain = check(y_true, y_pred)
    from iou_doctor.diagnosis import recount_kinds

    monkeypatch.setattr(recount_kinds, "count_kinds", None)
    paths = (f"{tmp_path}/pair.npz::{side}" for side in ("masks", "preds"))
    assert get_kinds(check(*paths)) == get_kinds(plain)


def test_after_a_repair_the_kinds_are_those_of_the_repaired_arrays():
    y_true, y_pred = make_pair()
    flipped = check(y_true, y_pred[:, ::-1].copy())
    assert flipped.ledger.of == "after-repair"
    assert_priced(flipped, y_true, y_pred)
    shifted = check(y_true, y_pred + 1, num_classes=3)
    assert shifted.ledger.of == "after-repair"
    assert_priced(shifted, y_true, y_pred)


def test_a_repair_of_some_samples_and_one_of_values_leave_the_kinds():
    y_true, predictions = make_pair(samples=6)
    masks = np.where(y_true == 255, 0, y_true)
    objects, found = (masks > 0).astype(np.uint8), (predictions > 0).astype(np.uint8)
    one_in_grey = np.where(np.arange(6)[:, None, None] == 3, 255 * objects, objects)
    some, plain = (
        iou_doctor.check(y_true=one, y_pred=found, num_classes=2) for one in (one_in_grey, objects)
    )
    assert (some.primary.rule.name, some.ledger.of) == ("faulty-samples", "after-repair")
    assert get_kinds(some) == get_kinds(plain) is not None
    normalised = ((masks / 255 - 0.449) / 0.226).astype(np.float32)
    values = check(normalised, predictions, ignore_index=None, ledger="full")
    assert (values.primary.rule.name, values.ledger.of) == ("normalised-masks", "after-repair")
    assert_priced(values, masks, predictions)


def test_scores_of_one_channel_have_the_kinds_of_their_labels():
    y_true, y_pred = make_pair()
    masks, labels = np.where(y_true == 2, 0, y_true), np.where(y_pred == 2, 0, y_pred)
    scores = (0.1 + 0.8 * labels)[..., None].astype(np.float32)
    metric = "keras.metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.5)"
    masks[masks == 255] = 0
    report = iou_doctor.check(y_true=masks, y_pred=scores, metric=metric)
    plain = iou_doctor.check(y_true=masks, y_pred=labels, num_classes=2)
    assert get_kinds(report) == get_kinds(plain) is not None


def test_volumes_have_kinds_and_flat_arrays_have_none():
    y_true, y_pred = make_pair(samples=40)
    volumes = check(y_true[None], y_pred[None], layout="NDHW", ignore_index=255)
    assert get_kinds(volumes) is not None
    flat = check(y_true.reshape(40, -1), y_pred.reshape(40, -1), ledger="full")
    assert (get_kinds(flat), flat.ledger.lacks_kinds) == (None, "shape")
    why = "no edges, parts and whole objects: the arrays are neither images nor volumes"
    assert why in str(flat)
    assert why in markdown.render(flat)


def test_auto_leaves_out_what_takes_long_and_what_is_too_small(monkeypatch):
    y_true, y_pred = make_pair()
    small = check(y_true[:, :60, :60], y_pred[:, :60, :60])
    assert (get_kinds(small), small.ledger.lacks_kinds) == (None, None)
    assert get_kinds(check(y_true[:, :60, :60], y_pred[:, :60, :60], ledger="full")) is not None
    monkeypatch.setattr(error_kinds, "AUTO_PIXELS", y_true.size - 1)
    large = check(y_true, y_pred)
    assert (get_kinds(large), large.ledger.lacks_kinds) == (None, "time")
    assert "edges, parts and whole objects: --ledger full (ledger='full' in Python)" in str(large)
    assert get_kinds(check(y_true, y_pred, ledger="full")) is not None
    monkeypatch.setattr(error_kinds, "AUTO_PIXELS", y_true.size)
    assert get_kinds(check(y_true, y_pred)) is not None
    monkeypatch.setattr(error_kinds, "AUTO_SAMPLES", 2)
    assert get_kinds(check(y_true, y_pred)) is None
    monkeypatch.setattr(error_kinds, "AUTO_SAMPLES", 3)
    monkeypatch.setattr(error_kinds, "load_kernels", lambda: None)
    assert get_kinds(check(y_true, y_pred)) is None


def test_auto_leaves_values_where_they_may_be_on_a_device():
    import tensorflow as tf

    y_true, y_pred = make_pair()
    tensor = tf.constant(y_pred)
    assert get_kinds(check(y_true, tensor)) is None
    assert get_kinds(check(y_true, tensor, ledger="full")) == get_kinds(check(y_true, y_pred))


def test_samples_that_a_repair_leaves_out_have_neither_kinds_nor_boundaries():
    y_true, y_pred = make_pair(samples=6)
    y_pred[2, ::2] = y_pred[2, ::2, ::-1]  # the worst one occurs three times
    repeated = [0, 1, 2, 2, 3, 2, 4, 5]
    once, more = (
        check(y_true[chosen], y_pred[chosen], boundary_iou=True)
        for chosen in (slice(None), repeated)
    )
    assert more.ledger.of == "after-repair"
    assert get_kinds(more) == pytest.approx(get_kinds(once))
    assert more.ledger.sizes == once.ledger.sizes is not None
    assert more.fine_grained == once.fine_grained


def test_a_model_predicts_once_more_after_a_repair_if_all_is_asked_for():
    y_true, y_pred = make_pair()

    def model(images):
        return np.eye(3, dtype=np.float32)[images[..., 0].astype(int)]

    shifted = np.where(y_true == 255, 255, y_true + 1)
    arrays = {"y_true": shifted, "y_pred": model, "images": y_pred[..., None], "boundary_iou": True}
    full, auto = (
        iou_doctor.check(num_classes=3, ignore_index=255, ledger=detail, **arrays)
        for detail in ("full", "auto")
    )
    assert full.ledger.of == "after-repair"
    assert_priced(full, y_true, y_pred)
    assert (
        full.fine_grained.boundary == check(y_true, y_pred, boundary_iou=True).fine_grained.boundary
    )
    assert get_kinds(auto) is None
    assert "no boundary IoU: the model would have to predict once more" in markdown.render(auto)


def test_the_command_line_may_leave_the_ledger_out(tmp_path):
    y_true, y_pred = make_pair()
    for name, labels in (("masks", y_true), ("preds", y_pred)):
        np.save(tmp_path / f"{name}.npy", labels)
    paths = [str(tmp_path / "preds.npy"), str(tmp_path / "masks.npy")]
    options = ["--num-classes", "3", "--ignore-index", "255"]
    run("check", *paths, *options, "--ledger", "off", "--report", str(tmp_path / "report.json"))
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["ledger"] is None
    found = run("check", *paths, *options, "--ledger", "some")
    assert found.returncode == 2

"""`iou_doctor.check` and the Report as Python users hold them."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from build import diagnose, one_hot, probabilities, scene

import iou_doctor
from iou_doctor.errors import UsageError
from iou_doctor.pictures.gallery import build_gallery
from iou_doctor.render import json_v1, terminal
from iou_doctor.render.console import make_file_console
from iou_doctor.render.html import page
from iou_doctor.scan import device as scan_device

MASKS = scene(1)
SCORES = probabilities(MASKS, 2, classes=3)


@pytest.fixture(scope="module")
def report():
    return iou_doctor.check(y_true=MASKS, y_pred=SCORES, num_classes=3)


def test_the_report_says_what_the_command_line_says(report):
    plain = diagnose(y_true=MASKS, y_pred=SCORES, num_classes=3, details=True)
    assert report.verdict == plain.verdict
    assert report.findings == plain.findings
    assert isinstance(report, iou_doctor.Report)
    assert str(report) + "\n" == terminal.render(plain, make_file_console())
    assert report.to_json() == json_v1.render(plain)
    assert report.to_html() == page.render(replace(plain, gallery=build_gallery(plain, 12)))


def test_the_report_is_readable_at_the_prompt(report):
    assert repr(report).startswith("<Report sick: your metric raises, after the repair 1.0000")
    assert json.loads(report.to_json())["verdict"]["primary"] == "unargmaxed-probabilities"
    assert pickle.loads(pickle.dumps(report.verdict)) == report.verdict


def test_a_notebook_shows_the_page_in_its_own_colours(report):
    shown = report._repr_html_()
    assert shown.startswith('<div class="iou-doctor">\n<style>\n.iou-doctor {')
    assert "var(--jp-layout-color1" in shown
    assert "<html" not in shown
    assert "<iframe" not in shown
    assert report.verdict.summary in shown
    assert shown.endswith("</div>\n")


def test_either_two_arrays_or_pairs():
    for arrays in ({}, {"y_true": MASKS}, {"y_true": MASKS, "y_pred": MASKS, "pairs": [MASKS]}):
        with pytest.raises(UsageError, match="give y_true and y_pred, or pairs in place of both"):
            iou_doctor.check(**arrays)


def test_datasets_of_tensorflow_give_what_their_arrays_give(report):
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    dataset = tf.data.Dataset.from_tensor_slices((MASKS, SCORES)).batch(2).prefetch(1)
    streamed = iou_doctor.check(pairs=dataset, num_classes=3)
    assert streamed.findings == report.findings
    assert streamed.score == report.score
    apart = iou_doctor.check(
        y_true=dataset.map(lambda true, _: true), y_pred=dataset.map(lambda _, pred: pred)
    )
    assert apart.findings == report.findings


def test_a_dataset_that_shuffles_anew_is_found_out():
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    dataset = tf.data.Dataset.from_tensor_slices((np.arange(99), np.arange(99)))
    with pytest.raises(iou_doctor.errors.SourceError, match="reshuffle_each_iteration=False"):
        iou_doctor.check(pairs=dataset.shuffle(99, seed=1).batch(20))


def test_checking_tensors_imports_no_framework():
    code = (
        "import sys, iou_doctor;"
        "iou_doctor.check(y_true=[[0, 1], [1, 0]], y_pred=[[0, 1], [1, 0]]).to_json();"
        "print(*({'tensorflow', 'keras', 'torch', 'jax', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_one_hot_lists_are_arrays_too():
    assert iou_doctor.check(y_true=MASKS.tolist(), y_pred=one_hot(MASKS, 3)).mean_iou == 1


@pytest.mark.parametrize(("device", "words"), [("gpu", "no NVIDIA GPU"), ("tpu", "'auto', 'cpu'")])
def test_a_device_that_is_not_there_is_refused_before_a_model_is_opened(
    monkeypatch, tmp_path, device, words
):
    monkeypatch.setattr(scan_device, "is_gpu_visible", lambda: False)
    with pytest.raises(UsageError, match=words):
        iou_doctor.check(y_true=MASKS, y_pred=tmp_path / "none.keras", images=MASKS, device=device)

"""The Python of the documentation runs, and a training prints what the page on Keras shows."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from build import one_hot, probabilities, scene
from pages import ROOT, find_python, read_page
from training.nets import IMAGES, LABELS, ONE_HOT, net

import iou_doctor

PAGE = ROOT / "docs/keras.md"
PRINTED = re.compile(r"(<!-- printed: training -->\n```text\n)(.*?)(```\n<!-- end -->)", re.DOTALL)
MASKS = scene(1)


def without_measured_numbers(text: str) -> str:
    """Return a text without what another version of Keras may draw, and without line breaks."""
    return " ".join(re.sub(r"\d+\.\d+", "0.0", text).split())


def test_what_it_prints_during_training(capsys, updating):
    keras.backend.clear_session()  # the metric is the first of its name
    names = {"keras": keras, "model": net(3, "softmax"), "images": IMAGES, "one_hot_masks": ONE_HOT}
    exec(find_python("training").replace("callbacks=", "verbose=0, callbacks="), names)
    output = capsys.readouterr().out.removeprefix("\n")
    if updating:
        text = PRINTED.sub(lambda m: m[1] + output + m[3], read_page(PAGE))
        PAGE.write_text(text, encoding="utf-8")
    (shown,) = (found[2] for found in PRINTED.finditer(read_page(PAGE)))
    assert without_measured_numbers(output) == without_measured_numbers(shown)


@pytest.fixture
def arrays():
    """Return the names that the code of the pages takes for given."""
    predictions = probabilities(MASKS, 2, classes=3)
    return {"iou_doctor": iou_doctor, "masks": one_hot(MASKS, 3), "predictions": predictions}


def test_a_check_of_arrays(arrays, capsys):
    exec(find_python("check"), arrays)
    assert capsys.readouterr().out == f"{arrays['report']}\n"


def test_what_a_report_holds(arrays, capsys):
    lines = find_python("report").splitlines()
    exec("\n".join(lines), arrays)
    assert capsys.readouterr().out == f"{arrays['report']}\n"
    said = {line.split("  # ")[0]: line.split("  # ")[1] for line in lines if "  # '" in line}
    assert len(said) == 2
    for expression, value in said.items():
        shown = value.removesuffix(", or None").partition("…")[0]
        assert repr(eval(expression, arrays)).startswith(shown)


def test_a_check_of_a_dataset():
    dataset = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(4)
    model = net(3, "softmax")
    names = {"iou_doctor": iou_doctor, "dataset": dataset, "model": model}
    exec(find_python("pairs"), names)
    whole = iou_doctor.check(y_true=LABELS, y_pred=np.asarray(model(IMAGES)), num_classes=3)
    assert names["report"].verdict.primary == whole.verdict.primary == "unargmaxed-probabilities"


def test_a_check_of_a_model():
    model = net(3, "softmax")
    pictures = np.rint(IMAGES * 255).astype(np.uint8)
    names = {"iou_doctor": iou_doctor, "masks": LABELS, "model": model, "images": pictures}
    exec(find_python("model"), names)
    scores = np.asarray(model(pictures.astype(np.float32) * np.float32(1 / 255)))
    whole = iou_doctor.check(y_true=LABELS, y_pred=scores, num_classes=3)
    assert names["report"].score == whole.score

"""Arguments of `iou_doctor.check` in their many forms, and what is refused in Python's words."""

from __future__ import annotations

import numpy as np
import pytest
from build import probabilities, scene

import iou_doctor
from iou_doctor.api.check_types import take_class_names, take_score
from iou_doctor.api.words import use_python_words
from iou_doctor.errors import UsageError

MASKS = scene(1)
SCORES = probabilities(MASKS, 2, classes=3)


@pytest.mark.parametrize(
    "names",
    [
        ["sky", "road", "car"],
        ("sky", "road", "car"),
        "sky, road,car",
        {0: "sky", 2: "car", 1: "road"},
        {np.int64(0): "sky", 1: "road", 2: "car"},
        {"sky": 0, "road": 1, "car": 2},
        np.array(["sky", "road", "car"]),
        iter(["sky", "road", "car"]),
    ],
)
def test_class_names_come_in_many_forms(names):
    assert take_class_names(names) == ("sky", "road", "car")


def test_a_class_without_a_name_is_called_by_its_id():
    assert take_class_names({0: "sky", 2: "car"}) == ("sky", "1", "car")
    assert take_class_names(None) == take_class_names({}) == ()


@pytest.mark.parametrize("names", [5, [1, 2], {0.5: "sky"}, {-1: "sky"}, {0: 1}])
def test_other_class_names_are_refused_with_what_works(names):
    with pytest.raises(UsageError, match=r"class_names=.*a list .* a string .* or a dict"):
        take_class_names(names)


def test_ignore_class_is_ignore_index():
    masks = np.where(MASKS == 2, 255, MASKS)
    one, other = (
        iou_doctor.check(y_true=masks, y_pred=MASKS, **{name: 255})
        for name in ("ignore_index", "ignore_class")
    )
    assert one.score == other.score
    both = {"ignore_index": np.uint8(255), "ignore_class": 255}
    assert iou_doctor.check(y_true=masks, y_pred=MASKS, **both).score == one.score
    with pytest.raises(UsageError, match="ignore_index=0 and ignore_class=255 mean the same"):
        iou_doctor.check(y_true=masks, y_pred=MASKS, ignore_index=0, ignore_class=255)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"num_classes": "3"}, "num_classes='3': give an integer, num_classes=3 for instance"),
        ({"num_classes": 3.0}, "num_classes=3.0: give an integer"),
        ({"num_classes": True}, "num_classes=True: give an integer"),
        ({"num_classes": 1}, "num_classes=1: background counts .* use num_classes=2"),
        ({"ignore_index": [255]}, r"ignore_index=\[255\]: give an integer"),
        ({"threshold": "0.5"}, "threshold='0.5': give a number, threshold=0.5"),
        ({"threshold": float("nan")}, "threshold=nan: give a number"),
        ({"layout": 3}, "layout=3: give a string, layout='NHWC'"),
        ({"layout": "XYZ"}, "layout='XYZ' is not a layout"),
        ({"contracts": "every"}, "contracts='every': give 'common' or 'all'"),
        ({"device": None}, "device=None: give 'auto', 'cpu' or 'gpu'"),
        ({"batch_size": 0}, "batch_size=0: give at least 1"),
        ({"jobs": "many"}, "jobs='many': give an integer, jobs=4"),
        ({"predictions_as": "softmax"}, "predictions_as='softmax': give 'labels', 'one-hot'"),
        ({"class_names": ["one"]}, "class_names= has 1 name for 3 classes"),
        ({"metric": 3}, "metric=3: iou-doctor does not know this metric"),
        ({"metric": "nothing"}, "metric='nothing' is not known"),
        ({"seen": [0.3]}, r"seen=\[0.3\]: give a number"),
        (
            {"metric": "keras.metrics.MeanIoU(num_classes=4)", "num_classes": 3},
            "num_classes=3 and num_classes=4 in metric= contradict each other",
        ),
    ],
)
def test_wrong_arguments_are_refused_in_pythons_words(arguments, words):
    with pytest.raises(UsageError, match=words) as refused:
        iou_doctor.check(y_true=MASKS, y_pred=SCORES, **arguments)
    assert "--" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("function", ["check", "compare", "fix", "why", "assert_healthy"])
def test_arguments_without_names_are_told_their_names(function):
    positional = ("0.3333", MASKS, SCORES) if function == "why" else (MASKS, SCORES)
    with pytest.raises(UsageError, match=rf"iou_doctor.{function}\(.*y_true=masks, "):
        getattr(iou_doctor, function)(*positional)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        *(("why", "classes"), ("why", "seen"), ("why", "positional")),
        *(("compare", "classes"), ("compare", "y_pred"), ("compare", "seen")),
    ],
)
def test_arguments_without_a_meaning_are_refused(function, name):
    arrays = {"before": SCORES, "after": SCORES} if function == "compare" else {"score": 0.5}
    with pytest.raises(TypeError, match=f"{function}.. got an unexpected .* argument '{name}'"):
        getattr(iou_doctor, function)(y_true=MASKS, **arrays, **{name: 1})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--ignore-index 255", "ignore_index=255"),
        ("--ignore-index=-1", "ignore_index=-1"),
        ("use --layout NCHW,NHW or --layout", "use layout='NCHW,NHW' or layout="),
        ("--predictions-as logits reads", "predictions_as='logits' reads"),
        ("--metric MeanIoU(n = 3): no", "metric='MeanIoU(n = 3)': no"),
        ("--threshold is for one channel", "threshold= is for one channel"),
        ("a -- b", "a -- b"),
    ],
)
def test_options_become_arguments(text, expected):
    assert use_python_words(text) == expected


@pytest.mark.parametrize(
    ("score", "text"),
    [
        ("33.33%", "33.33%"),
        (0.5, "0.5"),
        (1, "1.0"),
        (1 / 3, "0.3333333"),
        (np.float32(0.25), "0.25"),
    ],
)
def test_a_score_may_be_a_number(score, text):
    assert take_score("score", score) == text

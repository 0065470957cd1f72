from __future__ import annotations

import numpy as np
import pytest
from build import layout_of, logits, scene

from iou_doctor.errors import UsageError
from iou_doctor.interpret.layout_option import parse_layouts


@pytest.mark.parametrize(
    ("text", "masks", "predictions"),
    [
        (None, None, None),
        ("NHWC", "NHWC", "NHWC"),
        ("nchw", "NCHW", "NCHW"),
        ("NCHW,NHW", "NHW", "NCHW"),
        ("HWC,HW", "HW", "HWC"),
        ("NDHWC,NDHW", "NDHW", "NDHWC"),
        ("NLC", "NLC", "NLC"),
        ("L", "L", "L"),
    ],
)
def test_a_layout_has_one_word_or_two(text, masks, predictions):
    assert parse_layouts(text) == (masks, predictions)


@pytest.mark.parametrize(
    ("text", "ranks", "letters"),
    [
        ("channels_first", (4, 3), "NCHW"),
        ("channels_last", (3, 4), "NHWC"),
        ("channels-last", (5, 4), "NDHWC"),
        ("CHANNELS_FIRST", (5, 5), "NCDHW"),
        ("channels_last", (3, 2), "HWC"),
    ],
)
def test_the_words_of_keras_fit_the_arrays(text, ranks, letters):
    assert parse_layouts(text, ranks) == (letters, letters)
    assert parse_layouts(f"{text},NHW", ranks) == ("NHW", letters)


def test_words_that_are_no_layout_are_refused():
    words = ["NHWX", "NHWCC", "WH", "NHHW", "HWN", "HNW", "NC", "C", "NDHLW"]
    for text in (*words, "NHWC,NHW,NHW", "NHWC NHW"):
        with pytest.raises(UsageError, match="is not a layout; use letters like NHWC"):
            parse_layouts(text)


def test_the_option_takes_precedence_over_what_is_inferred():
    t = scene(1, samples=3, height=3, width=3)
    dense = np.moveaxis(logits(t, 2, classes=3), -1, 1)
    assert layout_of(y_true=t, y_pred=dense).y_pred.channel == 3
    layout = layout_of(y_true=t, y_pred=dense, layout="NCHW")
    assert (layout.y_pred.channel, layout.y_true.channel) == (1, None)
    assert layout.assumed == ()


def test_two_words_name_two_arrays():
    t = scene(1)
    dense = logits(t, 2, classes=3)
    layout = layout_of(y_true=t[0], y_pred=dense, layout="NHWC,HW")
    assert (layout.y_true.letters, layout.y_pred.letters) == ("HW", "NHWC")


def test_a_layout_of_another_number_of_axes_is_refused():
    t = scene(1)
    with pytest.raises(UsageError, match="--layout NHWC names 4 axes, but y_pred has 2"):
        layout_of(y_true=t[0], y_pred=t[0], layout="NHWC,HW")
    with pytest.raises(UsageError, match="--layout HW names 2 axes, but y_true has 3"):
        layout_of(y_true=t, y_pred=t, layout="HW")


def test_a_class_axis_that_the_sizes_contradict_is_refused():
    channels_first = np.moveaxis(logits(scene(1), 1, classes=3), -1, 1)
    with pytest.raises(UsageError, match=r"--layout NHWC: the predictions .*; NCHW fits"):
        layout_of(y_true=scene(1), y_pred=channels_first, layout="NHWC")
    assert layout_of(y_true=scene(1), y_pred=channels_first, layout="NCHW").y_pred.channel == 1
    small = channels_first[:, :, ::2]  # no axis pairs the pixels up, which a rule then says
    assert layout_of(y_true=scene(1), y_pred=small, layout="NHWC").relation == "mismatched"

from __future__ import annotations

import numpy as np
import pytest
from build import layout_of, logits, noisy, one_hot, pair_of, probabilities, scene

from iou_doctor.arrays.interpretation import Options
from iou_doctor.errors import ReadingError
from iou_doctor.interpret import infer_layout
from iou_doctor.interpret.peek import FIRST_AXIS_ENTRIES, PEEK_SAMPLES, peek_at
from iou_doctor.sources.memory.array import ArraySource

SHAPES = {  # samples, height, width of scenes with 3 classes
    "plain": (2, 12, 18),
    "square": (2, 12, 12),
    "one image": (1, 12, 18),
    "height is C": (2, 3, 18),
    "width is C": (2, 12, 3),
    "samples are C": (3, 12, 18),
    "square of samples": (12, 12, 12),
}
SCORES = {"logits": logits, "probabilities": probabilities}
DECLARED = pytest.mark.parametrize("num_classes", [None, 3])


def first(dense):
    return np.moveaxis(dense, -1, 1)


def read(y_true, y_pred, num_classes=None):
    layout = layout_of(y_true=y_true, y_pred=y_pred, num_classes=num_classes)
    return layout.y_true.letters, layout.y_pred.letters, str(layout.relation)


@DECLARED
@pytest.mark.parametrize("scores", SCORES.values(), ids=SCORES)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_dense_predictions_beside_labels(shape, scores, num_classes):
    samples, height, width = shape
    t = scene(1, samples=samples, height=height, width=width)
    q = scores(noisy(t, 2), 3, classes=3)
    flat = q.reshape(samples, -1, 3)
    cases = [
        (t, q, "NHW", "NHWC", "equal"),
        (t, first(q), "NHW", "NCHW", "equal"),
        (t[..., None], q, "NHWC", "NHWC", "equal"),
        (t[:, None], first(q), "NCHW", "NCHW", "equal"),
        (t, flat, "NHW", "NLC", "flattened"),
        (t, first(flat), "NHW", "NCL", "flattened"),
        (t.reshape(samples, -1), q, "NL", "NHWC", "flattened"),
        (t, q.reshape(-1, 3), "DHW", "LC", "flattened"),
        (t.ravel(), q.reshape(-1, 3), "L", "LC", "equal"),
        (t[0], q[0], "HW", "HWC", "equal"),
        (t[0], q[:1], "HW", "NHWC", "equal"),
        (t[..., None], q[..., ::-1], "NHWC", "NHWC", "equal"),
    ]
    for y_true, y_pred, *expected in cases:
        found = read(y_true, y_pred, num_classes)
        assert found == tuple(expected), (y_true.shape, y_pred.shape)
    if height != 3:  # (3, 3, 18) beside (3, 18) is as well 3 samples of 3 classes
        assert read(t[0], first(q)[0], num_classes) == ("HW", "CHW", "equal")


@DECLARED
def test_equal_lengths_everywhere_are_decided_by_sums(num_classes):
    t = scene(1, samples=3, height=3, width=3)
    softmax = probabilities(t, 3, classes=3)
    assert read(t, softmax, num_classes) == ("NHW", "NHWC", "equal")
    assert read(t, first(softmax), num_classes) == ("NHW", "NCHW", "equal")


def test_equal_lengths_without_sums_are_read_as_keras_does():
    t = scene(1, samples=3, height=3, width=3)
    assert read(t, logits(t, 3, classes=3)) == ("NHW", "NHWC", "equal")


@DECLARED
@pytest.mark.parametrize("scores", SCORES.values(), ids=SCORES)
def test_volumes(scores, num_classes):
    t = scene(1, samples=10).reshape(2, 5, 12, 18)
    q = scores(t, 3, classes=3)
    assert read(t, q, num_classes) == ("NDHW", "NDHWC", "equal")
    assert read(t, first(q), num_classes) == ("NDHW", "NCDHW", "equal")
    assert read(t, t, num_classes) == ("NDHW", "NDHW", "equal")
    assert read(t[0], first(q)[0], num_classes) == ("DHW", "CDHW", "equal")
    assert read(t[..., None], q, num_classes) == ("NDHWC", "NDHWC", "equal")


@DECLARED
@pytest.mark.parametrize("void", [0.0, 0.3])
def test_one_hot_masks(num_classes, void):
    t = scene(1)
    masks = one_hot(t, 3) * (np.random.default_rng(0).random(t.shape) >= void)[..., None]
    for scores in (*SCORES.values(), lambda labels, _, classes: one_hot(labels, classes)):
        q = scores(noisy(t, 2), 3, classes=3)
        assert read(masks, q, num_classes) == ("NHWC", "NHWC", "equal")
        assert read(first(masks), first(q), num_classes) == ("NCHW", "NCHW", "equal")
        assert read(masks[0], q[0], num_classes) == ("HWC", "HWC", "equal")
    assert read(masks, t, num_classes) == ("NHWC", "NHW", "equal")
    assert read(first(masks), t, num_classes) == ("NCHW", "NHW", "equal")
    assert read(masks.astype(bool), t, num_classes) == ("NHWC", "NHW", "equal")


@DECLARED
def test_label_smoothed_masks(num_classes):
    masks = (one_hot(scene(1), 3) * 0.9 + 0.1 / 3).astype(np.float32)
    assert read(masks, probabilities(scene(1), 2, classes=3), num_classes)[0] == "NHWC"
    assert read(masks, scene(1), num_classes)[0] == "NHWC"


def lines(*, slanted):
    """Return (4, 16, 16) masks each of whose rows, and columns if slanted, hold exactly one 1."""
    if slanted:
        return np.stack([np.eye(16, dtype=np.uint8)] * 4)
    return np.stack([one_hot(np.full(16, 7), 16)] * 4)


@pytest.mark.parametrize("num_classes", [None, 2])
@pytest.mark.parametrize("slanted", [False, True])
def test_a_line_is_not_one_hot(slanted, num_classes):
    line = lines(slanted=slanted)
    others = {
        "itself": line,
        "moved": np.roll(line, 1, axis=2),
        "noise": noisy(line, 1, classes=2),
        "scores": np.random.default_rng(0).random(line.shape),
    }
    for name, other in others.items():
        assert read(line, other, num_classes) == ("NHW", "NHW", "equal"), name
        assert read(other, line, num_classes) == ("NHW", "NHW", "equal"), name
        assert read(line[0], other[0], num_classes) == ("HW", "HW", "equal"), name
        last = read(line[..., None], other[..., None], num_classes)
        assert last == ("NHWC", "NHWC", "equal"), name
        channel = read(line[:, None], other[:, None], num_classes)
        assert channel == ("NCHW", "NCHW", "equal"), name
    assert read(line, probabilities(line, 1, classes=2), num_classes) == ("NHW", "NHWC", "equal")
    assert read(np.stack([line, line]), np.stack([line, 1 - line]), num_classes)[0] == "NDHW"


def test_a_line_in_a_tall_image_is_not_one_hot_if_two_classes_are_declared():
    tall = np.stack([one_hot(np.full(80, 7), 16)] * 4)
    scores = np.random.default_rng(0).normal(0, 2, tall.shape)
    assert read(tall, scores, 2) == ("NHW", "NHW", "equal")


def test_two_masks_that_do_not_overlap_are_not_two_classes():
    left = np.zeros((12, 18), dtype=np.uint8)
    left[:, :9] = 1
    masks = np.stack([left, 1 - left])
    assert read(masks, masks, 2) == ("NHW", "NHW", "equal")
    assert read(masks, masks) == ("NHW", "NHW", "equal")


def test_labels_stay_labels_beside_flattened_scores_of_another_size():
    softmax = probabilities(scene(1).reshape(2, -1), 2, classes=3)
    assert read(scene(1), softmax[:, :-1]) == ("NHW", "NLC", "mismatched")


def test_one_image_of_logits_with_classes_first():
    dense = first(logits(scene(1), 2, classes=3))[0]
    assert read(scene(1)[:1], dense, 3) == ("CHW", "CHW", "equal")
    assert read(scene(1)[:1], dense) == ("NHW", "NHW", "equal")  # or 3 samples of scores


def test_labels_as_wide_as_there_are_classes():
    t = scene(1, width=3)
    assert read(t, scene(2, width=3), 3) == ("NHW", "NHW", "equal")
    assert read(t, probabilities(t, 2, classes=3), 3) == ("NHW", "NHWC", "equal")


def test_150_classes_in_half_precision():
    t = scene(1, height=40, width=50, classes=150)
    q = probabilities(t, 2, classes=150, dtype=np.float16)
    assert read(t, q) == ("NHW", "NHWC", "equal")
    assert read(t, first(q)) == ("NHW", "NCHW", "equal")
    assert read(one_hot(t, 150), q) == ("NHWC", "NHWC", "equal")


@pytest.mark.parametrize(
    ("true", "pred", "expected"),
    [
        ((20,), (20,), ("L", "L", "equal")),
        ((20,), (20, 1), ("L", "LC", "equal")),
        ((12, 18), (12, 18), ("HW", "HW", "equal")),
        ((12, 18), (12, 18, 1), ("HW", "HWC", "equal")),
        ((4, 90), (4, 90), ("NL", "NL", "equal")),  # no image is so wide
        ((4, 12, 18), (4, 216), ("NHW", "NL", "flattened")),
        ((4, 12, 18), (864,), ("DHW", "L", "flattened")),
        ((4, 12, 18), (4, 12, 18, 1), ("NHW", "NHWC", "equal")),
        ((4, 12, 18), (4, 1, 12, 18), ("NHW", "NCHW", "equal")),
        ((4, 12, 18), (4, 18, 12), ("NHW", "NHW", "swapped")),
        ((4, 12, 18), (4, 6, 9), ("NHW", "NHW", "scaled")),
        ((4, 12, 18), (4, 24, 36), ("NHW", "NHW", "scaled")),
        ((4, 12, 18), (4, 6, 18), ("NHW", "NHW", "mismatched")),
        ((4, 12, 18), (4, 8, 12), ("NHW", "NHW", "mismatched")),
        ((4, 12, 18), (4, 12, 17), ("NHW", "NHW", "mismatched")),
        ((4, 12, 18), (3, 12, 18), ("NHW", "NHW", "equal")),
        ((1, 12, 18), (3, 12, 18), ("NHW", "NHW", "equal")),
        ((12, 18), (1, 12, 18), ("HW", "CHW", "equal")),  # an axis of size 1, whatever its name
        ((20,), (60,), ("L", "L", "mismatched")),
    ],
)
def test_arrays_without_classes(true, pred, expected):
    rng = np.random.default_rng(0)
    for y_pred in (rng.integers(0, 3, pred), rng.normal(0, 2, pred)):
        assert read(rng.integers(0, 3, true), y_pred) == expected


@pytest.mark.parametrize("scores", SCORES.values(), ids=SCORES)
def test_class_scores_of_another_size(scores):
    t = scene(1)
    q = scores(t, 2, classes=3)
    large = t.repeat(2, axis=1).repeat(2, axis=2)
    assert read(large, q) == ("NHW", "NHWC", "scaled")
    assert read(large, first(q)) == ("NHW", "NCHW", "scaled")
    assert read(t, q.swapaxes(1, 2)) == ("NHW", "NHWC", "swapped")
    assert read(t, first(q).swapaxes(2, 3)) == ("NHW", "NCHW", "swapped")
    assert read(t, q[:1]) == ("NHW", "NHWC", "equal")
    assert read(t[:, :-1], q) == ("NHW", "NHWC", "mismatched")


def test_nan_does_not_hide_the_class_axis():
    q = probabilities(scene(1), 2, classes=3)
    q[0, :6] = np.nan
    assert read(scene(1), first(q)) == ("NHW", "NCHW", "equal")


def test_every_assumption_is_listed_with_its_reason():
    q = probabilities(scene(1), 2, classes=3)
    (guess,) = layout_of(y_true=scene(1), y_pred=first(q)).assumed
    assert (guess.field, guess.value) == ("predictions.class_axis", "1")
    assert guess.why == "the only axis whose channels sum to 1"


def test_too_many_axes_are_refused():
    array = np.zeros((2, 2, 2, 2, 2, 2), dtype=np.uint8)
    with pytest.raises(ReadingError, match="y_true has shape"):
        infer_layout(pair_of(y_true=array, y_pred=array), Options())


@DECLARED
@pytest.mark.parametrize("mask_channels", [1, 3])
def test_rows_of_a_small_mask_with_one_1_each_are_no_classes(num_classes, mask_channels):
    masks = np.zeros((2, 3, 4, mask_channels), dtype=bool)
    masks[:, 0, :, 0] = True
    scores = probabilities(np.zeros((2, 3, 4), int), 1, classes=3)
    letters = "NHWC"  # of a channel axis of size 1 too
    assert read(masks, scores, num_classes) == (letters, "NHWC", "equal")


def test_one_hot_images_of_one_column_keep_their_class_axis():
    labels = scene(1, samples=2, height=9, width=3)[..., :1]
    scores = first(probabilities(labels, 2, classes=3))
    for classes in (None, 3):
        assert read(first(one_hot(labels, 3)), scores, classes)[:2] == ("NCHW", "NCHW")


class CountingSource(ArraySource):
    """A source that counts how many entries of axis 0 it was asked for."""

    def __init__(self, array):
        super().__init__(array, "y_pred")
        self.entries = 0

    def read(self, window):
        self.entries += window[0].stop - window[0].start
        return super().read(window)


@pytest.mark.parametrize(("classes", "read"), [(2, FIRST_AXIS_ENTRIES + 2 * PEEK_SAMPLES), (21, 3)])
def test_few_of_many_label_maps_are_read_to_see_that_they_are_no_classes(classes, read):
    labels = scene(1, samples=300, height=60, width=60, classes=classes)
    source = CountingSource(labels)
    peek_at(source)
    assert source.entries <= read
    source = CountingSource(labels)
    source.is_sequential = True
    peek_at(source)
    assert source.entries <= read


@pytest.mark.parametrize("classes", [16, 40])
@pytest.mark.parametrize("dense", [probabilities, lambda t, _, classes: one_hot(t, classes)])
def test_all_channels_of_one_sample_are_seen_however_many(classes, dense):
    t = scene(1, samples=1, height=64, width=80, classes=classes)[0]
    channels = np.moveaxis(dense(t, 2, classes=classes), -1, 0)
    source = CountingSource(channels)
    assert 0 in peek_at(source).sums_to_one
    assert source.entries >= classes

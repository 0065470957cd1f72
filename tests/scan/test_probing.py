"""The probe holds what a naive pick from the whole arrays would, however the pass cuts them up."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from build import pair_of as pair_for_reading
from scan.arrays import axes_of, layout_of, pair_of

from iou_doctor.arrays.interpretation import Encoding, Interpretation, Options
from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.map_samples import NO_LABEL, DecodedMaps, Probe, find_centres
from iou_doctor.diagnosis.count_plan import CountPlan
from iou_doctor.diagnosis.passes import count
from iou_doctor.diagnosis.questions import OpenArrays
from iou_doctor.interpret import infer_layout
from iou_doctor.interpret.sampled_labels import decode_samples
from iou_doctor.scan import probing, windows

LABELS = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS)
DENSE = Pairing(LabelDecoding.LABELS, LabelDecoding.ARGMAX)


def naive_places(size: int, count: int) -> list[int]:
    """Return the pixels at the centres of equal parts; of two as near, the one to the outside."""
    if size <= count:
        return list(range(size))
    places = []
    for part in range(count):
        centre = (2 * part + 1) * size / (2 * count) - 0.5
        middle = part == count // 2 and count % 2 == 1
        low = part < count // 2
        places.append(size // 2 if middle else int(np.floor(centre) if low else np.ceil(centre)))
    return places


def naive_thinned(labels: np.ndarray, pixels: int) -> np.ndarray:
    side = max(1, int(np.ceil(round(pixels ** (1 / labels.ndim), 9))))
    for axis, size in enumerate(labels.shape):
        labels = labels.take(naive_places(size, side), axis)
    return labels


def naive_middle(labels: np.ndarray, side: int) -> np.ndarray:
    for axis, size in enumerate(labels.shape):
        start = max(0, size - side) // 2
        labels = labels.take(range(start, start + min(size, side)), axis)
    return labels


def naive_spread(samples: int, count: int) -> list[int]:
    if samples <= count:
        return list(range(samples))
    return [int(i * (samples - 1) / (count - 1)) for i in range(count)]


def probe_of(pair: Pair, layout: Layout, pairing: Pairing = LABELS) -> Probe:
    plan = CountPlan(layout, (pairing,), threshold=0.5, sums=None)
    return count(OpenArrays(pair).ask, plan).samples


def assert_maps(
    maps: DecodedMaps, *, samples: list[int], y_true: Any, y_pred: Any, pred=LABELS.y_pred
):
    assert maps.samples.tolist() == samples
    for kept, wanted in ((maps.y_true[LABELS.y_true], y_true), (maps.y_pred[pred], y_pred)):
        assert len(kept) == len(samples)
        for one, other in zip(kept, wanted, strict=True):
            assert one.dtype == np.int32
            np.testing.assert_array_equal(one, other)


def assert_naive(
    probe: Probe, y_true: Any, y_pred: Any, pred: LabelDecoding = LABELS.y_pred
) -> None:
    """Compare all scales with a pick from the whole label maps, one for each sample."""
    count = len(y_true)
    for maps, samples, pixels in (
        (probe.many, list(range(min(count, probing.MANY))), probing.MANY_PIXELS),
        (probe.fine, naive_spread(count, probing.FINE), probing.FINE_PIXELS),
    ):
        assert_maps(
            maps,
            samples=samples,
            y_true=[naive_thinned(y_true[i], pixels) for i in samples],
            y_pred=[naive_thinned(y_pred[i], pixels) for i in samples],
            pred=pred,
        )
    samples = naive_spread(count, probing.CROPS)
    if y_true[0].ndim != 2:
        assert probe.crops.samples.tolist() == []
        return
    assert_maps(
        probe.crops,
        samples=samples,
        y_true=[naive_middle(y_true[i], probing.CROP_SIDE) for i in samples],
        y_pred=[naive_middle(y_pred[i], probing.CROP_SIDE) for i in samples],
        pred=pred,
    )


def labels_of(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, shape).astype(np.uint8)


@pytest.fixture
def small_scales(monkeypatch):
    """Let the scales take few samples and pixels, so that small arrays are thinned too."""
    for name, value in {
        "MANY": 6,
        "FINE": 4,
        "CROPS": 3,
        "MANY_PIXELS": 9,
        "FINE_PIXELS": 36,
        "CROP_SIDE": 5,
    }.items():
        monkeypatch.setattr(probing, name, value)


@pytest.mark.parametrize("most", [1, 2, 3, 5, 24, 25, 128])
def test_thinning_is_even_and_the_same_from_either_end(most):
    for size in [*range(1, 40), 97, 128, 129, 360]:
        count = min(size, most)
        places = find_centres(size, count)
        assert places.tolist() == naive_places(size, count), size
        mirrored = size - 1 - places[::-1]
        assert mirrored.tolist() == places.tolist() or (size % 2 == 0 and count % 2), size
        assert len(set(places.tolist())) == count, size


def test_maps_are_freed_with_the_probe_builder():
    builder = probing.ProbeBuilder(3, lambda _: (4, 5))
    scales = [weakref.ref(scale) for scale in builder._scales]
    gc.disable()
    try:
        del builder
        assert not any(scale() for scale in scales)
    finally:
        gc.enable()


@pytest.mark.usefixtures("small_scales")
@pytest.mark.parametrize("shape", [(9, 7, 11), (5, 6, 6), (1, 13, 4), (30, 3, 3)])
def test_label_maps_are_picked_as_from_the_whole(shape):
    y_true, y_pred = labels_of(1, shape), labels_of(2, shape)
    probe = probe_of(pair_of(y_true=y_true, y_pred=y_pred), layout_of(y_true, y_pred))
    assert_naive(probe, y_true, y_pred)


def test_the_real_scales_keep_what_they_promise():
    y_true, y_pred = labels_of(1, (14, 200, 131)), labels_of(2, (14, 200, 131))
    probe = probe_of(pair_of(y_true=y_true, y_pred=y_pred), layout_of(y_true, y_pred))
    assert_naive(probe, y_true, y_pred)
    assert probe.many.y_true[LABELS.y_true][0].shape == (24, 24)
    assert probe.fine.y_true[LABELS.y_true][0].shape == (128, 128)
    assert probe.crops.y_true[LABELS.y_true][0].shape == (192, 131)


@pytest.mark.usefixtures("small_scales")
@pytest.mark.parametrize("window", [1, 7, 40, 200])
def test_windows_of_any_size_keep_the_same_maps(monkeypatch, window):
    monkeypatch.setattr(windows, "WINDOW_VALUES", window)
    y_true, y_pred = labels_of(1, (5, 9, 8)), labels_of(2, (5, 9, 8))
    probe = probe_of(pair_of(y_true=y_true, y_pred=y_pred), layout_of(y_true, y_pred))
    assert_naive(probe, y_true, y_pred)


@pytest.mark.usefixtures("small_scales")
@pytest.mark.parametrize("letters", ["NCHW", "NHWC"])
@pytest.mark.parametrize("window", [11, 10**6])
def test_channels_are_argmaxed_wherever_they_stand(monkeypatch, letters, window):
    monkeypatch.setattr(windows, "WINDOW_VALUES", window)
    y_true = labels_of(1, (4, 9, 7))
    scores = np.random.default_rng(2).random((4, 9, 7, 5))
    y_pred = scores if letters == "NHWC" else np.moveaxis(scores, -1, 1)
    layout = layout_of(y_true, y_pred, pred=letters)
    probe = probe_of(pair_of(y_true=y_true, y_pred=y_pred), layout, DENSE)
    assert_naive(probe, y_true, scores.argmax(-1), LabelDecoding.ARGMAX)


@pytest.mark.usefixtures("small_scales")
@pytest.mark.parametrize("window", [11, 10**6])
def test_volumes_are_thinned_along_all_axes(monkeypatch, window):
    monkeypatch.setattr(windows, "WINDOW_VALUES", window)
    y_true, y_pred = labels_of(1, (3, 5, 6, 7)), labels_of(2, (3, 5, 6, 7))
    layout = layout_of(y_true, y_pred, true="NDHW", pred="NDHW")
    probe = probe_of(pair_of(y_true=y_true, y_pred=y_pred), layout)
    assert_naive(probe, y_true, y_pred)
    assert probe.fine.y_true[LABELS.y_true][0].shape == (4, 4, 4)


@pytest.mark.usefixtures("small_scales")
def test_one_image_without_a_sample_axis():
    y_true, y_pred = labels_of(1, (9, 7)), labels_of(2, (9, 7))
    layout = layout_of(y_true, y_pred, true="HW", pred="HW")
    assert_naive(probe_of(pair_of(y_true=y_true, y_pred=y_pred), layout), [y_true], [y_pred])


@pytest.mark.usefixtures("small_scales")
def test_flattened_predictions_take_the_places_of_the_masks():
    y_true, y_pred = labels_of(1, (4, 9, 7)), labels_of(2, (4, 9, 7))
    flat = y_pred.reshape(4, -1)
    layout = Layout(axes_of(y_true, "NHW"), axes_of(flat, "NL"), Relation.FLATTENED)
    assert_naive(probe_of(pair_of(y_true=y_true, y_pred=flat), layout), y_true, y_pred)


@pytest.mark.usefixtures("small_scales")
def test_flattened_masks_take_the_places_of_the_predictions():
    y_true, y_pred = labels_of(1, (4, 9, 7)), labels_of(2, (4, 9, 7))
    flat = y_true.reshape(4, -1)
    layout = Layout(axes_of(flat, "NL"), axes_of(y_pred, "NHW"), Relation.FLATTENED)
    assert_naive(probe_of(pair_of(y_true=flat, y_pred=y_pred), layout), y_true, y_pred)


@pytest.mark.usefixtures("small_scales")
def test_swapped_sizes_are_swapped_back():
    y_true, y_pred = labels_of(1, (4, 9, 7)), labels_of(2, (4, 9, 7))
    pair = pair_of(y_true=y_true, y_pred=y_pred.swapaxes(1, 2))
    layout = Layout(axes_of(y_true, "NHW"), axes_of(pair.y_pred, "NHW"), Relation.SWAPPED)
    assert_naive(probe_of(pair, layout), y_true, y_pred)


class _Images:
    """A source of images that differ in size."""

    path, format, dtype, is_sequential, names = "images", "images", np.dtype(np.uint8), False, None

    def __init__(self, images: list[np.ndarray]) -> None:
        self._images = images
        self.shape, self.chunk_shape = (len(images), None, None), (1, 1, 1)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        return self._images[index].shape

    def read(self, window: tuple[slice, ...]) -> np.ndarray:
        (index,) = range(len(self._images))[window[0]]
        return self._images[index][window[1:]][np.newaxis]


@pytest.mark.usefixtures("small_scales")
@pytest.mark.parametrize("window", [11, 10**6])
def test_images_of_different_sizes_each_keep_their_own(monkeypatch, window):
    monkeypatch.setattr(windows, "WINDOW_VALUES", window)
    shapes = [(9, 7), (3, 12), (6, 6), (20, 1), (2, 2)]
    y_true = [labels_of(1 + i, shape) for i, shape in enumerate(shapes)]
    y_pred = [labels_of(9 + i, shape) for i, shape in enumerate(shapes)]
    pair = Pair(y_true=_Images(y_true), y_pred=_Images(y_pred))
    layout = Layout(axes_of(pair.y_true, "NHW"), axes_of(pair.y_pred, "NHW"), Relation.EQUAL)
    assert_naive(probe_of(pair, layout), y_true, y_pred)


@pytest.mark.usefixtures("small_scales")
def test_samples_that_the_pass_leaves_out_are_not_waited_for():
    y_true = [labels_of(1, (4, 4)), labels_of(2, (5, 5)), labels_of(3, (6, 6))]
    y_pred = [labels_of(4, (4, 4)), labels_of(5, (7, 7)), labels_of(6, (6, 6))]
    pair = Pair(y_true=_Images(y_true), y_pred=_Images(y_pred))
    layout = Layout(
        axes_of(pair.y_true, "NHW"), axes_of(pair.y_pred, "NHW"), Relation.EQUAL, mismatched=(1,)
    )
    assert probe_of(pair, layout).many.samples.tolist() == [0, 2]


def test_what_is_no_class_has_no_label():
    y_true = np.array([[[0.0, 0.5], [np.nan, 3.0]]])
    probe = probe_of(pair_of(y_true=y_true, y_pred=y_true), layout_of(y_true, y_true))
    (kept,) = probe.many.y_true[LabelDecoding.LABELS]
    assert kept.tolist() == [[0, NO_LABEL], [NO_LABEL, 3]]


def test_huge_labels_saturate():
    y_true = np.array([[[2**40, -(2**40), 7]]])
    probe = probe_of(pair_of(y_true=y_true, y_pred=y_true), layout_of(y_true, y_true))
    (kept,) = probe.many.y_true[LabelDecoding.LABELS]
    assert kept.tolist() == [[2**31 - 1, -(2**31) + 1, 7]]


def reading_of(layout: Layout, threshold: float) -> Interpretation:
    return Interpretation(
        layout, Encoding.LABELS, Encoding.SIGMOID, 2, True, None, threshold, ("0", "1"), ()
    )


@pytest.mark.parametrize("threshold", [0.5, 0.0])
def test_scores_are_cut_at_the_threshold(threshold):
    scores = np.array([[[0.2, 0.5, 0.7], [-1.0, 0.0, np.nan]]])
    y_true = np.zeros(scores.shape, np.uint8)
    layout = layout_of(y_true, scores)
    pairing = Pairing(LabelDecoding.LABELS, LabelDecoding.BINS)
    pair = pair_of(y_true=y_true, y_pred=scores)
    probe = probe_of(pair, layout, pairing)
    (kept,) = decode_samples(probe, reading_of(layout, threshold), pairing).many.y_pred
    wanted = np.where(np.isnan(scores[0]), NO_LABEL, scores[0] >= threshold)
    assert kept.tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("shape", "flatten", "axes", "square"),
    [
        ((3, 8, 8), None, 2, True),
        ((3, 8, 6), None, 2, False),
        ((3, 8, 8), "y_true", 2, True),
        ((3, 8, 8), "y_pred", 2, True),
        ((3, 4, 8, 8), None, 3, True),
    ],
)
def test_axes_are_those_of_the_side_that_is_not_flattened(shape, flatten, axes, square):
    arrays = {"y_true": labels_of(1, shape) % 3, "y_pred": labels_of(2, shape) % 3}
    if flatten:
        arrays[flatten] = arrays[flatten].reshape(3, -1)
    pair = pair_for_reading(**arrays)
    layout = infer_layout(pair, Options(num_classes=3))
    found = decode_samples(probe_of(pair, layout), reading_of(layout, 0.5), LABELS)
    assert (found.spatial_axes, found.is_square) == (axes, square)

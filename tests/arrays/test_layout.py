from __future__ import annotations

import numpy as np
import pytest

from iou_doctor.arrays.layout import Axes, Layout, Relation

WHOLE = np.arange(120).reshape(2, 4, 5, 3)
FIRST = np.moveaxis(WHOLE, -1, 1)


def axes(letters: str, shape: tuple[int | None, ...], **more) -> Axes:
    return Axes(
        shape,
        has_sample_axis="N" in letters,
        spatial=tuple(axis for axis, letter in enumerate(letters) if letter in "DHWL"),
        channel=letters.index("C") if "C" in letters else None,
        **more,
    )


@pytest.mark.parametrize(
    ("letters", "shape"),
    [
        ("NHWC", (2, 4, 5, 3)),
        ("NCHW", (2, 3, 4, 5)),
        ("HW", (4, 5)),
        ("HWC", (4, 5, 3)),
        ("NDHW", (2, 6, 4, 5)),
        ("NLC", (2, 20, 3)),
        ("L", (20,)),
    ],
)
def test_letters_and_shapes(letters, shape):
    found = axes(letters, shape)
    sizes = dict(zip(letters, shape, strict=True))
    assert found.letters == letters
    assert found.samples == sizes.get("N", 1)
    assert found.channels == sizes.get("C", 1)
    assert found.label_shape == tuple(n for letter, n in sizes.items() if letter != "C")
    assert found.spatial_shape == tuple(n for letter, n in sizes.items() if letter not in "NC")
    assert found.has_channels_last == (letters[-1] == "C" or "C" not in letters)


@pytest.mark.parametrize(
    ("channels", "is_colour", "dense", "per_class"),
    [(1, False, False, False), (3, False, True, True), (3, True, True, False)],
)
def test_a_pixel_has_one_value_or_several(channels, is_colour, dense, per_class):
    found = axes("NHWC", (2, 4, 5, channels), is_colour=is_colour)
    assert (found.is_dense, found.is_per_class) == (dense, per_class)


@pytest.mark.parametrize(
    ("letters", "stored", "arranged"),
    [
        ("NHWC", WHOLE, WHOLE),
        ("NCHW", FIRST, WHOLE),
        ("CHW", FIRST[1], WHOLE[1:]),
        ("NHW", WHOLE[..., 0], WHOLE[..., 0]),
        ("HW", WHOLE[0, ..., 0], WHOLE[:1, ..., 0]),
        ("NHWC", WHOLE[..., :1], WHOLE[..., 0]),
        ("NCHW", FIRST[:, :1], WHOLE[..., 0]),
    ],
)
def test_values_are_arranged_without_a_copy(letters, stored, arranged):
    found = axes(letters, stored.shape).arrange(stored)
    np.testing.assert_array_equal(found, arranged)
    assert np.shares_memory(found, stored)


def test_arranging_undoes_a_reshape_in_both_directions():
    last = axes("NHWC", WHOLE.shape, is_reshaped=True)
    np.testing.assert_array_equal(last.arrange(FIRST.reshape(WHOLE.shape)), WHOLE)
    first = axes("NCHW", FIRST.shape, is_reshaped=True)
    np.testing.assert_array_equal(first.arrange(WHOLE.reshape(FIRST.shape)), WHOLE)


def test_as_many_samples_are_compared_as_both_arrays_have():
    layout = Layout(axes("NHW", (3, 4, 5)), axes("NHW", (2, 4, 5)), Relation.EQUAL)
    assert layout.samples == 2

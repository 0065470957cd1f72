"""The `--layout` option: the user names the axes by letters."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.arrays.layout import Axes
from iou_doctor.errors import UsageError

SPATIAL_LETTERS = ("L", "HW", "DHW")
"""The letters of one, two and three spatial axes."""
CHANNEL_WORDS = {
    "CHANNELS_FIRST": "C{}",
    "CHANNELS_LAST": "{}C",
    "CHANNELS-FIRST": "C{}",
    "CHANNELS-LAST": "{}C",
}
"""The words of Keras, and where they put the class axis beside the spatial ones."""


def parse_layouts(
    text: str | None, ranks: tuple[int, int] = (4, 3)
) -> tuple[str | None, str | None]:
    """Return the letters for masks and predictions from `PREDICTIONS[,MASKS]`.

    A single layout applies to both arrays; its `C` is ignored for an array without a class axis.

    Args:
        text: the option: letters, `channels_first` or `channels_last`.
        ranks: the numbers of axes of both arrays, which say what the words mean.

    Raises:
        UsageError: a word is not a layout.
    """
    if text is None:
        return None, None
    predictions, _, masks = (_spell(word, ranks) for word in text.upper().partition(","))
    for word in (predictions, masks):
        if word:
            _check_word(word)
    return masks or predictions, predictions


def build_axes(letters: str, shape: tuple[int | None, ...], path: str) -> Axes:
    """Return the axes of an array whose layout the user named.

    Args:
        letters: the layout, as `parse_layouts` returns it.
        shape: the shape of the array.
        path: the name of the array, for the message.

    Raises:
        UsageError: the layout has another number of axes than the array.
    """
    if len(letters) == len(shape) + 1 and "C" in letters:
        letters = letters.replace("C", "")
    if len(letters) != len(shape):
        raise UsageError(
            f"--layout {letters} names {len(letters)} axes, but {path} has {len(shape)}:"
            f" shape {shape}; give one letter for each axis"
        )
    return Axes(
        shape=shape,
        has_sample_axis="N" in letters,
        spatial=tuple(axis for axis, letter in enumerate(letters) if letter in "DHWL"),
        channel=letters.index("C") if "C" in letters else None,
    )


def refuse_contradiction(y_true: Axes, y_pred: Axes) -> None:
    """Refuse a declared class axis if the pixels pair up only with another one.

    Raises:
        UsageError: the classes are on another axis of one of the arrays.
    """
    for name, axes, other in (("predictions", y_pred, y_true), ("masks", y_true, y_pred)):
        fitting = _find_fitting_axis(axes, other)
        if fitting is None:
            continue
        size, wanted = (_format_sizes(one.spatial_shape) for one in (axes, other))
        raise UsageError(
            f"--layout {axes.letters}: the {name} of shape {axes.shape} would be {axes.channels}"
            f" channels of {size}, and the other array has {wanted}; {fitting.letters} fits"
        )


def _find_fitting_axis(axes: Axes, other: Axes) -> Axes | None:
    """Return the axes with the classes elsewhere, if the pixels then pair up; else `None`."""
    if not axes.is_dense:
        return None
    first = int(axes.has_sample_axis)
    for channel in range(first, len(axes.shape)):
        spatial = tuple(axis for axis in range(first, len(axes.shape)) if axis != channel)
        moved = replace(axes, spatial=spatial, channel=channel)
        if channel != axes.channel and moved.spatial_shape == other.spatial_shape:
            return moved
    return None


def _format_sizes(sizes: tuple[int | None, ...]) -> str:
    """Return `64 x 96`, with `?` for a size that differs between images."""
    return " x ".join("?" if size is None else str(size) for size in sizes)


def _spell(word: str, ranks: tuple[int, int]) -> str:
    """Return the letters that a word of Keras stands for; other words stay as they are."""
    if word not in CHANNEL_WORDS:
        return word
    is_single = sorted(ranks) == [2, 3]  # an image without a sample axis, and its map
    spatial = SPATIAL_LETTERS[2 if max(ranks) > len("NCHW") else 1]
    return ("" if is_single else "N") + CHANNEL_WORDS[word].format(spatial)


def _check_word(word: str) -> None:
    spatial = "".join(letter for letter in word if letter not in "NC")
    has_distinct_letters = len(set(word)) == len(word)
    if not has_distinct_letters or spatial not in SPATIAL_LETTERS or word.find("N") > 0:
        raise UsageError(
            f"--layout {word} is not a layout; use letters like NHWC, NCHW, NHW, HWC, NDHWC or NLC"
            " (N samples, first; D H W or L space; C classes), NCHW,NHW for two different ones, or"
            " channels_first or channels_last"
        )

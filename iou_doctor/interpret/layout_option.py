"""The `--layout` option: axes named by letters."""

from __future__ import annotations

from iou_doctor.arrays.layout import Axes
from iou_doctor.errors import UsageError

SPATIAL = ("L", "HW", "DHW")


def parse_layouts(text: str | None) -> tuple[str | None, str | None]:
    """Return the letters for the masks and for the predictions from `PREDICTIONS[,MASKS]`.

    One word serves both: for an array without a class axis its `C` is left out.

    Raises:
        UsageError: a word is no layout.
    """
    if text is None:
        return None, None
    predictions, _, masks = text.upper().partition(",")
    for word in (predictions, masks):
        if word:
            _check(word)
    return masks or predictions, predictions


def axes_from_letters(letters: str, shape: tuple[int | None, ...], path: str) -> Axes:
    """Return the axes of an array of `shape` whose layout the user named.

    Raises:
        UsageError: the layout has another number of axes.
    """
    if len(letters) == len(shape) + 1 and "C" in letters:
        letters = letters.replace("C", "")
    if len(letters) != len(shape):
        raise UsageError(
            f"--layout {letters} names {len(letters)} axes but {path} has {len(shape)}:"
            f" shape {shape}"
        )
    return Axes(
        shape=shape,
        has_sample_axis="N" in letters,
        spatial=tuple(axis for axis, letter in enumerate(letters) if letter in "DHWL"),
        channel=letters.index("C") if "C" in letters else None,
    )


def _check(word: str) -> None:
    spatial = "".join(letter for letter in word if letter not in "NC")
    distinct = len(set(word)) == len(word)
    if not distinct or spatial not in SPATIAL or word.find("N") > 0:
        raise UsageError(
            f"--layout {word} is no layout; use letters like NHWC, NCHW, NHW, HWC, NDHWC or NLC"
            " (N samples, first; D H W or L space; C classes), and NCHW,NHW for two different ones"
        )

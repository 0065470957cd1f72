"""Pictures side by side, as large as they may be to fit into a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from iou_doctor.record import record
from iou_doctor.render.html.paint import Pixels, encode
from iou_doctor.report.gallery import Maps, thin

BUDGET = 4_500_000
"""The maximum number of characters that all pictures of a page take."""
SIDES = (512, 384, 256, 192, 128, 96, 64)
"""The maximum lengths of a side that are tried, until the pictures fit."""


@record
class Panel:
    """One picture."""

    uri: str
    caption: str
    alt: str
    width: int
    height: int


@record
class Row:
    """Pictures of one state of a sample, side by side."""

    title: str
    panels: tuple[Panel, ...]


@record
class Sample:
    """What is shown of one sample."""

    title: str
    facts: tuple[str, ...]
    rows: tuple[Row, ...]


def list_sides(states: Sequence[Maps], most: int) -> list[int]:
    """Return the maximum lengths of a side to try, the longest first, without equal results.

    Args:
        states: the maps that are shown.
        most: the longest one.
    """
    longest = max(max(*one.truth.shape, *one.prediction.shape) for one in states)
    sides: dict[int, int] = {}
    for side in SIDES:
        if side <= most:
            sides.setdefault(-(-longest // side), side)
    return list(sides.values())


def paint_to_fit(
    paint: Callable[[int], Iterator[Sample]], sides: Sequence[int]
) -> tuple[Sample, ...]:
    """Return samples whose pictures are as large as they may be to fit into a page.

    The last samples are left out if not even the smallest pictures fit.

    Args:
        paint: from the maximum length of a side in pixels to the samples.
        sides: the lengths to try, the longest first.
    """
    fitting: list[Sample] = []
    for side in sides:
        fitting, size = [], 0
        for sample in paint(side):
            size += measure([sample])
            if size > BUDGET:
                break
            fitting.append(sample)
        else:
            break
    return tuple(fitting)


def describe_left_out(count: int) -> str:
    """Return that some samples are not shown, as a sentence; empty if all are."""
    if not count:
        return ""
    samples = "1 more sample is" if count == 1 else f"{count:,} more samples are"
    return f"{samples} left out, because a page has at most 5 MB."


def thin_all(
    image: Pixels | None, maps: Maps, side: int
) -> tuple[Pixels | None, Maps, Pixels | None]:
    """Return an image, maps, and what shines through these, with sides of a maximum length."""
    errors = None if maps.errors is None else thin(maps.errors, side)
    small = Maps(thin(maps.truth, side), thin(maps.prediction, side), errors)
    if image is None:
        return None, small, None
    fits = image.shape[:2] == maps.truth.shape
    image = thin(image, side)
    return image, small, image if fits else None


def make_panels(painted: Sequence[tuple[Pixels | None, str]], name: str) -> tuple[Panel, ...]:
    """Return pictures with their captions; those that are `None` are left out.

    Args:
        painted: the pictures and their captions.
        name: of the sample.
    """
    return tuple(
        Panel(encode(pixels), caption, f"{name}: {caption}", pixels.shape[1], pixels.shape[0])
        for pixels, caption in painted
        if pixels is not None
    )


def measure(samples: Sequence[Sample]) -> int:
    """Return the number of characters of the pictures of samples."""
    return sum(len(one.uri) for sample in samples for row in sample.rows for one in row.panels)

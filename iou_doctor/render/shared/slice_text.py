"""What slices of the data set cost, in words."""

from __future__ import annotations

from collections.abc import Iterator

from iou_doctor.ledger.slicing import SlicePrice, Slicing
from iou_doctor.render.shared.rounded_parts import round_parts
from iou_doctor.render.shared.wording import format_score
from iou_doctor.safety.safe_text import escape_name

MOST_SLICES = 6
"""The number of slices that are shown."""
LONGEST_VALUE = 40
"""The number of characters of the name of a slice that are shown."""
MOST_NAMES = 3
"""The number of samples without a value that are named."""


def list_slices(slicing: Slicing) -> Iterator[tuple[float, str]]:
    """Yield what the dearest slices cost, and what the others cost together."""
    most = len(slicing.slices) if len(slicing.slices) <= MOST_SLICES + 1 else MOST_SLICES
    shown, others = slicing.slices[:most], slicing.slices[most:]
    points = [one.points for one in slicing.slices]
    parts = points[:most] + [sum(points[most:])] * bool(others)
    rounded = round_parts(parts, sum(points), has_rest=bool(others))
    for one, part in zip(shown, rounded, strict=False):
        yield part, _describe_slice(one, slicing)
    if others:
        yield rounded[-1], f"{len(others):,} others together"


def _describe_slice(one: SlicePrice, slicing: Slicing) -> str:
    images = "1 image" if one.images == 1 else f"{one.images:,} images"
    score = f"mean IoU {format_score(one.mean_iou)}"
    if one.interval is not None:
        rough = "roughly " if one.interval.is_rough else ""
        score += f" ({rough}{one.interval.low:.4f} to {one.interval.high:.4f})"
    if one.value is not None:
        return f"{shorten(one.value)}: {images}, {score}"
    names = ", ".join(f"`{escape_name(name)}`" for name in slicing.unknown[:MOST_NAMES])
    more = ", …" if len(slicing.unknown) > MOST_NAMES else ""
    return f"no value: {images} ({names}{more}), {score}"


def shorten(text: str) -> str:
    """Return a name from outside on one line, cut if it is long."""
    name = escape_name(text)
    return name if len(name) <= LONGEST_VALUE else f"{name[: LONGEST_VALUE - 1]}…"

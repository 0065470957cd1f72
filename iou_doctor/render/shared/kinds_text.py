"""The kinds of errors and the sizes of regions in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from iou_doctor.ledger.ledger import ClassPrice, KindPoints, Ledger, PairPrice, SizePrice
from iou_doctor.render.shared.rounded_parts import round_parts

LEAST_POINTS = 0.00005
"""Fewer points would be printed as 0.0000, and are not worth a line."""
ROUNDING = 1e-9
"""Sums that differ by less are equal."""
MOST_LOST = 0.5
"""Share of the regions of a class without a right pixel from which it is told."""
LACKS = {
    "time": "edges, parts and whole objects: --ledger full (ledger='full' in Python)",
    "shape": "no edges, parts and whole objects: the arrays are neither images nor volumes",
    "labels": "no edges, parts and whole objects: too many labels, or a repair gives one label"
    " several classes",
}
"""What to say if there are no kinds."""
SIZES = "pixels of a region", "regions", "missed as a whole", "recall", "points missed"
"""The headings of the columns of `tabulate_sizes`."""
WORDS = {"boundary": "edges", "extent": "parts of objects", "segment": "whole objects"}
"""What each kind of error is called, by its field of `KindPoints`."""


def list_kinds(ledger: Ledger, name: Callable[[int], str]) -> Iterator[tuple[float, str]]:
    """Yield what each kind of error costs, the dearest first, with the class that costs most.

    Args:
        ledger: the ledger.
        name: returns the name of a class.
    """
    if ledger.by_kind is None:
        return
    each = [float(getattr(ledger.by_kind, kind)) for kind in WORDS]
    points = dict(zip(WORDS, round_parts(each, ledger.missing), strict=True))
    for kind in sorted(WORDS, key=lambda kind: -points[kind]):
        if points[kind] < LEAST_POINTS:
            continue
        own = {entry.id: _get_points(entry, kind) for entry in ledger.by_class}
        dearest = max(own, key=lambda class_id: (own[class_id], -class_id))
        width = f" within {describe_width(ledger)}" if kind == "boundary" else ""
        yield (
            points[kind],
            f"{WORDS[kind]}{width}; {name(dearest)} costs most, {own[dearest]:.4f}",
        )


def _get_points(entry: ClassPrice, kind: str) -> float:
    return float(getattr(entry.kinds, kind, 0.0))


def describe_width(ledger: Ledger) -> str:
    """Return how wide contours are: `3 pixels`."""
    least, most = ledger.widths or (0, 0)
    if least < most:
        return f"{least} to {most} pixels"
    return "1 pixel" if most == 1 else f"{most} pixels"


def describe_kind_of_pair(pair: PairPrice) -> str | None:
    """Return which kind of error costs most of a class pair; `None` if kinds are not known."""
    if pair.kinds is None:
        return None
    points = {kind: float(getattr(pair.kinds, kind)) for kind in WORDS}
    kind = max(points, key=lambda kind: points[kind])
    rest = pair.points - points[kind]
    much = (
        "all" if rest < ROUNDING else "nearly all" if rest < LEAST_POINTS else f"{points[kind]:.4f}"
    )
    return f"{much} of it {WORDS[kind]}"


def describe_lost_regions(entry: ClassPrice) -> str:
    """Return how many regions of a class were missed as a whole, if these are many."""
    if not entry.regions or entry.lost_regions < MOST_LOST * entry.regions:
        return ""
    return f"; {entry.lost_regions:,} of its {entry.regions:,} objects are missed as a whole"


def title_kinds(ledger: Ledger) -> tuple[str, ...]:
    """Return the headings of the columns of `tabulate_kinds`."""
    return "class", f"edges, {describe_width(ledger)} wide", WORDS["extent"], WORDS["segment"]


def tabulate_kinds(ledger: Ledger, name: Callable[[int], str]) -> list[tuple[str, ...]]:
    """Return the points of each class by kind: its name, edges, parts and whole objects.

    The last row is for all classes; there are none if kinds are not known.
    """
    if ledger.by_kind is None:
        return []
    rows = [(name(entry.id), entry.kinds) for entry in ledger.by_class if entry.kinds]
    return [_write_kinds(*row) for row in (*rows, ("all classes", ledger.by_kind))]


def _write_kinds(title: str, kinds: KindPoints) -> tuple[str, ...]:
    return title, f"{kinds.boundary:.4f}", f"{kinds.extent:.4f}", f"{kinds.segment:.4f}"


def tabulate_sizes(ledger: Ledger) -> list[tuple[str, ...]]:
    """Return a row for each size of regions, with the columns `SIZES`."""
    return [
        (
            _write_span(one),
            f"{one.regions:,}",
            f"{one.lost:,}",
            f"{one.recall:.4f}",
            f"{one.points:.4f}",
        )
        for one in ledger.sizes or ()
    ]


def _write_span(one: SizePrice) -> str:
    if one.smallest == one.largest:
        return f"{one.smallest:,}"
    return f"{one.smallest:,} to {one.largest:,}"

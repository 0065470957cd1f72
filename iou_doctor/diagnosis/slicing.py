"""What `--slice` asks for: by what the samples of a data set are told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from math import prod
from typing import Literal

from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import Pair
from iou_doctor.errors import UsageError
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.slices import build_slicing
from iou_doctor.ledger.slicing import Slicing
from iou_doctor.record import record
from iou_doctor.safety.safe_text import escape_name

MOST_SLICES = 1000
"""More values than this are ids rather than slices."""
MOST_SINGLE_NUMBERS = 12
"""Distinct numbers up to which each is a slice; more are put into quarters."""
MOST_NAMES = 3
"""The number of names to show in an error."""


@record
class SliceRequest:
    """One way to cut the data set into slices."""

    by: str
    """What it is called in the report."""
    kind: Literal["folder", "size", "names", "order"]
    option: str
    """The option as the user wrote it, for errors."""
    named: Mapping[str, str] = field(default_factory=dict)
    """The value by the name of the sample, if the kind is `names`."""
    ordered: tuple[str, ...] = ()
    """The value of each sample, if the kind is `order`."""


def cut_slices(
    request: SliceRequest, counted: Counted, pair: Pair, layout: Layout, *, confidence: float
) -> Slicing:
    """Return the slices of a data set.

    Raises:
        UsageError: the samples have no such values.
    """
    values = _VALUES[request.kind](request, pair, layout)
    unknown = [name for name, one in zip(_name(pair, layout), values, strict=True) if one is None]
    if len(unknown) == len(values):
        raise UsageError(_describe_strangers(request, unknown))
    values = put_numbers_into_quarters(values)
    if len(set(values)) > MOST_SLICES:
        raise UsageError(
            f"{request.option}: the samples have {len(set(values)):,} different values; give one"
            f" with at most {MOST_SLICES:,}"
        )
    return build_slicing(
        counted, by=request.by, values=values, unknown=unknown, confidence=confidence
    )


def put_numbers_into_quarters(values: Sequence[str | None]) -> list[str | None]:
    """Return values, with the quarter that each lies in if they are many different numbers."""
    numbers = [_parse_number(one) for one in values if one is not None]
    known = sorted(one for one in numbers if one is not None)
    if len(known) < len(numbers) or len(set(known)) <= MOST_SINGLE_NUMBERS:
        return list(values)
    limits = [known[len(known) * quarter // 4] for quarter in (1, 2, 3)]
    quarters: dict[int, list[float]] = {}
    for one in known:
        quarters.setdefault(_find_quarter(one, limits), []).append(one)
    names = {quarter: f"{own[0]:g} to {own[-1]:g}" for quarter, own in quarters.items()}
    return [
        None if (number := _parse_number(one)) is None else names[_find_quarter(number, limits)]
        for one in values
    ]


def _find_quarter(number: float, limits: Sequence[float]) -> int:
    return sum(number >= limit for limit in limits)


def _parse_number(text: str | None) -> float | None:
    try:
        number = None if text is None else float(text)
    except ValueError:
        return None
    return number if number is not None and abs(number) < float("inf") else None


def _name(pair: Pair, layout: Layout) -> Sequence[str]:
    """Return the name of each sample, or its number."""
    names = pair.y_true.names or ()
    return names if len(names) == layout.samples else list(map(str, range(layout.samples)))


def _list_folders(request: SliceRequest, pair: Pair, layout: Layout) -> list[str | None]:
    """Return the folder of each mask, as its name or its path says it."""
    names = _name(pair, layout)
    if any("/" in name for name in names):
        return [name.rpartition("/")[0] or "." for name in names]
    files: Sequence[str] | None = getattr(pair.y_true, "files", None)
    if files is None or len(files) != len(names):
        raise UsageError(
            f"{request.option}: the masks are no files in folders; give COLUMN@FILE.csv with a"
            " row for each sample"
        )
    return [file.replace("\\", "/").rpartition("/")[0] or "." for file in files]


def _list_sizes(request: SliceRequest, pair: Pair, layout: Layout) -> list[str | None]:
    """Return the size of each mask, or the quarter of its pixels if there are many sizes."""
    del request
    axes = layout.y_true
    first = int(axes.has_sample_axis)
    sizes = [
        tuple(pair.y_true.get_sample_shape(sample)[axis - first] for axis in axes.spatial)
        if axes.has_sample_axis
        else axes.spatial_shape
        for sample in range(layout.samples)
    ]
    if len(set(sizes)) <= MOST_SINGLE_NUMBERS:
        return [" x ".join(map(str, size)) for size in sizes]
    return [str(prod(one or 0 for one in size)) for size in sizes]


def _look_up_names(request: SliceRequest, pair: Pair, layout: Layout) -> list[str | None]:
    """Return the value of each sample by the name of its mask, or by that of its prediction."""
    masks = _name(pair, layout)
    others = pair.y_pred.names or ()
    predictions = others if len(others) == len(masks) else masks
    asked = [
        (mask, prediction, *_drop_parts(mask, pair.dropped_parts))
        for mask, prediction in zip(masks, predictions, strict=True)
    ]
    by_base = _index_by_base(request.named, {_strip(name) for names in asked for name in names})
    found = ((_look_up(name, request.named, by_base) for name in names) for names in asked)
    return [next((one for one in values if one is not None), None) for values in found]


def _look_up(name: str, named: Mapping[str, str], by_base: Mapping[str, str]) -> str | None:
    found = named.get(name)
    return by_base.get(_strip(name)) if found is None else found


def _drop_parts(name: str, parts: Sequence[str]) -> list[str]:
    """Return the name without the parts that were ignored to pair the files."""
    return [name.removeprefix(part).removesuffix(part) for part in parts]


def _index_by_base(named: Mapping[str, str], bases: set[str]) -> dict[str, str]:
    """Return the values by names without folders and suffixes, unless they have several values.

    Args:
        named: the values by names.
        bases: the names without folders and suffixes that are asked for.
    """
    found: dict[str, set[str]] = {}
    for name, value in named.items():
        base = _strip(name)
        if base in bases:
            found.setdefault(base, set()).add(value)
    return {name: values.pop() for name, values in found.items() if len(values) == 1}


def _strip(name: str) -> str:
    base = name.replace("\\", "/").rpartition("/")[2]
    return base.rpartition(".")[0] or base


def _take_order(request: SliceRequest, pair: Pair, layout: Layout) -> list[str | None]:
    del pair
    if len(request.ordered) != layout.samples:
        raise UsageError(
            f"{request.option}: there are {len(request.ordered):,} values for"
            f" {layout.samples:,} samples; give one for each sample"
        )
    return list(request.ordered)


def _describe_strangers(request: SliceRequest, unknown: Sequence[str]) -> str:
    samples, names = (
        ", ".join(f"`{escape_name(one)}`" for one in some[:MOST_NAMES])
        for some in (unknown, list(request.named))
    )
    return (
        f"{request.option}: no sample ({samples}) is in its first column ({names}); write the names"
        " of the masks there, without their folder"
    )


_VALUES: dict[str, Callable[[SliceRequest, Pair, Layout], list[str | None]]] = {
    "folder": _list_folders,
    "size": _list_sizes,
    "names": _look_up_names,
    "order": _take_order,
}

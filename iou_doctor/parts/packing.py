"""The tables, values and maps of answers as columns and plain values, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from math import isfinite
from typing import Any

import numpy as np

from iou_doctor.counts.channel_sums import ChannelSums, Quantity
from iou_doctor.counts.kind_counts import KindCounts, RegionCounts
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.map_samples import DecodedMaps, Labels, Probe
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import Place, ValueCounts
from iou_doctor.parts.columns import Columns
from iou_doctor.parts.plain import NotPlainError, shorten, to_plain

SCALES = ("many", "fine", "crops")
"""The fields of a probe."""
REGIONS = ("label", "pixels", "regions", "found", "lost")
"""The columns of a table of regions."""


def write_pairs(table: PairCounts, columns: Columns) -> None:
    """Keep the columns of a table."""
    starts = table.image_starts if len(table) else np.zeros(0, np.intp)
    columns.put("images", np.diff(table.image[starts], prepend=0))
    columns.put("rows", np.diff(starts, append=len(table)))
    columns.put("truth", table.truth)
    columns.put("prediction", table.prediction)
    columns.put("count", table.count)


def read_pairs(columns: Columns) -> PairCounts:
    """Return the table whose columns were kept."""
    rows, truth = columns.take("rows"), columns.take_narrow("truth")
    prediction, count = (columns.take_narrow(name, truth.shape) for name in ("prediction", "count"))
    images = columns.check_samples(np.cumsum(columns.take("images", rows.shape)))
    fits = ((rows >= 1) & (rows <= len(truth))).all() and rows.sum() == len(truth)
    if not fits or (np.diff(images) < 1).any() or (count < 1).any():
        raise NotPlainError("its tables are damaged")
    return PairCounts(np.repeat(images, rows), truth, prediction, count)


def write_values(values: ValueCounts) -> list[Any]:
    """Return the counts and extremes of values as plain values."""
    return [to_plain(getattr(values, each.name)) for each in fields(values)]


def read_values(values: list[Any]) -> ValueCounts:
    """Return the counts and extremes of values."""
    given = {}
    for each, value in zip(fields(ValueCounts), values, strict=True):
        if each.name.startswith("first") and value is not None:
            value = Place(int(value[0]), tuple(map(int, value[1])), tuple(map(float, value[2])))
        elif not _is_possible(value, is_count=each.default == 0):
            raise NotPlainError(f"{each.name} is {shorten(value)}")
        given[each.name] = value
    return ValueCounts(**given)


def _is_possible(value: Any, *, is_count: bool) -> bool:
    if is_count:
        return type(value) is int and 0 <= value < 2**63
    return value is None or (type(value) in {int, float} and isfinite(value))


def write_sums(sums: ChannelSums, columns: Columns) -> None:
    """Keep the columns of sums."""
    for each in fields(sums):
        columns.put(f"sums_{each.name}", getattr(sums, each.name))


def read_sums(shape: list[int], columns: Columns) -> ChannelSums:
    """Return the sums of this shape."""
    images, channels, quantities = map(int, shape)
    if quantities != len(Quantity):
        raise NotPlainError("its sums are of another version")
    return ChannelSums(
        image=columns.take_samples("sums_image", (images,)),
        whole=columns.take("sums_whole", (images, channels, quantities)),
        rest=columns.take("sums_rest", (images, channels, quantities)),
        not_finite=columns.take("sums_not_finite", (images, channels)),
    )


def write_kinds(kinds: KindCounts | None, columns: Columns) -> Any:
    """Keep the columns of the kinds of errors, and return the rest; `None` if there are none."""
    if kinds is None:
        return None
    with columns.within("kinds"):
        write_pairs(kinds.pairs, columns)
        for name, column in zip(REGIONS, kinds.regions.columns, strict=True):
            columns.put(f"regions_{name}", column)
    return list(kinds.widths)


def read_kinds(values: Any, columns: Columns) -> KindCounts | None:
    """Return the kinds of errors; `None` if there are none."""
    if values is None:
        return None
    least, largest = map(int, values)
    with columns.within("kinds"):
        regions = [columns.take(f"regions_{name}") for name in REGIONS]
        if len({len(column) for column in regions}) > 1:
            raise NotPlainError("its regions are damaged")
        return KindCounts(read_pairs(columns), RegionCounts(*regions), (least, largest))


def write_probe(probe: Probe, columns: Columns) -> Any:
    """Keep the maps of a probe, and return their shapes."""
    found = {}
    for scale in SCALES:
        maps: DecodedMaps = getattr(probe, scale)
        with columns.within(scale):
            columns.put("samples", maps.samples)
            found[scale] = {
                side: {
                    decoding.value: write_maps(some, f"{side}_{decoding.value}", columns)
                    for decoding, some in getattr(maps, side).items()
                }
                for side in ("y_true", "y_pred")
            }
    return found


def read_probe(values: Any, pairings: Sequence[Pairing], columns: Columns) -> Probe:
    """Return the probe with maps of these shapes, which has the labels of these pairings."""
    scales = []
    for scale in SCALES:
        with columns.within(scale):
            sides = {
                side: {
                    LabelDecoding(name): read_maps(shapes, f"{side}_{name}", columns)
                    for name, shapes in values[scale][side].items()
                }
                for side in ("y_true", "y_pred")
            }
            maps = DecodedMaps(columns.take_samples("samples"), sides["y_true"], sides["y_pred"])
        _check_maps(maps, pairings)
        scales.append(maps)
    return Probe(*scales)


def _check_maps(maps: DecodedMaps, pairings: Sequence[Pairing]) -> None:
    """Refuse maps some of which are missing."""
    number = len(maps.samples)
    for pairing in pairings:
        true, pred = maps.y_true.get(pairing.y_true, ()), maps.y_pred.get(pairing.y_pred, ())
        if not number or not pairing.has_maps:
            continue
        if not len(true) == len(pred) == number:
            raise NotPlainError("maps of samples are missing")
        if any(one.shape != other.shape for one, other in zip(true, pred, strict=True)):
            raise NotPlainError("maps of samples have different shapes")


def write_maps(maps: tuple[Labels, ...], name: str, columns: Columns) -> Any:
    """Keep maps one after the other; return their shapes, one if all have the same."""
    flat = [labels.reshape(-1) for labels in maps]
    columns.put(name, np.concatenate(flat) if flat else np.zeros(0, np.int32))
    shapes = [list(labels.shape) for labels in maps]
    is_same = len(shapes) > 1 and all(shape == shapes[0] for shape in shapes)
    return {"number": len(shapes), "shapes": shapes[:1] if is_same else shapes}


def read_maps(values: Any, name: str, columns: Columns) -> tuple[Labels, ...]:
    """Return the maps that were kept one after the other."""
    number, shapes = int(values["number"]), values["shapes"]
    if len(shapes) == 1 and number > 1:
        flat = columns.take(name)
        shapes = shapes * min(number, max(1, flat.size))
    sizes = [int(np.prod(shape, dtype=object)) for shape in shapes]
    flat = columns.take(name, (sum(sizes),)).astype(np.int32)
    pieces = np.split(flat, np.cumsum(sizes)[:-1]) if sizes else []
    return tuple(piece.reshape(tuple(shape)) for piece, shape in zip(pieces, shapes, strict=True))

"""The tables, values and maps of answers as columns and plain values, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from iou_doctor.counts.channel_sums import ChannelSums, Quantity
from iou_doctor.counts.kind_counts import KindCounts, RegionCounts
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.counts.map_samples import DecodedMaps, Labels, Probe
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import Place, ValueCounts
from iou_doctor.parts.columns import Columns
from iou_doctor.parts.plain import NotPlainError, to_plain

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
    rows, images = columns.take("rows"), np.cumsum(columns.take("images"))
    total = (int(rows.sum()),)
    if len(rows) != len(images) or (rows < 1).any() or (np.diff(images) < 1).any():
        raise NotPlainError("its tables are damaged")
    return PairCounts(
        np.repeat(images, rows),
        columns.take_narrow("truth", total),
        columns.take_narrow("prediction", total),
        columns.take_narrow("count", total),
    )


def write_values(values: ValueCounts) -> list[Any]:
    """Return the counts and extremes of values as plain values."""
    return [to_plain(getattr(values, each.name)) for each in fields(values)]


def read_values(values: list[Any]) -> ValueCounts:
    """Return the counts and extremes of values."""
    names = [each.name for each in fields(ValueCounts)]
    given = dict(zip(names, values, strict=True))
    for name in names:
        value = given[name]
        if name.startswith("first") and value is not None:
            given[name] = Place(int(value[0]), tuple(value[1]), tuple(map(float, value[2])))
        elif value is not None and not isinstance(value, (int, float)):
            raise NotPlainError(f"{name} is {value!r}")
    return ValueCounts(**given)


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
        image=columns.take("sums_image", (images,)),
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


def read_probe(values: Any, columns: Columns) -> Probe:
    """Return the probe with maps of these shapes."""
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
            scales.append(DecodedMaps(columns.take("samples"), sides["y_true"], sides["y_pred"]))
    return Probe(*scales)


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

"""Write the steps of repairs as Python that people can paste into their own code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from iou_doctor.counts.label_decoding import encode_colour
from iou_doctor.repairs.any_channel import AnyChannel
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.decode_colours import DecodeColours
from iou_doctor.repairs.fill_missing import FillMissing
from iou_doctor.repairs.first_channel import FirstChannel
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.one_hot import OneHot
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.permute_channels import PermuteChannels
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.reorder_slices import ReorderSlices
from iou_doctor.repairs.rescale import Rescale
from iou_doctor.repairs.resize_nearest import ResizeNearest
from iou_doctor.repairs.retile import Retile
from iou_doctor.repairs.rotate import Rotate
from iou_doctor.repairs.shift import Shift
from iou_doctor.repairs.step import Step
from iou_doctor.repairs.swap_height_width import SwapHeightWidth
from iou_doctor.repairs.table_code import FEW_LABELS, nest, write_lookup, write_table
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.repairs.times_255 import Times255

Writer = Callable[[Any, str, int], Iterable[str]]
"""From a step, the name of its array and the number of spatial axes to lines of Python."""


def write_step(step: Step, *, spatial: int) -> list[str]:
    """Return lines of Python that do to the array of a step what `Step.apply` does.

    The array has the name of its side, and its axes are in the usual order: (n, *spatial), or
    (n, *spatial, C) with channels. `np` is NumPy. Dtypes may be wider than after `apply`.

    Args:
        step: any step but `Arrange`, whose work depends on how the array is stored.
        spatial: the number of spatial axes.
    """
    return list(WRITERS[type(step)](step, step.side.value, spatial))


def _write_any(step: AnyChannel, name: str, _: int) -> Iterable[str]:
    yield f'{name} = ({name}[..., :{step.channels}] != 0).any(-1).astype("uint8")'


def _write_argmax(step: Argmax, name: str, _: int) -> Iterable[str]:
    if step.no_class is None:
        yield f"{name} = {name}.argmax(-1)"
        return
    yield f"no_class = ({name} == 0).all(-1) | np.isnan({name}).any(-1)"
    yield f"{name} = np.where(no_class, {step.no_class}, {name}.argmax(-1))"


def _write_threshold(step: Threshold, name: str, _: int) -> Iterable[str]:
    above = f'({name} >= {step.threshold!r}).astype("uint8")'
    if step.no_class is None:
        yield f"{name} = {above}"
    else:
        yield f"{name} = np.where(np.isnan({name}), {step.no_class}, {above})"


def _write_colours(step: DecodeColours, name: str, _: int) -> Iterable[str]:
    first = encode_colour(0, 0, 0)
    yield f"{name} = {name}[..., :3].astype(int) @ [65536, 256, 1]"
    table = {code - first: label for code, label in step.table.items()}
    yield from write_table(table, name, otherwise=str(step.default))


def _write_fill(step: FillMissing, name: str, _: int) -> Iterable[str]:
    labels = [int(label) if label == int(label) else label for label in step.labels]
    stray = f" | np.isin({name}, {labels})" if labels else ""
    yield f"{name} = np.where(~np.isfinite({name}){stray}, {step.ignore_index}, {name})"


def _write_first_channel(_: FirstChannel, name: str, __: int) -> Iterable[str]:
    yield f"{name} = {name}[..., 0]"


def _write_flip(step: Flip, name: str, _: int) -> Iterable[str]:
    if step.axes:
        yield f"{name} = {name}[{_slice_backwards(step.axes)}]"


def _slice_backwards(axes: Iterable[int]) -> str:
    """Return the index of an array with samples that reverses some spatial axes."""
    return ", ".join([":", *("::-1" if axis in axes else ":" for axis in range(max(axes) + 1))])


def _write_move_some(step: MoveSome, name: str, spatial: int) -> Iterable[str]:
    yield f"some = {list(step.samples)}"
    moved = f"{name}[some]"
    if step.order:
        axes = [0, *(axis + 1 for axis in step.order)]
        moved = f"{moved}.transpose({axes} + list(range({spatial + 1}, {name}.ndim)))"
    if step.swap:
        moved = f"{moved}.swapaxes({spatial - 1}, {spatial})"
    if step.quarters:
        moved = f"np.rot90({moved}, {step.quarters}, axes=({spatial - 1}, {spatial}))"
    if step.axes:
        moved = f"{moved}[{_slice_backwards(step.axes)}]"
    if step.offset:
        yield f"moved = {moved}"
        yield from _write_shift(Shift(step.side, step.offset), "moved", spatial)
        moved = "moved"
    yield f"{name}[some] = {moved}"


def _write_one_hot(step: OneHot, name: str, _: int) -> Iterable[str]:
    yield f'{name} = ({name}[..., np.newaxis] == np.arange({step.num_classes})).astype("uint8")'


def _write_permutation(step: PermuteAxes, name: str, spatial: int) -> Iterable[str]:
    first = 1 + spatial - len(step.order)
    order = (*range(first), *(axis + first for axis in step.order))
    yield f"axes = {list(order)}"
    yield f"{name} = {name}.transpose(*axes, *range(len(axes), {name}.ndim))"


def _write_channels(step: PermuteChannels, name: str, _: int) -> Iterable[str]:
    yield f"{name} = {name}[..., {list(step.order)}]"


def _write_relabel(step: Relabel, name: str, _: int) -> Iterable[str]:
    yield from write_table(step.table, name, otherwise=name)


def _write_relabel_some(step: RelabelSome, name: str, spatial: int) -> Iterable[str]:
    yield f"some = np.isin(np.arange(len({name})), {list(step.samples)})"
    yield f"some = some.reshape(-1{', 1' * spatial})"
    if len(step.table) > FEW_LABELS:
        yield from write_lookup(step.table, name)
        yield f"{name} = np.where(some & (old[place] == {name}), new[place], {name})"
        return
    yield f"{name} = {nest(step.table, f'some & ({name} == {{}})', name)}"


def _write_reorder(step: Reorder, name: str, _: int) -> Iterable[str]:
    yield f"{name} = {name}[{list(step.order)}]"


def _write_slices(step: ReorderSlices, name: str, _: int) -> Iterable[str]:
    yield f"{name} = {name}.take({list(step.order)}, axis={1 + step.axis})"


def _write_rescale(step: Rescale, name: str, _: int) -> Iterable[str]:
    first = f" + {step.first}" if step.first else ""
    low = f"({name} - {step.low!r})" if step.low else name
    scaled = low if step.distance == 1 else f"{low} / {step.distance!r}"
    yield f"{name} = (np.rint({scaled}){first}).astype(int)"


def _write_resize(step: ResizeNearest, name: str, _: int) -> Iterable[str]:
    for axis, size in enumerate(step.shape, start=1):
        centres = f"(np.arange({size}) * 2 + 1) * {name}.shape[{axis}] // {2 * size}"
        yield f"{name} = {name}.take({centres}, axis={axis})"


def _write_retile(step: Retile, name: str, _: int) -> Iterable[str]:
    height, width = step.tile
    yield f"order, across = {list(step.order)}, {name}.shape[2] // {width}"
    yield f"tiled = {name}.copy()"
    yield "for place, tile in enumerate(order):"
    for row, column, index in (("y", "x", "place"), ("v", "u", "tile")):
        yield f"    {row}, {column} = {index} // across * {height}, {index} % across * {width}"
    yield (
        f"    tiled[:, y : y + {height}, x : x + {width}]"
        f" = {name}[:, v : v + {height}, u : u + {width}]"
    )
    yield f"{name} = tiled"


def _write_rotate(step: Rotate, name: str, spatial: int) -> Iterable[str]:
    yield f"{name} = np.rot90({name}, {step.quarters}, axes=({spatial - 1}, {spatial}))"


def _write_shift(step: Shift, name: str, _: int) -> Iterable[str]:
    for axis, distance in enumerate(step.offset, start=1):
        if distance:
            sign, size = ("-", distance) if distance > 0 else ("+", -distance)
            last = f"{name}.shape[{axis}]"
            places = f"(np.arange({last}) {sign} {size}).clip(0, {last} - 1)"
            yield f"{name} = {name}.take({places}, axis={axis})"


def _write_swap(step: SwapHeightWidth, name: str, spatial: int) -> Iterable[str]:
    height, width = spatial - 1, spatial
    swapped = f"swapaxes({height}, {width})"
    if step.refill is None:
        yield f"{name} = {name}.{swapped}"
    elif step.refill == "after":
        yield f"{name} = {name}.{swapped}.reshape({name}.shape)"
    else:
        yield f"shape = list({name}.shape)"
        yield f"shape[{height}], shape[{width}] = shape[{width}], shape[{height}]"
        yield f"{name} = {name}.reshape(shape).{swapped}"


def _write_times_255(_: Times255, name: str, __: int) -> Iterable[str]:
    yield f'{name} = np.rint({name} * 255).astype("uint8")'


WRITERS: Mapping[type[Step], Writer] = {
    AnyChannel: _write_any,
    Argmax: _write_argmax,
    DecodeColours: _write_colours,
    FillMissing: _write_fill,
    FirstChannel: _write_first_channel,
    Flip: _write_flip,
    MoveSome: _write_move_some,
    OneHot: _write_one_hot,
    PermuteAxes: _write_permutation,
    PermuteChannels: _write_channels,
    Relabel: _write_relabel,
    RelabelSome: _write_relabel_some,
    Reorder: _write_reorder,
    ReorderSlices: _write_slices,
    Rescale: _write_rescale,
    ResizeNearest: _write_resize,
    Retile: _write_retile,
    Rotate: _write_rotate,
    Shift: _write_shift,
    SwapHeightWidth: _write_swap,
    Threshold: _write_threshold,
    Times255: _write_times_255,
}
"""What writes each kind of step. `Arrange` is not among them."""

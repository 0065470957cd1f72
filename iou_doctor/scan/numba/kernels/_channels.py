"""Measure all channels of a tile in one loop that keeps its results in registers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from iou_doctor.counts.value_counts import SUM_TOLERANCE
from iou_doctor.scan.numba.kernels._tile import LANES, TILE
from iou_doctor.scan.numpy.values import GRID_TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numba.core.base import BaseContext
    from numba.core.typing.context import BaseContext as TypingContext
    from numba.core.typing.templates import Signature

LookAtTile = Callable[
    [
        NDArray[np.signedinteger],
        int,
        NDArray[np.signedinteger],
        NDArray[np.int32],
        NDArray[np.float64],
        NDArray[np.signedinteger],
    ],
    None,
]
"""The signature of `look_at_channels` and `look_at_unit` for compiled code."""

GRID = 255.0
ROUNDS = 1.5 * 2.0**23
"""Adding this to a small float32 rounds it: the sum has no bits left for a fraction."""
LOW, HIGH, WHOLE, ON_GRID, TIED, SUMMED = range(6)
GATHERED = 6
"""The number of rows of `gathered`, see `look_at_channels`."""
INTEGER_64 = ir.IntType(64)
INTEGERS = ir.VectorType(ir.IntType(32), LANES)
DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
FLOATS = ir.VectorType(ir.FloatType(), LANES)


def _typed(
    typing: TypingContext,
    bits: types.Array,
    channels: types.Type,
    tops: types.Array,
    winners: types.Array,
    sums: types.Array,
    gathered: types.Array,
) -> tuple[Signature, Callable[..., ir.Value]]:
    """Return the signature of `look_at_channels` and the function that generates its code."""
    del typing, channels
    return types.void(bits, types.int64, tops, winners, sums, gathered), partial(_look, unit=False)


def _typed_for_unit(
    typing: TypingContext,
    bits: types.Array,
    channels: types.Type,
    tops: types.Array,
    winners: types.Array,
    sums: types.Array,
    gathered: types.Array,
) -> tuple[Signature, Callable[..., ir.Value]]:
    """Return the signature of `look_at_unit` and the function that generates its code."""
    del typing, channels
    return types.void(bits, types.int64, tops, winners, sums, gathered), partial(_look, unit=True)


def _look(
    context: BaseContext,
    builder: ir.IRBuilder,
    signature: Signature,
    args: Sequence[ir.Value],
    *,
    unit: bool,
) -> ir.Value:
    """Generate the loop over groups of `LANES` pixels and the inner loop over their channels."""
    word = ir.IntType(signature.args[0].dtype.bitwidth)
    data = [
        context.make_array(kind)(context, builder, value).data
        for kind, value in zip(signature.args, args, strict=True)
        if isinstance(kind, types.Array)
    ]
    bits, tops, winners, sums, gathered = (_Memory(builder, pointer) for pointer in data)
    found = _Found(builder, word, unit=unit)
    least, most = (sums.at(ir.Constant(INTEGER_64, row * TILE)) for row in (1, 2))
    low, high = (_Variable(builder, DOUBLES, row.load(DOUBLES)) for row in (least, most))
    channels = args[1]
    with cgutils.for_range(builder, ir.Constant(INTEGER_64, TILE // LANES)) as group:
        place = builder.mul(group.index, ir.Constant(INTEGER_64, LANES))
        pixels = _Pixels(builder, word)
        with cgutils.for_range(builder, channels) as channel:
            offset = builder.mul(channel.index, ir.Constant(INTEGER_64, TILE))
            stored = bits.at(builder.add(offset, place)).load(found.words)
            pixels.add(found, stored)
        total, top = pixels.total.get(), pixels.top.get()
        found.extend(found.high, ">", top)
        tops.at(place).store(top)
        winners.at(place).store(_narrow(builder, pixels.winner.get()))
        sums.at(place).store(total)
        found.count_sums(total, low, high)
    least.store(low.get())
    most.store(high.get())
    for row, variable in enumerate(found.gathered):
        gathered.at(ir.Constant(INTEGER_64, row * LANES)).store(variable.get())
    return context.get_dummy_value()


class _Memory:
    """A place in an array from which vectors are loaded and to which they are stored."""

    def __init__(self, builder: ir.IRBuilder, pointer: ir.Value) -> None:
        self._builder, self._pointer = builder, pointer

    def at(self, index: ir.Value) -> _Memory:
        return _Memory(self._builder, self._builder.gep(self._pointer, [index]))

    def load(self, kind: ir.VectorType) -> ir.Value:
        pointer = self._builder.bitcast(self._pointer, kind.as_pointer())
        return self._builder.load(pointer, align=_bytes(kind))

    def store(self, vector: ir.Value) -> None:
        pointer = self._builder.bitcast(self._pointer, vector.type.as_pointer())
        self._builder.store(vector, pointer, align=_bytes(vector.type))


def _bytes(kind: ir.VectorType) -> int:
    """Return the bytes of one lane, which is all the alignment that arrays guarantee."""
    return {"double": 8, "float": 4}.get(str(kind.element)) or kind.element.width // 8


class _Variable:
    """A variable that LLVM keeps in a register across the loops."""

    def __init__(self, builder: ir.IRBuilder, kind: ir.VectorType, value: ir.Value) -> None:
        self._builder = builder
        self._place = cgutils.alloca_once(builder, kind)
        builder.store(value, self._place)

    def get(self) -> ir.Value:
        return self._builder.load(self._place)

    def set(self, value: ir.Value) -> None:
        self._builder.store(value, self._place)


class _Found:
    """The counts and extremes over all pixels of the tile, lane by lane."""

    def __init__(self, builder: ir.IRBuilder, word: ir.IntType, *, unit: bool) -> None:
        self.builder, self.unit = builder, unit
        self.words = ir.VectorType(word, LANES)
        self.reals = DOUBLES if word.width == INTEGER_64.width else FLOATS
        self.least = -(2 ** (word.width - 1))
        starts = (-self.least - 1, self.least, 0, 0, 0, 0)
        self.gathered = [
            _Variable(builder, self.words, _all(self.words, start)) for start in starts
        ]
        self.low, self.high, self.whole, self.on_grid, self.tied, self.summed = self.gathered

    def extend(self, extreme: _Variable, order: str, keys: ir.Value) -> None:
        """Update a minimum (order "<") or a maximum (order ">") with new keys."""
        better = self.builder.icmp_signed(order, keys, extreme.get())
        extreme.set(self.builder.select(better, keys, extreme.get()))

    def count(self, variable: _Variable, flags: ir.Value) -> None:
        """Add 1 to the lanes whose flag is set."""
        ones = self.builder.sext(flags, self.words)
        variable.set(self.builder.sub(variable.get(), ones))

    def count_grid(self, values: ir.Value) -> None:
        """Count the values that equal k / 255 for an integer k from 0 to 255."""
        builder = self.builder
        if self.reals is DOUBLES:
            values = builder.fptrunc(values, FLOATS)
        scaled = builder.fmul(values, _all(FLOATS, GRID))
        nearest = self._nearest(scaled)
        off = _call(builder, "llvm.fabs", builder.fsub(scaled, nearest))
        self.count(self.on_grid, builder.fcmp_ordered("<=", off, _all(FLOATS, GRID_TOLERANCE)))

    def _nearest(self, scaled: ir.Value) -> ir.Value:
        """Round to the nearest integers from 0 to 255."""
        builder = self.builder
        if self.unit:  # two additions are faster than one rounding
            shifted = builder.fadd(scaled, _all(FLOATS, ROUNDS))
            return builder.fsub(shifted, _all(FLOATS, ROUNDS))
        nearest = _call(builder, "llvm.rint", scaled)
        for order, end in ((">", 0.0), ("<", GRID)):
            inside = builder.fcmp_ordered(order, nearest, _all(FLOATS, end))
            nearest = builder.select(inside, nearest, _all(FLOATS, end))
        return nearest

    def count_sums(self, total: ir.Value, low: _Variable, high: _Variable) -> None:
        """Count the channel sums that are 1, and update the least and the largest finite sum."""
        builder = self.builder
        off = _call(builder, "llvm.fabs", builder.fsub(total, _all(DOUBLES, 1.0)))
        near = builder.fcmp_ordered("<=", off, _all(DOUBLES, SUM_TOLERANCE))
        self.count(self.summed, near)
        for extreme, order, end in ((low, "<", "-inf"), (high, ">", "inf")):
            better = builder.fcmp_ordered(order, total, extreme.get())
            finite = builder.fcmp_ordered("!=", total, _all(DOUBLES, float(end)))
            extreme.set(builder.select(builder.and_(better, finite), total, extreme.get()))


class _Pixels:
    """The sum, the largest key and the winning channel of `LANES` pixels."""

    def __init__(self, builder: ir.IRBuilder, word: ir.IntType) -> None:
        words = ir.VectorType(word, LANES)
        self._builder = builder
        # the least integer, below all keys
        self.top = _Variable(builder, words, _all(words, -(2 ** (word.width - 1))))
        self.winner = _Variable(builder, words, _all(words, 0))
        self._number = _Variable(builder, words, _all(words, 0))
        self.total = _Variable(builder, DOUBLES, _all(DOUBLES, 0.0))

    def add(self, found: _Found, stored: ir.Value) -> None:
        """Add the next channel of these pixels.

        Args:
            found: takes what is counted over the whole tile.
            stored: the bits of the values, a vector of `LANES` integers.
        """
        builder, words = self._builder, found.words
        values = builder.bitcast(stored, found.reals)
        key = stored
        if not found.unit:
            negative = builder.icmp_signed("<", stored, _all(words, 0))
            key = builder.select(negative, builder.sub(_all(words, found.least), stored), stored)
        found.extend(found.low, "<", key)
        if not found.unit:
            whole = builder.fcmp_ordered("==", values, _call(builder, "llvm.trunc", values))
            found.count(found.whole, whole)
        found.count_grid(values)
        self._compare(found, key)
        doubles = values if found.reals is DOUBLES else builder.fpext(values, DOUBLES)
        self.total.set(builder.fadd(self.total.get(), doubles))

    def _compare(self, found: _Found, key: ir.Value) -> None:
        builder, words = self._builder, found.words
        top, number = self.top.get(), self._number.get()
        equal = builder.sext(builder.icmp_signed("==", key, top), words)
        found.tied.set(builder.or_(found.tied.get(), equal))
        more = builder.icmp_signed(">", key, top)
        self.top.set(builder.select(more, key, top))
        self.winner.set(builder.select(more, number, self.winner.get()))
        self._number.set(builder.add(number, _all(words, 1)))


def _all(kind: ir.VectorType, value: float) -> ir.Constant:
    """Return a vector with the same value in each lane."""
    return ir.Constant(kind, [value] * LANES)


def _call(builder: ir.IRBuilder, name: str, vector: ir.Value) -> ir.Value:
    """Apply an LLVM intrinsic to each lane."""
    letter = "f64" if vector.type == DOUBLES else "f32"
    kind = ir.FunctionType(vector.type, [vector.type])
    return builder.call(
        cgutils.get_or_insert_function(builder.module, kind, f"{name}.v{LANES}{letter}"), [vector]
    )


def _narrow(builder: ir.IRBuilder, vector: ir.Value) -> ir.Value:
    """Convert the lanes to 32-bit integers."""
    return vector if vector.type == INTEGERS else builder.trunc(vector, INTEGERS)


look_at_unit = cast(LookAtTile, intrinsic(_typed_for_unit))
"""Do what `look_at_channels` does for values from 0 to 1 without -0.0, a third faster.

It does not count whole values: only 0 and 1 are whole, and the extremes show whether they occur. If
the tile has other values, the smallest key is negative or the largest key is that of a number above
1, and all other results are invalid.
"""
look_at_channels = cast(LookAtTile, intrinsic(_typed))
"""Measure all channels of `TILE` pixels in one loop.

Only compiled code can call `look_at_channels(bits, channels, tops, winners, sums, gathered)`. LLVM
does not fuse loops over channels and pixels by itself, and would load each value six times.

Args:
    bits: the bits of the values, int32 or int64, shape (channels * TILE,).
    channels: the number of channels.
    tops: an output of the dtype of `bits`, shape (TILE,): the key of each pixel's largest channel,
        see `Tile`.
    winners: an output, int32, shape (TILE,): the index of that channel.
    sums: an output, float64, shape (3, TILE). Row 0 holds the channel sums; the first `LANES`
        elements of rows 1 and 2 are updated with the least and the largest finite sum.
    gathered: an output of the dtype of `bits`, shape (GATHERED, LANES). Its rows hold, lane by
        lane, the smallest key, the largest key, the number of whole values, the number of multiples
        of 1 / 255, a value other than 0 if two channels may share the maximum, and the number of
        sums that are 1.
"""

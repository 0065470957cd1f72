"""One look at all channels of a tile, with everything that is gathered kept in registers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from iou_doctor.counts.value_counts import SUM_TOLERANCE
from iou_doctor.scan.numba.kernels._tile import LANES, TILE
from iou_doctor.scan.numpy.values import GRID_TOLERANCE

if TYPE_CHECKING:
    from numba.core.typing.templates import Signature

    from iou_doctor.scan.numba.kernels._context import Context, Typed


GRID = 255.0
ROUNDS = 1.5 * 2.0**23
"""Added to a small float32, it leaves no room for a fraction."""
LOW, HIGH, WHOLE, ON_GRID, TIED, SUMMED = range(6)
GATHERED = 6
"""Rows of `gathered`, see `look_at_channels`."""
INTEGER_64 = ir.IntType(64)
INTEGERS = ir.VectorType(ir.IntType(32), LANES)
DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
FLOATS = ir.VectorType(ir.FloatType(), LANES)


def _typed(
    typing: object,
    bits: types.Type,
    channels: types.Type,
    tops: types.Type,
    winners: types.Type,
    sums: types.Type,
    gathered: types.Type,
) -> Typed:
    """Return the signature of a look at any values, and what writes its code."""
    del typing, channels
    return types.void(bits, types.int64, tops, winners, sums, gathered), partial(_look, unit=False)


def _typed_for_unit(
    typing: object,
    bits: types.Type,
    channels: types.Type,
    tops: types.Type,
    winners: types.Type,
    sums: types.Type,
    gathered: types.Type,
) -> Typed:
    """Return the same for values from 0 to 1."""
    del typing, channels
    return types.void(bits, types.int64, tops, winners, sums, gathered), partial(_look, unit=True)


def _look(
    context: Context,
    builder: ir.IRBuilder,
    signature: Signature,
    args: Sequence[ir.Value],
    *,
    unit: bool,
) -> ir.Value:
    """Write the code that goes through the groups of `LANES` pixels, and through their channels."""
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
    """A place in an array, where vectors are loaded from and stored to."""

    def __init__(self, builder: ir.IRBuilder, pointer: ir.Value) -> None:
        self._builder, self._pointer = builder, pointer

    def at(self, index: ir.Value) -> _Memory:
        return _Memory(self._builder, self._builder.gep(self._pointer, [index]))

    def load(self, kind: ir.Type) -> ir.Value:
        pointer = self._builder.bitcast(self._pointer, kind.as_pointer())
        return self._builder.load(pointer, align=_bytes(kind))

    def store(self, vector: ir.Value) -> None:
        pointer = self._builder.bitcast(self._pointer, vector.type.as_pointer())
        self._builder.store(vector, pointer, align=_bytes(vector.type))


def _bytes(kind: ir.Type) -> int:
    """Return the bytes of one lane: arrays promise no more alignment."""
    return {"double": 8, "float": 4}.get(str(kind.element)) or kind.element.width // 8


class _Variable:
    """What LLVM keeps in a register across the loops."""

    def __init__(self, builder: ir.IRBuilder, kind: ir.Type, value: ir.Value) -> None:
        self._builder = builder
        reserve: Any = cgutils.alloca_once
        self._place = reserve(builder, kind)
        builder.store(value, self._place)

    def get(self) -> ir.Value:
        return self._builder.load(self._place)

    def set(self, value: ir.Value) -> None:
        self._builder.store(value, self._place)


class _Found:
    """What all pixels of the tile add to, lane by lane."""

    def __init__(self, builder: ir.IRBuilder, word: ir.Value, *, unit: bool) -> None:
        self.builder, self.unit = builder, unit
        self.words = ir.VectorType(word, LANES)
        as_int64 = word.width == INTEGER_64.width
        self.reals = DOUBLES if as_int64 else FLOATS
        self.least = -(2 ** (word.width - 1))
        starts = (-self.least - 1, self.least, 0, 0, 0, 0)
        self.gathered = [
            _Variable(builder, self.words, _all(self.words, start)) for start in starts
        ]
        self.low, self.high, self.whole, self.on_grid, self.tied, self.summed = self.gathered

    def extend(self, extreme: _Variable, order: str, keys: ir.Value) -> None:
        """Take in what may be smaller, or larger, than all before."""
        better = self.builder.icmp_signed(order, keys, extreme.get())
        extreme.set(self.builder.select(better, keys, extreme.get()))

    def count(self, variable: _Variable, flags: ir.Value) -> None:
        """Add 1 to the lanes whose flag is set."""
        ones = self.builder.sext(flags, self.words)
        variable.set(self.builder.sub(variable.get(), ones))

    def count_grid(self, values: ir.Value) -> None:
        """Count the values that are k / 255; outside 0 to 1 the nearest k is 0 or 255."""
        builder = self.builder
        if self.reals is DOUBLES:
            values = builder.fptrunc(values, FLOATS)
        scaled = builder.fmul(values, _all(FLOATS, GRID))
        nearest = self._nearest(scaled)
        off = _call(builder, "llvm.fabs", builder.fsub(scaled, nearest))
        self.count(self.on_grid, builder.fcmp_ordered("<=", off, _all(FLOATS, GRID_TOLERANCE)))

    def _nearest(self, scaled: ir.Value) -> ir.Value:
        """Return the nearest integers from 0 to 255."""
        builder = self.builder
        if self.unit:  # two additions are sooner done than one rounding
            shifted = builder.fadd(scaled, _all(FLOATS, ROUNDS))
            return builder.fsub(shifted, _all(FLOATS, ROUNDS))
        nearest = _call(builder, "llvm.rint", scaled)
        for order, end in ((">", 0.0), ("<", GRID)):
            inside = builder.fcmp_ordered(order, nearest, _all(FLOATS, end))
            nearest = builder.select(inside, nearest, _all(FLOATS, end))
        return nearest

    def count_sums(self, total: ir.Value, low: _Variable, high: _Variable) -> None:
        """Take in the sums of the channels of some pixels."""
        builder = self.builder
        off = _call(builder, "llvm.fabs", builder.fsub(total, _all(DOUBLES, 1.0)))
        near = builder.fcmp_ordered("<=", off, _all(DOUBLES, SUM_TOLERANCE))
        self.count(self.summed, near)
        for extreme, order, end in ((low, "<", "-inf"), (high, ">", "inf")):
            better = builder.fcmp_ordered(order, total, extreme.get())
            finite = builder.fcmp_ordered("!=", total, _all(DOUBLES, float(end)))
            extreme.set(builder.select(builder.and_(better, finite), total, extreme.get()))


class _Pixels:
    """What the channels of `LANES` pixels add to."""

    def __init__(self, builder: ir.IRBuilder, word: ir.Value) -> None:
        words = ir.VectorType(word, LANES)
        self._builder = builder
        # no key is so small
        self.top = _Variable(builder, words, _all(words, -(2 ** (word.width - 1))))
        self.winner = _Variable(builder, words, _all(words, 0))
        self._number = _Variable(builder, words, _all(words, 0))
        self.total = _Variable(builder, DOUBLES, _all(DOUBLES, 0.0))

    def add(self, found: _Found, stored: ir.Value) -> None:
        """Take in the next channel of these pixels, as stored."""
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
        as_int64 = values if found.reals is DOUBLES else builder.fpext(values, DOUBLES)
        self.total.set(builder.fadd(self.total.get(), as_int64))

    def _compare(self, found: _Found, key: ir.Value) -> None:
        builder, words = self._builder, found.words
        top, number = self.top.get(), self._number.get()
        equal = builder.sext(builder.icmp_signed("==", key, top), words)
        found.tied.set(builder.or_(found.tied.get(), equal))
        more = builder.icmp_signed(">", key, top)
        self.top.set(builder.select(more, key, top))
        self.winner.set(builder.select(more, number, self.winner.get()))
        self._number.set(builder.add(number, _all(words, 1)))


def _all(kind: ir.Type, value: ir.Value) -> ir.Value:
    """Return a vector with the same value in each lane."""
    return ir.Constant(kind, [value] * LANES)


def _call(builder: ir.IRBuilder, name: str, vector: ir.Value) -> ir.Value:
    """Call a function of LLVM on each lane."""
    letter = "f64" if vector.type == DOUBLES else "f32"
    kind = ir.FunctionType(vector.type, [vector.type])
    insert: Any = cgutils.get_or_insert_function
    return builder.call(insert(builder.module, kind, f"{name}.v{LANES}{letter}"), [vector])


def _narrow(builder: ir.IRBuilder, vector: ir.Value) -> ir.Value:
    """Return integers as those of 32 bits."""
    return vector if vector.type == INTEGERS else builder.trunc(vector, INTEGERS)


look_at_unit: Any = intrinsic(_typed_for_unit)
"""Do what `look_at_channels` does for values from 0 to 1, not -0.0, a third faster.

It counts none as whole: only 0 and 1 are, and the extremes tell whether they occur. Of other values
the smallest key is negative, or the largest that of more than 1, and nothing else holds.
"""
look_at_channels: Any = intrinsic(_typed)
"""Look at all channels of `TILE` pixels once.

`look_at_channels(bits, channels, tops, winners, sums, gathered)`, for compiled code alone. LLVM
does not join loops over channels and pixels by itself, and would load each value six times.

Args:
    bits: those of the values, int32 or int64, shape (channels * TILE,).
    channels: their number.
    tops: takes the key of each pixel's largest channel, see `Tile`; of the dtype of `bits`.
    winners: takes its number, int32, shape (TILE,).
    sums: float64, shape (3, TILE): takes the channel sums; the first `LANES` of the other rows
        take the least and the most, where finite.
    gathered: of the dtype of `bits`, shape (GATHERED, LANES): takes, lane by lane, the smallest and
        the largest key, and counts of values that are whole, values on the grid of 255, not 0
        where two channels may share a top, and the sums that are 1.
"""

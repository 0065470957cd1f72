"""Take the lowest bytes of wide integers as fast as memory delivers them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from iou_doctor.scan.numba.kernels._prefetch import ask_for

if TYPE_CHECKING:
    from numba.core.base import BaseContext
    from numba.core.typing.context import BaseContext as TypingContext
    from numba.core.typing.templates import Signature

Narrow = Callable[[NDArray[np.uint8], int, int, int, NDArray[np.uint8]], tuple[int, int]]
"""The signature of `narrow_2`, `narrow_4` and `narrow_8` for compiled code."""
Compare = Callable[[str, ir.Value, ir.Value], ir.Value]
"""A comparison of LLVM: `IRBuilder.icmp_signed` or `IRBuilder.icmp_unsigned`."""

WORDS = 32
"""The integers that one step of the loop reads."""
AHEAD = 4096
"""How many bytes ahead of the current ones are prefetched. The processor's own prefetcher stops
at the end of a page."""
LINE = 64
"""The bytes of a cache line."""
INTEGER_64 = ir.IntType(64)


def _narrower(width: int) -> Narrow:
    """Return the intrinsic for integers of `width` bytes."""

    def typed(
        typing: TypingContext,
        stored: types.Array,
        first: types.Type,
        count: types.Type,
        flip: types.Type,
        low: types.Array,
    ) -> tuple[Signature, Callable[..., ir.Value]]:
        del typing, first, count, flip
        number = types.int64
        signature = types.UniTuple(number, 2)(stored, number, number, number, low)
        return signature, partial(_narrow, width)

    return cast(Narrow, intrinsic(typed))


class _Run(NamedTuple):
    """Integers in memory that are read group by group."""

    words: ir.Value
    """The pointer to the first integer, as bytes."""
    codes: ir.Value
    """The pointer to where their lowest bytes go."""
    groups: ir.Value
    """The number of groups."""
    kind: ir.VectorType
    """The vector type of a group."""

    @property
    def integer(self) -> ir.IntType:
        """The type of one integer."""
        return self.kind.element

    @property
    def some(self) -> ir.VectorType:
        """The vector type of the lowest bytes of a group."""
        return ir.VectorType(ir.IntType(8), self.kind.count)

    def place(self, builder: ir.IRBuilder, group: ir.Value) -> ir.Value:
        """Return the address of a group of integers."""
        size = self.kind.count * self.integer.width // 8
        return builder.gep(self.words, [builder.mul(group, _number(size))])

    def load(self, builder: ir.IRBuilder, group: ir.Value) -> ir.Value:
        """Return a group of integers."""
        place = builder.bitcast(self.place(builder, group), self.kind.as_pointer())
        return builder.load(place, align=1)

    def store(self, builder: ir.IRBuilder, group: ir.Value, codes: ir.Value) -> None:
        """Store the lowest bytes of a group."""
        place = builder.gep(self.codes, [builder.mul(group, _number(self.kind.count))])
        builder.store(codes, builder.bitcast(place, self.some.as_pointer()), align=1)


def _narrow(
    width: int,
    context: BaseContext,
    builder: ir.IRBuilder,
    signature: Signature,
    args: Sequence[ir.Value],
) -> ir.Value:
    """Generate a call of the function that `_function` returns."""
    stored, low = (
        context.make_array(signature.args[which])(context, builder, args[which]) for which in (0, 4)
    )
    _, first, count, flip, _ = args
    words = builder.gep(stored.data, [builder.mul(first, _number(width))])
    found = builder.call(_function(builder.module, width), [words, count, flip, low.data])
    extremes = [builder.extract_value(found, which) for which in range(2)]
    return context.make_tuple(builder, signature.return_type, extremes)


def _function(module: ir.Module, width: int) -> ir.Function:
    """Return the function for one width: one a module, since each copy takes long to compile."""
    name = f"iou_doctor_narrow_{width}"
    if name in module.globals:
        return module.globals[name]
    pointer, pair = ir.IntType(8).as_pointer(), ir.LiteralStructType([INTEGER_64] * 2)
    kind = ir.FunctionType(pair, [pointer, INTEGER_64, INTEGER_64, pointer])
    function = ir.Function(module, kind, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block())
    builder.ret(_body(builder, width, *function.args))
    return function


def _body(
    builder: ir.IRBuilder,
    width: int,
    words: ir.Value,
    count: ir.Value,
    flip: ir.Value,
    low: ir.Value,
) -> ir.Value:
    """Generate a loop that takes the bytes, and a second one for labels that exceed a byte.

    Args:
        builder: where the code is generated.
        width: the bytes of an integer.
        words: the pointer to the integers.
        count: their number, a 64-bit integer.
        flip: the sign bit for unsigned integers, otherwise 0.
        low: the pointer to where the lowest bytes go.

    Returns:
        The least and the largest integer, as a struct of two 64-bit integers.
    """
    integer = ir.IntType(8 * width)
    flip = builder.trunc(flip, integer)
    groups = builder.sdiv(count, _number(WORDS))
    whole = builder.mul(groups, _number(WORDS))
    runs = [
        _Run(words, low, groups, ir.VectorType(integer, WORDS)),
        _Run(
            builder.gep(words, [builder.mul(whole, _number(width))]),
            builder.gep(low, [whole]),
            builder.sub(count, whole),
            ir.VectorType(integer, 1),
        ),
    ]
    (bits, *codes), (more, *others) = (_take(builder, run) for run in runs)
    codes = _extremes(builder, builder.icmp_unsigned, codes, others)
    found = [
        cgutils.alloca_once_value(builder, builder.xor(builder.zext(code, integer), flip))
        for code in codes
    ]
    exceeds_a_byte = builder.icmp_unsigned(">", builder.or_(bits, more), ir.Constant(integer, 255))
    with builder.if_then(exceeds_a_byte, likely=False):
        exact = _extremes(
            builder, builder.icmp_signed, *(_compare(builder, run, flip) for run in runs)
        )
        for place, extreme in zip(found, exact, strict=True):
            builder.store(extreme, place)
    result = ir.Constant(ir.LiteralStructType([INTEGER_64] * 2), ir.Undefined)
    for which, place in enumerate(found):
        extreme = builder.sext(builder.load(place), INTEGER_64)
        result = builder.insert_value(result, extreme, which)
    return result


def _take(builder: ir.IRBuilder, run: _Run) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Store the lowest bytes; return the union of all bits, the least and the largest byte."""
    bits = cgutils.alloca_once_value(builder, ir.Constant(run.kind, None))
    extremes = [cgutils.alloca_once_value(builder, _all_of(run.some, code)) for code in (255, 0)]
    with cgutils.for_range(builder, run.groups) as part:
        taken, place = run.load(builder, part.index), run.place(builder, part.index)
        for line in range(0, run.kind.count * run.integer.width // 8, LINE):
            ask_for(builder, builder.gep(place, [_number(AHEAD + line)]))
        codes = builder.trunc(taken, run.some)
        run.store(builder, part.index, codes)
        builder.store(builder.or_(builder.load(bits), taken), bits)
        _note(builder, builder.icmp_unsigned, codes, extremes)
    least, most = (builder.load(extreme) for extreme in extremes)
    return (
        _reduced(builder, "or", builder.load(bits)),
        _reduced(builder, "umin", least),
        _reduced(builder, "umax", most),
    )


def _compare(builder: ir.IRBuilder, run: _Run, flip: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return the least and the largest integer after their sign bits are flipped."""
    highest = (1 << (run.integer.width - 1)) - 1
    extremes = [
        cgutils.alloca_once_value(builder, _all_of(run.kind, value))
        for value in (highest, ~highest)
    ]
    everywhere = _everywhere(builder, flip, run.kind)
    with cgutils.for_range(builder, run.groups) as part:
        ordered = builder.xor(run.load(builder, part.index), everywhere)
        _note(builder, builder.icmp_signed, ordered, extremes)
    least, most = (builder.load(extreme) for extreme in extremes)
    return _reduced(builder, "smin", least), _reduced(builder, "smax", most)


def _note(
    builder: ir.IRBuilder, compare: Compare, values: ir.Value, extremes: Sequence[ir.Value]
) -> None:
    """Update the extremes in memory with new values, lane by lane."""
    known = [builder.load(place) for place in extremes]
    for value, place in zip(
        _extremes(builder, compare, known, (values, values)), extremes, strict=True
    ):
        builder.store(value, place)


def _extremes(
    builder: ir.IRBuilder, compare: Compare, one: Sequence[ir.Value], other: Sequence[ir.Value]
) -> list[ir.Value]:
    """Merge two pairs of extremes: return the lesser minimum and the larger maximum."""
    return [
        builder.select(compare(closer, theirs, ours), theirs, ours)
        for closer, ours, theirs in zip("<>", one, other, strict=True)
    ]


def _number(value: int) -> ir.Constant:
    return ir.Constant(INTEGER_64, value)


def _all_of(kind: ir.VectorType, value: int) -> ir.Constant:
    return ir.Constant(kind, [value] * kind.count)


def _everywhere(builder: ir.IRBuilder, value: ir.Value, kind: ir.VectorType) -> ir.Value:
    """Return a vector with the same value in each lane."""
    unknown = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(unknown, value, _number(0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), None)
    return builder.shuffle_vector(first, unknown, lanes)


def _reduced(builder: ir.IRBuilder, name: str, vector: ir.Value) -> ir.Value:
    """Reduce a vector to one integer with LLVM's intrinsic of this name."""
    kind, integer = vector.type, vector.type.element
    suffix = f"v{kind.count}i{integer.width}"
    reduce = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(integer, [kind]), f"llvm.vector.reduce.{name}.{suffix}"
    )
    return builder.call(reduce, [vector])


narrow_2 = _narrower(2)
"""Write the lowest byte of each two-byte integer; return the least and the largest integer.

Only compiled code can call `narrow_2(stored, first, count, flip, low)`.

Args:
    stored: the bytes of the integers, uint8, shape (2 * n,).
    first: the index of the integer to start with.
    count: the number of integers to read, at least one.
    flip: the sign bit for unsigned integers, otherwise 0; int64. With this bit flipped, unsigned
        integers sort like signed ones.
    low: the output, uint8, shape (at least count,).

Returns:
    The least and the largest integer, with the bit flipped, as signed integers.
"""
narrow_4 = _narrower(4)
"""Do what `narrow_2` does for integers of four bytes."""
narrow_8 = _narrower(8)
"""Do what `narrow_2` does for integers of eight bytes."""

"""The lowest bytes of wide integers, at the pace at which memory hands them over."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from iou_doctor.scan.numba.kernels._prefetch import ask_for

if TYPE_CHECKING:
    from numba.core.typing.templates import Signature

    from iou_doctor.scan.numba.kernels._context import Context, Typed


WORDS = 32
"""Integers that are taken together."""
AHEAD = 4096
"""Bytes from those being taken to those asked for meanwhile: the processor itself looks ahead only
to the end of a page."""
LINE = 64
"""Bytes of a cache line."""
INTEGER_64 = ir.IntType(64)


def _narrower(width: int) -> ir.Value:
    """Return `narrow` for integers of `width` bytes."""

    def typed(
        typing: object,
        stored: types.Type,
        first: types.Type,
        count: types.Type,
        flip: types.Type,
        low: types.Type,
    ) -> Typed:
        del typing, first, count, flip
        number, pair = types.int64, cast(Any, types.UniTuple)
        return pair(number, 2)(stored, number, number, number, low), partial(_narrow, width)

    return intrinsic(typed)


class _Run(NamedTuple):
    """Integers in memory, taken some at a time."""

    words: ir.Value
    """Where they begin."""
    codes: ir.Value
    """Where their lowest bytes go."""
    groups: ir.Value
    """How many vectors they fill."""
    kind: ir.Value
    """The vector."""

    @property
    def integer(self) -> ir.Value:
        """The type of one."""
        return self.kind.element

    @property
    def some(self) -> ir.Value:
        """The vector of their bytes."""
        return ir.VectorType(ir.IntType(8), self.kind.count)

    def place(self, builder: ir.IRBuilder, group: ir.Value) -> ir.Value:
        """Return the address of a group of words."""
        size = self.kind.count * self.integer.width // 8
        return builder.gep(self.words, [builder.mul(group, _number(size))])

    def load(self, builder: ir.IRBuilder, group: ir.Value) -> ir.Value:
        """Return a group of words."""
        place = builder.bitcast(self.place(builder, group), self.kind.as_pointer())
        return builder.load(place, align=1)

    def store(self, builder: ir.IRBuilder, group: ir.Value, codes: ir.Value) -> None:
        """Write a group of bytes."""
        place = builder.gep(self.codes, [builder.mul(group, _number(self.kind.count))])
        builder.store(codes, builder.bitcast(place, self.some.as_pointer()), align=1)


def _narrow(
    width: int,
    context: Context,
    builder: ir.IRBuilder,
    signature: Signature,
    args: Sequence[ir.Value],
) -> ir.Value:
    """Write a call."""
    stored, low = (
        context.make_array(signature.args[which])(context, builder, args[which]) for which in (0, 4)
    )
    _, first, count, flip, _ = args
    words = builder.gep(stored.data, [builder.mul(first, _number(width))])
    found = builder.call(_function(builder.module, width), [words, count, flip, low.data])
    extremes = [builder.extract_value(found, which) for which in range(2)]
    return context.make_tuple(builder, signature.return_type, extremes)


def _function(module: ir.Module, width: int) -> ir.Value:
    """Return what is called, once for a module: many copies of it would take long to compile."""
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
    """Write a loop that takes the bytes, and one more for labels that do not fit them."""
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
    reserve: Any = cgutils.alloca_once_value
    found = [reserve(builder, builder.xor(builder.zext(code, integer), flip)) for code in codes]
    as_int64 = builder.icmp_unsigned(">", builder.or_(bits, more), ir.Constant(integer, 255))
    with builder.if_then(as_int64, likely=False):
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
    """Write the lowest bytes; return all bits of the words, and the extreme bytes."""
    reserve: Any = cgutils.alloca_once_value
    bits = reserve(builder, ir.Constant(run.kind, None))
    extremes = [reserve(builder, _all_of(run.some, code)) for code in (255, 0)]
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
    """Return the least and the largest of the words, flipped."""
    highest = (1 << (run.integer.width - 1)) - 1
    reserve: Any = cgutils.alloca_once_value
    extremes = [reserve(builder, _all_of(run.kind, value)) for value in (highest, ~highest)]
    everywhere = _everywhere(builder, flip, run.kind)
    with cgutils.for_range(builder, run.groups) as part:
        ordered = builder.xor(run.load(builder, part.index), everywhere)
        _note(builder, builder.icmp_signed, ordered, extremes)
    least, most = (builder.load(extreme) for extreme in extremes)
    return _reduced(builder, "smin", least), _reduced(builder, "smax", most)


def _note(builder: ir.IRBuilder, compare: ir.Value, values: ir.Value, extremes: ir.Value) -> None:
    """Keep what is less, or more, than what is known, lane by lane."""
    known = [builder.load(place) for place in extremes]
    for value, place in zip(
        _extremes(builder, compare, known, (values, values)), extremes, strict=True
    ):
        builder.store(value, place)


def _extremes(
    builder: ir.IRBuilder, compare: ir.Value, one: ir.Value, other: ir.Value
) -> list[ir.Value]:
    """Return the lesser of two least values, and the larger of two largest ones."""
    return [
        builder.select(compare(closer, theirs, ours), theirs, ours)
        for closer, ours, theirs in zip("<>", one, other, strict=True)
    ]


def _number(value: int) -> ir.Value:
    return ir.Constant(INTEGER_64, value)


def _all_of(kind: ir.Type, value: int) -> ir.Value:
    return ir.Constant(kind, [value] * kind.count)


def _everywhere(builder: ir.IRBuilder, value: ir.Value, kind: ir.Type) -> ir.Value:
    """Return a vector of one value."""
    unknown = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(unknown, value, _number(0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), None)
    return builder.shuffle_vector(first, unknown, lanes)


def _reduced(builder: ir.IRBuilder, name: str, vector: ir.Value) -> ir.Value:
    """Return what all lanes of a vector come to."""
    kind, integer = vector.type, vector.type.element
    function: Any = cgutils.get_or_insert_function
    suffix = f"v{kind.count}i{integer.width}"
    reduce = function(
        builder.module, ir.FunctionType(integer, [kind]), f"llvm.vector.reduce.{name}.{suffix}"
    )
    return builder.call(reduce, [vector])


narrow_2 = _narrower(2)
"""Write the lowest byte of each integer of two bytes; return their extremes.

`narrow_2(stored, first, count, flip, low)`, for compiled code alone.

Args:
    stored: the bytes of the integers, uint8, shape (2 * n,).
    first: the integer to begin with.
    count: how many of them to take, at least one.
    flip: the sign bit for unsigned integers, else 0: after it, signed order is theirs; int64.
    low: uint8, shape (at least count,).

Returns:
    The least and the largest, flipped and read as signed.
"""
narrow_4 = _narrower(4)
"""The same for four bytes."""
narrow_8 = _narrower(8)
"""The same for eight."""

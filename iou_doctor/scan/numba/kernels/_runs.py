"""Codes of several pixels at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from iou_doctor.scan.numba.kernels._compiled import has

if TYPE_CHECKING:
    from numba.core.typing.templates import Signature

    from iou_doctor.scan.numba.kernels._context import Context, Typed


GROUP = 64
"""Pixels that `find_runs` looks at together."""
INTEGER_64 = ir.IntType(64)
CODES = ir.VectorType(ir.IntType(8), GROUP)
FLAGS = ir.VectorType(ir.IntType(1), GROUP)


def _typed_runs(
    typing: object, true: types.Type, pred: types.Type, groups: types.Type, runs: types.Type
) -> Typed:
    """Return the signature of `find_runs`, and what writes its code."""
    del typing, groups
    return types.int64(true, pred, types.int64, runs), _find


def _find(
    context: Context, builder: ir.IRBuilder, signature: Signature, args: Sequence[ir.Value]
) -> ir.Value:
    """Write the loop over groups: of the last pixels of runs, what is kept moves to the front."""
    true, pred, runs = (
        context.make_array(signature.args[which])(context, builder, args[which])
        for which in (0, 1, 3)
    )
    reserve: Any = cgutils.alloca_once_value
    found = reserve(builder, _number(0))
    numbers = reserve(builder, ir.Constant(CODES, list(range(1, GROUP + 1))))
    row = builder.extract_value(runs.shape, 1)
    starts = [builder.gep(runs.data, [builder.mul(row, _number(which))]) for which in range(3)]
    with cgutils.for_range(builder, args[2]) as group:
        place = builder.mul(group.index, _number(GROUP))
        after = builder.add(place, _number(1))
        codes = [_load(builder, side, place) for side in (true, pred)]
        last = ir.Constant(FLAGS, [0] * (GROUP - 1) + [1])
        for ours, side in zip(codes, (true, pred), strict=True):
            last = builder.or_(last, builder.icmp_unsigned("!=", ours, _load(builder, side, after)))
        number, used = builder.load(numbers), builder.load(found)
        for start, values in zip(starts, (*codes, number), strict=True):
            pointer = builder.bitcast(builder.gep(start, [used]), CODES.as_pointer())
            builder.store(_compress(builder, values, last), pointer, align=1)
        builder.store(builder.add(number, ir.Constant(CODES, [GROUP] * GROUP)), numbers)
        builder.store(builder.add(used, builder.ctpop(builder.bitcast(last, INTEGER_64))), found)
    return builder.load(found)


def _number(value: int) -> ir.Value:
    return ir.Constant(INTEGER_64, value)


def _load(builder: ir.IRBuilder, array: ir.Value, place: ir.Value) -> ir.Value:
    pointer = builder.bitcast(builder.gep(array.data, [place]), CODES.as_pointer())
    return builder.load(pointer, align=1)


def _compress(builder: ir.IRBuilder, values: ir.Value, keep: ir.Value) -> ir.Value:
    """Move the lanes whose flag is set to the front."""
    kind = ir.FunctionType(CODES, [CODES, CODES, FLAGS])
    insert: Any = cgutils.get_or_insert_function
    function = insert(builder.module, kind, f"llvm.x86.avx512.mask.compress.v{GROUP}i8")
    return builder.call(function, [values, ir.Constant(CODES, None), keep])


def _typed_word(typing: object, codes: types.Type, pixel: types.Type) -> Typed:
    """Return the signature of `word_at`, and what writes its code."""
    del typing, pixel
    return types.uint64(codes, types.int64), _word


def _word(
    context: Context, builder: ir.IRBuilder, signature: Signature, args: Sequence[ir.Value]
) -> ir.Value:
    codes = context.make_array(signature.args[0])(context, builder, args[0])
    place = builder.gep(codes.data, [args[1]])
    return builder.load(builder.bitcast(place, INTEGER_64.as_pointer()), align=1)


FINDS_RUNS = has("avx512vbmi2")
"""Whether there is `find_runs`: the processor moves bytes to the front, and leaves out others."""
find_runs: Any = intrinsic(_typed_runs)
"""Find where a pair of codes ends; each group of pixels ends one.

`find_runs(true, pred, groups, runs)`, for compiled code alone, returns how many it found.

Args:
    true: codes, uint8, shape (n,), more than `groups * GROUP` of them.
    pred: the same.
    groups: how many times `GROUP` pixels to look at.
    runs: takes, run by run, the code of `true`, that of `pred`, and the number of the last pixel
        plus 1, modulo 256: uint8, shape (3, at least n + GROUP).
"""
word_at: Any = intrinsic(_typed_word)
"""Return eight codes from a pixel on as one uint64.

`word_at(codes, pixel)`, for compiled code alone: Numba's own loads want words at their place.
"""

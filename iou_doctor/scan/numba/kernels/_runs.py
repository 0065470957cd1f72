"""Read the codes of several pixels at once: runs of equal pairs, and words of eight codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from iou_doctor.scan.numba.kernels._compiled import has

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numba.core.base import BaseContext
    from numba.core.typing.context import BaseContext as TypingContext
    from numba.core.typing.templates import Signature

GROUP = 64
"""The pixels that `find_runs` compares at once: the bytes of one AVX-512 register."""
INTEGER_64 = ir.IntType(64)
CODES = ir.VectorType(ir.IntType(8), GROUP)
FLAGS = ir.VectorType(ir.IntType(1), GROUP)
FindRuns = Callable[[NDArray[np.uint8], NDArray[np.uint8], int, NDArray[np.uint8]], int]
"""The signature of `find_runs` for compiled code."""
WordAt = Callable[[NDArray[np.uint8], int], np.uint64]
"""The signature of `word_at` for compiled code."""


class ArrayStruct(Protocol):
    """The part that is used here of the struct in which Numba passes an array."""

    data: ir.Value
    """The pointer to the first element."""


def _typed_runs(
    typing: TypingContext,
    true: types.Array,
    pred: types.Array,
    groups: types.Type,
    runs: types.Array,
) -> tuple[Signature, Callable[..., ir.Value]]:
    """Return the signature of `find_runs` and the function that generates its code."""
    del typing, groups
    return types.int64(true, pred, types.int64, runs), _find


def _find(
    context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: Sequence[ir.Value]
) -> ir.Value:
    """Generate the loop over groups. In each group, the last pixels of runs move to the front."""
    true, pred, runs = (
        context.make_array(signature.args[which])(context, builder, args[which])
        for which in (0, 1, 3)
    )
    found = cgutils.alloca_once_value(builder, _number(0))
    numbers = cgutils.alloca_once_value(builder, ir.Constant(CODES, list(range(1, GROUP + 1))))
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


def _number(value: int) -> ir.Constant:
    return ir.Constant(INTEGER_64, value)


def _load(builder: ir.IRBuilder, array: ArrayStruct, place: ir.Value) -> ir.Value:
    pointer = builder.bitcast(builder.gep(array.data, [place]), CODES.as_pointer())
    return builder.load(pointer, align=1)


def _compress(builder: ir.IRBuilder, values: ir.Value, keep: ir.Value) -> ir.Value:
    """Move the lanes whose flag is set to the front; the lanes behind them become 0."""
    kind = ir.FunctionType(CODES, [CODES, CODES, FLAGS])
    function = cgutils.get_or_insert_function(
        builder.module, kind, f"llvm.x86.avx512.mask.compress.v{GROUP}i8"
    )
    return builder.call(function, [values, ir.Constant(CODES, None), keep])


def _typed_word(
    typing: TypingContext, codes: types.Array, pixel: types.Type
) -> tuple[Signature, Callable[..., ir.Value]]:
    """Return the signature of `word_at` and the function that generates its code."""
    del typing, pixel
    return types.uint64(codes, types.int64), _word


def _word(
    context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: Sequence[ir.Value]
) -> ir.Value:
    codes = context.make_array(signature.args[0])(context, builder, args[0])
    place = builder.gep(codes.data, [args[1]])
    return builder.load(builder.bitcast(place, INTEGER_64.as_pointer()), align=1)


FINDS_RUNS = has("avx512vbmi2")
"""Whether `find_runs` can be used: it needs the processor's instruction that compresses bytes."""
find_runs = cast(FindRuns, intrinsic(_typed_runs))
"""Find where runs of the same pair of codes end. The end of each group also ends a run.

`find_runs(true, pred, groups, runs)` returns the number of runs. Only compiled code can call it.

Args:
    true: codes, uint8, shape (n,), more than `groups * GROUP` of them.
    pred: the same.
    groups: the number of groups of `GROUP` pixels to read.
    runs: the output, uint8, shape (3, at least n + GROUP). Its rows hold, for each run, the code
        of `true`, the code of `pred`, and the index of the last pixel plus 1, modulo 256.
"""
word_at = cast(WordAt, intrinsic(_typed_word))
"""Return the eight codes that start at a pixel as one uint64.

Only compiled code can call `word_at(codes, pixel)`. Numba's own loads need aligned words.
"""

"""Turning rows of pixels into rows of classes, in the registers of the processor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from iou_doctor.scan.numba.kernels._prefetch import ask_for

if TYPE_CHECKING:
    from numba.core.typing.templates import Signature

    from iou_doctor.scan.numba.kernels._context import Context, Typed


BLOCK = 8
"""Rows and columns that are transposed at once."""
AHEAD = 64
"""Rows from those being moved to those asked for from memory meanwhile."""


def _typed(
    typing: object,
    source: types.Type,
    origin: types.Type,
    width: types.Type,
    target: types.Type,
    place: types.Type,
    height: types.Type,
) -> Typed:
    """Return the signature of a move, and what writes its code."""
    del typing, origin, width, place, height
    signature = types.void(source, *[types.int64] * 2, target, *[types.int64] * 2)
    return signature, _block


def _block(
    context: Context, builder: ir.IRBuilder, signature: Signature, args: Sequence[ir.Value]
) -> ir.Value:
    """Write the code that moves one block."""
    source, target = (
        context.make_array(signature.args[which])(context, builder, args[which]).data
        for which in (0, 3)
    )
    word = ir.IntType(signature.args[0].dtype.bitwidth)
    aligned = word.width // 8

    def row(data: ir.Value, start: ir.Value, step: ir.Value, number: int) -> ir.Value:
        offset = builder.mul(step, ir.Constant(ir.IntType(64), number))
        words = builder.gep(data, [builder.add(start, offset)])
        return builder.bitcast(words, ir.VectorType(word, BLOCK).as_pointer())

    rows = [
        builder.load(row(source, args[1], args[2], number), align=aligned)
        for number in range(BLOCK)
    ]
    for number in range(AHEAD, AHEAD + BLOCK):
        ask_for(builder, row(source, args[1], args[2], number))
    for number, words in enumerate(_transposed(builder, rows)):
        builder.store(words, row(target, args[4], args[5], number), align=aligned)
    return context.get_dummy_value()


def _transposed(builder: ir.IRBuilder, rows: list[ir.Value]) -> list[ir.Value]:
    """Swap the off-diagonal quarters of the block, then those of each quarter, and so on."""
    indices = ir.VectorType(ir.IntType(32), BLOCK)
    for half in (4, 2, 1):
        upper = [j if not j & half else BLOCK + j - half for j in range(BLOCK)]
        lower = [j + half if not j & half else BLOCK + j for j in range(BLOCK)]
        swapped = list(rows)
        for i in range(BLOCK):
            if not i & half:
                pair = rows[i], rows[i + half]
                swapped[i] = builder.shuffle_vector(*pair, ir.Constant(indices, upper))
                swapped[i + half] = builder.shuffle_vector(*pair, ir.Constant(indices, lower))
        rows = swapped
    return rows


transpose_block: Any = intrinsic(_typed)
"""Copy `BLOCK` rows of `BLOCK` words as columns: `target[c, r] = source[r, c]`.

`transpose_block(source, origin, width, target, place, height)`, for compiled code alone. LLVM makes
three rounds of shuffles of it, where a loop would move word by word.

Args:
    source: integers, shape (n,), contiguous.
    origin: the first word of the first row.
    width: from one row to the next.
    target: integers of the same dtype, shape (m,), contiguous.
    place: the first word of the first column.
    height: from one column to the next.
"""

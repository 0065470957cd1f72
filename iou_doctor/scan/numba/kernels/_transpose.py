"""Transpose blocks of pixels and classes in the processor's registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from iou_doctor.scan.numba.kernels._prefetch import ask_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numba.core.base import BaseContext
    from numba.core.typing.context import BaseContext as TypingContext
    from numba.core.typing.templates import Signature

BLOCK = 8
"""The rows and columns of a block that is transposed at once."""
AHEAD = 64
"""How many rows ahead of the current ones are prefetched."""

TransposeBlock = Callable[
    [NDArray[np.signedinteger], int, int, NDArray[np.signedinteger], int, int], None
]
"""The signature of `transpose_block` for compiled code."""


def _typed(
    typing: TypingContext,
    source: types.Array,
    origin: types.Type,
    width: types.Type,
    target: types.Array,
    place: types.Type,
    height: types.Type,
) -> tuple[Signature, Callable[..., ir.Value]]:
    """Return the signature of `transpose_block` and the function that generates its code."""
    del typing, origin, width, place, height
    signature = types.void(source, *[types.int64] * 2, target, *[types.int64] * 2)
    return signature, _block


def _block(
    context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: Sequence[ir.Value]
) -> ir.Value:
    """Generate the code that transposes one block."""
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
    """Swap the off-diagonal quarters of the block, then those of each quarter, and so on.

    Args:
        builder: where the code is generated.
        rows: the `BLOCK` rows of the block, each a vector of `BLOCK` words.
    """
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


transpose_block = cast(TransposeBlock, intrinsic(_typed))
"""Copy `BLOCK` rows of `BLOCK` words as columns: `target[c, r] = source[r, c]`.

Only compiled code can call `transpose_block(source, origin, width, target, place, height)`. It
becomes three rounds of shuffles, while LLVM compiles a loop to moves of single words.

Args:
    source: integers, shape (n,), contiguous.
    origin: the index in `source` of the first word of the first row.
    width: the distance in words from one row to the next.
    target: integers of the same dtype, shape (m,), contiguous.
    place: the index in `target` of the first word of the first column.
    height: the distance in words from one column to the next.
"""

"""Turning float16 into float32, by the processor where it can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from iou_doctor.scan.numba.kernels._compiled import has, inlined
from iou_doctor.scan.numba.kernels._tile import LANES

if TYPE_CHECKING:
    from numba.core.typing.templates import Signature

    from iou_doctor.scan.numba.kernels._context import Context, Typed


def _typed(typing: object, halves: types.Type, bits: types.Type) -> Typed:
    """Return the signature of widening, and what writes its code."""
    del typing
    return types.void(halves, bits), _widen


def _widen(
    context: Context, builder: ir.IRBuilder, signature: Signature, args: Sequence[ir.Value]
) -> ir.Value:
    """Write the loop over `LANES` values at a time."""
    source, target = (
        context.make_array(kind)(context, builder, value)
        for kind, value in zip(signature.args, args, strict=True)
    )
    lanes = ir.Constant(ir.IntType(64), LANES)
    halves = ir.VectorType(ir.HalfType(), LANES)
    floats = ir.VectorType(ir.FloatType(), LANES)
    with cgutils.for_range(builder, builder.sdiv(source.nitems, lanes)) as part:
        place = builder.mul(part.index, lanes)
        read, written = (
            builder.bitcast(builder.gep(array.data, [place]), kind.as_pointer())
            for array, kind in ((source, halves), (target, floats))
        )
        values = builder.fpext(builder.load(read, align=2), floats)
        builder.store(values, written, align=4)
    return context.get_dummy_value()


@inlined
def widen_by_bits(halves: ir.Value, bits: ir.Value) -> None:
    """Do what `widen` does, on any processor."""
    for i in range(halves.size):
        half = np.int32(halves[i])
        size = np.int32(np.int32(half & 0x7FFF) << 13)
        # Inf and NaN take the largest exponent; below 2 ** -14 no leading bit is implied
        as_int64 = np.int32(size + (0x70000000 if size >= 0x0F800000 else 0x38000000))
        small = np.float32(np.int32(size + 0x38800000).view(np.float32) - np.float32(2.0**-14))
        as_int64 = small.view(np.int32) if size < 0x00800000 else as_int64
        bits[i] = as_int64 | (-0x80000000 if half < 0 else 0)


# without an instruction for it, LLVM calls a function that nobody may have linked
widen: Any = intrinsic(_typed) if has("f16c") else widen_by_bits
"""Write the bits of float32 that stand for the same numbers as those of float16.

`widen(halves, bits)`, for compiled code alone.

Args:
    halves: int16, shape (n,), n a multiple of `LANES`.
    bits: int32, shape (n,).
"""

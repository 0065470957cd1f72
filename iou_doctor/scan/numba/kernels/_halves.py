"""Convert float16 to float32, with the processor's instruction if it has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from iou_doctor.scan.numba.kernels._compiled import has, inlined
from iou_doctor.scan.numba.kernels._tile import LANES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numba.core.base import BaseContext
    from numba.core.typing.context import BaseContext as TypingContext
    from numba.core.typing.templates import Signature

Widen = Callable[[NDArray[np.int16], NDArray[np.int32]], None]
"""The signature of `widen` for compiled code."""


def _typed(
    typing: TypingContext, halves: types.Array, bits: types.Array
) -> tuple[Signature, Callable[..., ir.Value]]:
    """Return the signature of `widen` and the function that generates its code."""
    del typing
    return types.void(halves, bits), _widen


def _widen(
    context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: Sequence[ir.Value]
) -> ir.Value:
    """Generate the loop that converts `LANES` values at a time."""
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
def widen_by_bits(halves: NDArray[np.int16], bits: NDArray[np.int32]) -> None:
    """Do what `widen` does on a processor without an instruction for it."""
    for i in range(halves.size):
        half = np.int32(halves[i])
        size = np.int32(np.int32(half & 0x7FFF) << 13)
        # Inf and NaN get the largest exponent. Numbers below 2 ** -14 have no implied leading bit.
        single = np.int32(size + (0x70000000 if size >= 0x0F800000 else 0x38000000))
        small = np.float32(np.int32(size + 0x38800000).view(np.float32) - np.float32(2.0**-14))
        single = small.view(np.int32) if size < 0x00800000 else single
        bits[i] = single | (-0x80000000 if half < 0 else 0)


# Without the instruction, LLVM would call a library function that may not be linked.
widen = cast(Widen, intrinsic(_typed)) if has("f16c") else widen_by_bits
"""Write the bits of the float32 values that equal the given float16 values.

Only compiled code can call `widen(halves, bits)`.

Args:
    halves: the bits of float16 values, int16, shape (n,); n is a multiple of `LANES`.
    bits: the output, int32, shape (n,).
"""

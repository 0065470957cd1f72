"""The lowest bytes of wide integers, at the pace at which memory hands them over."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from iou_doctor.scan.kernels._prefetch import ask_for

WORDS = 32
"""Integers that are taken together."""
AHEAD = 4096
"""Bytes from those being taken to those asked for meanwhile: the processor itself looks ahead only
to the end of a page."""
LINE = 64
"""Bytes of a cache line."""
INTEGER_64 = ir.IntType(64)


def _typed(typing: Any, words: Any, low: Any) -> tuple[Any, Any]:
    """Return the signature of `narrow`, and what writes its code."""
    del typing
    return words.dtype(words, low), _narrow


def _narrow(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Write the loop over groups of `WORDS`."""
    words, low = (
        context.make_array(kind)(context, builder, value)
        for kind, value in zip(signature.args, args, strict=True)
    )
    width = signature.args[0].dtype.bitwidth
    group, some = ir.VectorType(ir.IntType(width), WORDS), ir.VectorType(ir.IntType(8), WORDS)
    reserve: Any = cgutils.alloca_once_value
    bits = reserve(builder, ir.Constant(group, None))
    size = ir.Constant(INTEGER_64, WORDS)
    with cgutils.for_range(builder, builder.sdiv(words.nitems, size)) as part:
        first = builder.mul(part.index, size)
        source = builder.bitcast(builder.gep(words.data, [first]), group.as_pointer())
        target = builder.bitcast(builder.gep(low.data, [first]), some.as_pointer())
        taken = builder.load(source, align=width // 8)
        start = builder.bitcast(source, ir.IntType(8).as_pointer())
        for line in range(0, WORDS * width // 8, LINE):
            ask_for(builder, builder.gep(start, [ir.Constant(INTEGER_64, AHEAD + line)]))
        builder.store(builder.trunc(taken, some), target, align=1)
        builder.store(builder.or_(builder.load(bits), taken), bits)
    kind = ir.FunctionType(ir.IntType(width), [group])
    insert: Any = cgutils.get_or_insert_function
    reduce = insert(builder.module, kind, f"llvm.vector.reduce.or.v{WORDS}i{width}")
    return builder.call(reduce, [builder.load(bits)])


narrow: Any = intrinsic(_typed)
"""Write the lowest byte of each integer; return all their bits.

`narrow(words, low)`, for compiled code alone.

Args:
    words: unsigned integers, shape (n,); the last n modulo `WORDS` are left to the caller.
    low: uint8, shape (n,).
"""

"""Prefetching memory into the cache from LLVM code."""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils


def ask_for(builder: ir.IRBuilder, place: ir.Value) -> None:
    """Prefetch the cache line at an address for reading. An address past the end does no harm."""
    number, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
    prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(prefetch, [builder.bitcast(place, pointer), number(0), number(3), number(1)])

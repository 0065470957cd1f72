"""Asking memory for what will be needed."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils


def ask_for(builder: ir.IRBuilder, place: ir.Value) -> None:
    """Have the line at an address sent to the cache, for reading; past the end it does no harm."""
    number, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
    insert: Any = cgutils.get_or_insert_function
    prefetch = insert(builder.module, kind, "llvm.prefetch.p0")
    builder.call(prefetch, [builder.bitcast(place, pointer), number(0), number(3), number(1)])

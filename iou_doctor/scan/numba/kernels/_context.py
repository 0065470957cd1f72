"""The types of what Numba hands to the functions that write machine code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from llvmlite import ir
from numba import types
from numba.core.typing.templates import Signature


class Context(Protocol):
    """What is used of `numba.core.base.BaseContext`, which carries no types."""

    def make_array(self, kind: types.Type, /) -> Callable[..., ir.Value]:
        """Return what takes an array apart: its data, its shape and its strides."""

    def make_tuple(
        self, builder: ir.IRBuilder, kind: types.Type, values: Sequence[ir.Value], /
    ) -> ir.Value:
        """Return a tuple of values."""

    def get_dummy_value(self) -> ir.Value:
        """Return the value of a function that returns nothing."""


Writer = Callable[..., ir.Value]
"""Writes the code of a call: `write(context, builder, signature, args)`."""
Typed = tuple[Signature, Writer]
"""What an intrinsic returns for the types of its arguments."""

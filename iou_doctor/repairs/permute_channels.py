"""Put class channels into another order: a relabelling of arrays with a class axis."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

MOVES = False


def mend(values: NDArray[Any], *, spatial: int, order: tuple[int, ...]) -> NDArray[Any]:  # noqa: ARG001
    """Return (n, *spatial, C) whose channel k is the channel `order[k]` of `values`."""
    return values[..., list(order)]

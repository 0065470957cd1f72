"""Store axes in the usual order: samples, space, classes last, no axis of size 1."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

MOVES = False


def mend(values: NDArray[Any], *, spatial: int) -> NDArray[Any]:  # noqa: ARG001
    """Return values as they are: repairs get them arranged already."""
    return values

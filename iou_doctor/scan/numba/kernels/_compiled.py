"""Compile the counting loops to machine code with Numba, and cache the code on disk.

Numba recompiles a cached function when the function's own file has changed, but not when a file
with a function that it calls has changed. Functions that call each other are therefore in the same
file. Intrinsics cannot be (`_channels.py`, `_halves.py`, `_narrow.py`, `_runs.py`, `_transpose.py`,
and `_prefetch.py`, which they use): delete the `__pycache__` folders after changing one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Protocol, TypeVar, cast

import llvmlite.binding
import numba

Kernel = TypeVar("Kernel", bound=Callable[..., object])


class CacheStats(Protocol):
    """The part of Numba's compile statistics that says where machine code is cached."""

    @property
    def cache_path(self) -> str | None:
        """The folder of the cache; `None` if the function has none."""


class CachedFunction(Protocol):
    """The part of Numba's `Dispatcher`, a compiled function, that leads to its cache."""

    __name__: str

    @property
    def stats(self) -> CacheStats:
        """The compile statistics."""


# The kernels allocate nothing, so Numba's runtime is off (_nrt): counting the references to arrays
# would take longer than some of the loops.
_jit = partial(numba.njit, _nrt=False, nogil=True, boundscheck=False, error_model="numpy")


def compiled(function: Kernel) -> Kernel:
    """Compile on first use, and cache the machine code if a cache folder is writable."""
    try:
        return cast(Kernel, _jit(cache=True)(function))
    except RuntimeError:  # neither the package's nor the user's cache folder is writable
        return cast(Kernel, _jit()(function))


def is_kept(function: CachedFunction) -> bool:
    """Return whether the machine code of a function is cached on disk, for any dtype."""
    folder = function.stats.cache_path
    return folder is not None and any(Path(folder).glob(f"*.{function.__name__}-*.nbc"))


def has(feature: str) -> bool:
    """Return whether the target processor has a feature, by LLVM's name for it."""
    config: ModuleType = numba.config
    # If these are set, Numba compiles for another processor, whose features are unknown.
    if config.CPU_NAME or config.CPU_FEATURES:
        return False
    return bool(llvmlite.binding.get_host_cpu_features().get(feature))


def inlined(function: Kernel) -> Kernel:
    """Inline a function into those that call it, which compiles sooner and runs a tenth faster."""
    return cast(Kernel, _jit(inline="always")(function))

"""How the loops become machine code.

Numba compiles anew when a function's own file has changed, not when that of one it calls has: so
functions that call each other stand in one file. Intrinsics (`_channels.py`, `_halves.py`,
`_narrow.py`, `_runs.py`, `_transpose.py`, and `_prefetch.py` for them) cannot: who changes one
clears `__pycache__`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import llvmlite.binding
import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


# nothing is allocated in here: counting the references to arrays would take longer than some loops
_jit = partial(numba.njit, _nrt=False, nogil=True, boundscheck=False, error_model="numpy")


def compiled(function: Kernel) -> Kernel:
    """Compile on first use; keep the machine code where a folder can be written."""
    try:
        return cast(Kernel, _jit(cache=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's takes a cache
        return cast(Kernel, _jit()(function))


def is_kept(function: Any) -> bool:
    """Return whether machine code of a function was kept on disk, for some dtype or other."""
    folder = function.stats.cache_path
    return folder is not None and any(Path(folder).glob(f"*.{function.__name__}-*.nbc"))


def has(feature: str) -> bool:
    """Return whether the processor that code is made for has a feature, as LLVM names it."""
    config: Any = numba.config
    if config.CPU_NAME or config.CPU_FEATURES:  # made for others: nobody knows
        return False
    return bool(llvmlite.binding.get_host_cpu_features().get(feature))


def inlined(function: Kernel) -> Kernel:
    """Compile as a part of the functions that call it: sooner done, and a tenth faster."""
    return cast(Kernel, _jit(inline="always")(function))

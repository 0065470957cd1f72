"""Assign rows to columns one to one, as SciPy does, without the import of `scipy.optimize`.

That import takes 0.27 s, and the function that does the work is a compiled module of its own. More
than a quarter of the healthy arrays in the casebook need an assignment.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

COMPILED = "scipy.optimize._lsap"
"""Where SciPy from 1.9 on keeps the function, which its wheels compile from C++."""


def assign(gain: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and their columns whose gains have the largest sum.

    No row and no column occurs twice; the shorter side is used up. The assignment is that of
    `scipy.optimize.linear_sum_assignment`.

    Args:
        gain: numbers of any kind, shape (rows, columns).
    """
    rows, columns = _load_solver()(gain, maximize=True)
    return rows, columns


@cache
def _load_solver() -> Any:
    """Return SciPy's function; from the whole of `scipy.optimize` if it lies elsewhere."""
    if "scipy.optimize" not in sys.modules:
        with suppress(Exception):  # an import that fails in part is what the other way is for
            return _load_compiled().linear_sum_assignment
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment


def _load_compiled() -> Any:
    """Load the compiled module alone. Python finds it again if SciPy imports it later."""
    scipy = find_spec("scipy")
    if scipy is None or scipy.submodule_search_locations is None:
        raise ImportError("SciPy is no package")
    folders = [f"{folder}{os.sep}optimize" for folder in scipy.submodule_search_locations]
    spec = PathFinder.find_spec(COMPILED, folders)
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no {COMPILED}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""The stand-in for `numpy.typing` has one name of its own, and all others of the real module."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """
import sys
from typing import Any
from iou_doctor.quick_typing import stand_in_for_numpy_typing
stand_in_for_numpy_typing()
import numpy as np
from numpy.typing import NDArray
assert NDArray[np.int8] == np.ndarray[tuple[Any, ...], np.dtype[np.int8]]
assert "numpy._typing._array_like" not in sys.modules
"""


def test_nobody_who_looks_through_all_modules_loads_numpy():
    code = """
import inspect, sys
from iou_doctor.quick_typing import stand_in_for_numpy_typing
stand_in_for_numpy_typing()
inspect.getmodule(inspect)
assert not hasattr(sys.modules["numpy.typing"], "__path__")
assert "numpy" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("code", ["import numpy.typing as npt", "npt = np.typing"])
def test_whoever_names_the_module_first_gets_it_too(code):
    asked = START.replace("from numpy.typing import NDArray", f"{code}; NDArray = npt.NDArray")
    subprocess.run([sys.executable, "-c", asked], check=True)


@pytest.mark.parametrize(
    "code",
    [
        "import numpy.typing as npt; assert npt.ArrayLike is np.typing.ArrayLike",
        "from numpy.typing import NBitBase, NDArray as Own; assert Own[int] == NDArray[int]",
        "from numpy._typing._array_like import _ArrayLikeInt; from numpy._typing import ArrayLike",
        "import h5py, scipy.ndimage, PIL.Image; from numpy.typing import ArrayLike",
    ],
)
def test_whoever_wants_more_than_arrays_gets_the_real_module(code):
    asked = f"{START}\n{code}\nassert type(sys.modules['numpy._typing']).__name__ == 'module'"
    subprocess.run([sys.executable, "-c", asked], check=True)

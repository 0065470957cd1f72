"""Stand in for `numpy.typing`, of which this package and NumPy itself need one name at run time.

NumPy's own module defines hundreds of types for type checkers. That takes 0.004 s of a small
check.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

MODULES = ("numpy._typing", "numpy.typing")
"""NumPy's own code imports the first one, this package the second."""
_Scalar = TypeVar("_Scalar")


def stand_in_for_numpy_typing() -> None:
    """Let a light module be imported in place of `numpy.typing`.

    Whoever wants more of it than `NDArray` gets the real one.
    """
    for name in MODULES:
        if name not in sys.modules:
            sys.modules[name] = _StandIn(name)


class _StandIn(ModuleType):
    """A module with `NDArray`, which loads the real one for any other name."""

    def __getattr__(self, name: str) -> Any:
        package, _, own = self.__name__.rpartition(".")
        if name == "__path__" and package in sys.modules:  # Python asks for it with every name
            self.__path__ = [f"{folder}{os.sep}{own}" for folder in sys.modules[package].__path__]
            return self.__path__
        if name.startswith("__") and name != "__all__":  # `inspect` asks all modules for `__file__`
            raise AttributeError(name)
        core = sys.modules.get("numpy._core.multiarray")
        if name != "NDArray" or core is None:
            return getattr(self._load(), name)
        for each in MODULES:
            found = sys.modules.get(each)
            if isinstance(found, _StandIn):  # else `np.typing` would recurse without end
                setattr(sys.modules[package], each.rpartition(".")[2], found)
        self.NDArray = core.ndarray[tuple[Any, ...], core.dtype[_Scalar]]
        return self.NDArray

    def _load(self) -> ModuleType:
        """Return the real module."""
        for name in MODULES:
            if isinstance(sys.modules.get(name), _StandIn):
                sys.modules.pop(name, None)  # another thread may have been faster
        return import_module(self.__name__)

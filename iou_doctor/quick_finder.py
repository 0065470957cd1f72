"""Find the modules of the command line faster than Python does.

A small check imports 400 modules of this package, and 150 of NumPy, Typer and Rich. For each of
them, Python looks through lists of folders and opens the bytecode with a buffered reader.
`QuickFinder` opens the bytecode at once where Python has to find it. So the check makes 40 % fewer
system calls, and takes 0.010 s less of 0.15 s.

Whatever is unusual is left to Python: a module without bytecode or with outdated bytecode, a zip
file, a namespace package, options that move the bytecode.
"""

from __future__ import annotations

import _imp
import marshal
import os
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source, spec_from_file_location
from types import CodeType, ModuleType

PACKAGES = frozenset({"iou_doctor", "numpy", "rich", "typer"})
"""Packages without a module that exists twice, as Python and as compiled code or as a folder."""
_HEADER = struct.Struct("<4sIII")
"""The head of bytecode: magic number, flags, then the time and the size of the source, both modulo
2**32."""
_CHECKED_BY_TIME = 0
"""The flags of bytecode that is valid if the source has this time and size."""
_BINARY = os.O_RDONLY | getattr(os, "O_BINARY", 0)


def install_quick_finder() -> None:
    """Let Python ask the finder before it looks through folders itself."""
    if sys.pycache_prefix is not None or PathFinder not in sys.meta_path:
        return
    with suppress(NotImplementedError):  # a Python that keeps no bytecode
        suffix = os.path.basename(cache_from_source("module.py")).removeprefix("module")  # noqa: PTH119
        sys.meta_path.insert(sys.meta_path.index(PathFinder), QuickFinder(suffix))


class QuickFinder:
    """Finds modules of some packages whose bytecode is valid.

    Args:
        suffix: what the name of a module's bytecode ends in.
    """

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - part of the protocol
    ) -> ModuleSpec | None:
        """Return the specification that Python would find; `None` if Python has to look itself.

        Args:
            name: the dotted name of the module.
            path: the folders of the package that it is in; `None` for a module of no package.
            target: is not used.
        """
        top, _, _ = name.partition(".")
        if path is None or len(path) != 1 or top not in PACKAGES:
            return None
        last = name.rpartition(".")[2]
        folder = f"{path[0]}{os.sep}{last}"
        for inside, stem, locations in ((path[0], last, None), (folder, "__init__", [folder])):
            source = f"{inside}{os.sep}{stem}.py"
            cached = f"{inside}{os.sep}__pycache__{os.sep}{stem}{self._suffix}"
            code = _read_code(source, cached)
            if code is not None:
                loader = _Loader(name, source, code)
                spec = spec_from_file_location(
                    name, source, loader=loader, submodule_search_locations=locations
                )
                if spec is not None:
                    spec.cached = cached
                return spec
        return None


class _Loader(SourceFileLoader):
    """Loads a module whose code has been read already."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code: CodeType | None = code

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code of the module, from the file if it is not the first time."""
        code, self._code = self._code, None
        return super().get_code(fullname) if code is None else code


def _read_code(source: str, cached: str) -> CodeType | None:
    """Return the bytecode of a source; `None` if it is not there, or not in order.

    Args:
        source: the path of the source.
        cached: the path of its bytecode.
    """
    try:
        file = os.open(cached, _BINARY)
        try:
            content = os.read(file, os.fstat(file).st_size)
        finally:
            os.close(file)
        status = os.stat(source)  # noqa: PTH116 - a path object takes as long as the call
        magic, flags, time, size = _HEADER.unpack_from(content)
        known = (magic, flags) == (MAGIC_NUMBER, _CHECKED_BY_TIME)
        if not known or (time, size) != (int(status.st_mtime) % 2**32, status.st_size % 2**32):
            return None
        code = marshal.loads(memoryview(content)[_HEADER.size :])
    except (OSError, ValueError, EOFError, TypeError, struct.error):
        return None
    if not isinstance(code, CodeType):
        return None
    if code.co_filename != source:  # it was compiled elsewhere: tracebacks shall name this source
        _imp._fix_co_filename(code, source)  # type: ignore[attr-defined]
    return code

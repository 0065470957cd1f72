"""Load the library of native kernels, in the variant for this processor.

`hatch_build.py` compiles the library. Without it, and if it is damaged, NumPy counts.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING

from iou_doctor.errors import UsageError

if TYPE_CHECKING:
    from ctypes import _NamedFuncPointer

ABI = 5
"""The number of the library's functions and structures: ABI in `kernels.h`."""
_POINTER, _INTEGER = ctypes.c_void_p, ctypes.c_int64
FUNCTIONS: dict[str, tuple[type[ctypes.c_void_p] | type[ctypes.c_int64], ...]] = {
    "count_labels": (
        *(_POINTER, _POINTER, _INTEGER, _POINTER, _INTEGER, _POINTER),
        *(_POINTER, _POINTER, _INTEGER, _INTEGER),
    ),
    "run_tasks": (_POINTER, _INTEGER, _POINTER, _POINTER, _INTEGER, _POINTER),
    "publish_task": (_POINTER,),
    "is_task_done": (_POINTER,),
    "count_areas": (_POINTER, _POINTER, _INTEGER, _INTEGER, _INTEGER, _POINTER),
    "pick_labels": (_POINTER,),
    "measure_scores": (_POINTER, *[_INTEGER] * 6, _POINTER, _POINTER),
    "find_kinds": (_POINTER,),
    "draw_groups": (_INTEGER, _INTEGER, _INTEGER, _POINTER),
}
"""The functions that every variant has, with the types of their arguments. All return int64."""
VARIABLE = "IOU_DOCTOR_KERNELS"
"""The environment variable that names the variant to use, or `numpy`."""
PATH_VARIABLE = "IOU_DOCTOR_LIBRARY"
"""The environment variable with the path of another library, for tests."""
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
LIBRARY = Path(__file__).with_name(f"_kernels{SUFFIX}")
_SOURCES = (".c", ".h", ".inc")
_ELF_HEADER = Struct("<4sBB26xQ14xHH6x")
"""Magic, word size, byte order, then the offset, the size and the number of program headers."""
_PROGRAM_HEADER = Struct("<8xQ16xQ16x")
"""The offset and the size of a part of the file that is mapped into memory."""


class Kernels:
    """The functions of one variant.

    Args:
        library: the loaded library.
        variant: the name of the variant, which this processor can run.
    """

    def __init__(self, library: ctypes.CDLL, variant: str) -> None:
        self.library = library
        self.variant = variant

    def get(self, name: str) -> _NamedFuncPointer:
        """Return a function by its name in the sources.

        Raises:
            AttributeError: the library does not have it.
        """
        function: _NamedFuncPointer = getattr(self.library, f"{name}_{self.variant}")
        if function.argtypes is None:  # setting them takes as long as a call
            function.argtypes, function.restype = list(FUNCTIONS[name]), ctypes.c_int64
        return function


class _DamagedError(Exception):
    """The library is there, but cannot be used."""


@cache
def load_kernels() -> Kernels | None:
    """Return the kernels; `None` if NumPy has to count.

    A damaged library is reported in one line on stderr, once.

    Raises:
        UsageError: `IOU_DOCTOR_KERNELS` names a variant that does not work here.
    """
    kernels, reason, is_damaged = _find_kernels()
    if is_damaged:
        sys.stderr.write(f"iou-doctor: warning: {reason}; NumPy counts (reinstall iou-doctor)\n")
    return kernels


def describe_kernels() -> str:
    """Return in words what counts: `native kernels (avx2)`, or NumPy and the reason.

    Raises:
        UsageError: `IOU_DOCTOR_KERNELS` names a variant that does not work here.
    """
    kernels, reason, _ = _find_kernels()
    return f"NumPy ({reason})" if kernels is None else f"native kernels ({kernels.variant})"


@cache
def _find_kernels() -> tuple[Kernels | None, str, bool]:
    """Return the kernels, or the reason why there are none and whether it is damage."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted == "numpy":
        return None, f"{VARIABLE} is numpy", False
    path = Path(os.environ.get(PATH_VARIABLE) or LIBRARY)
    try:
        library = _open(path)
        variants = _list_variants(library)
    except FileNotFoundError:
        reason, is_damaged = "no native kernels: the package was built without a C compiler", False
    except _DamagedError as error:
        reason, is_damaged = f"the native kernels in {path} cannot be used: {error}", True
    else:
        _require_known(wanted, variants)
        return Kernels(library, wanted or variants[0]), "", False
    _require_known(wanted, [])
    return None, reason, is_damaged


def _require_known(wanted: str, variants: list[str]) -> None:
    if wanted and wanted not in variants:
        works = ", ".join((*variants, "numpy"))
        raise UsageError(f"{VARIABLE}: {wanted!r} does not work here; these do: {works}")


def _open(path: Path) -> ctypes.CDLL:
    try:
        if _is_cut_off(path):
            raise _DamagedError("the file is cut off")
        if _is_stale(path):
            raise _DamagedError("they are older than their sources")
        return ctypes.CDLL(str(path))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _DamagedError(str(error).removeprefix(f"{path}: ")) from None


def _is_cut_off(path: Path) -> bool:
    """Return whether an ELF file ends before something that is mapped into memory.

    Loading such a file can kill the process. Other systems check that themselves.
    """
    content = path.read_bytes()
    if len(content) < _ELF_HEADER.size:
        return True
    magic, word, order, start, size, number = _ELF_HEADER.unpack_from(content)
    if (magic, word, order) != (b"\x7fELF", 2, 1):  # 64 bits, the lowest byte first
        return False
    end = start + size * number
    if size != _PROGRAM_HEADER.size or end > len(content):
        return True
    parts = _PROGRAM_HEADER.iter_unpack(content[start:end])
    return any(offset + length > len(content) for offset, length in parts)


def _is_stale(path: Path) -> bool:
    """Return whether a source beside the library is newer; only a checkout has sources."""
    built = path.stat().st_mtime
    sources = [entry for entry in os.scandir(path.parent) if entry.name.endswith(_SOURCES)]
    return any(source.stat().st_mtime > built for source in sources)


def _list_variants(library: ctypes.CDLL) -> list[str]:
    """Return the variants that this processor can run, the best first, after checking them.

    Raises:
        _DamagedError: the library is not the one that this version of the package calls.
    """
    try:
        library.iou_doctor_abi.restype = ctypes.c_int64
        if (abi := library.iou_doctor_abi()) != ABI:
            raise _DamagedError(f"their interface has number {abi}, not {ABI}")
        library.iou_doctor_variants.restype = ctypes.c_char_p
        variants: list[str] = library.iou_doctor_variants().decode().split()
        for variant in variants:
            for name in FUNCTIONS:
                Kernels(library, variant).get(name)
    except AttributeError as error:
        raise _DamagedError(str(error).rpartition(": ")[2] + " is missing") from None
    return variants

"""Survive a file that another program cuts off while it is mapped into memory.

Reading a page that the file no longer has raises SIGBUS, which ends a process. Copying all values
out of the file instead would take a tenth of the time of a check. So a signal handler puts a page
of zeros in place and remembers it, and the result is thrown away. This works on Linux. Elsewhere,
files are read and not mapped. Windows lets nobody cut off a mapped file.
"""

from __future__ import annotations

import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from iou_doctor.sources.source_errors import source_error

if TYPE_CHECKING:
    import numpy as np

IS_SUPPORTED = sys.platform == "linux" and sys.maxsize > 2**32
"""Whether the handler knows the structures of this system."""
CUT_OFF = "it was cut off while it was read; run again"
_MISSING_PAGE = 2
"""The `si_code` of a SIGBUS for a page that the file does not have: `BUS_ADRERR`."""
_ADDRESS_OFFSET = 16
"""Where `siginfo_t` has the address, in bytes, on 64-bit Linux."""
_MASK_WORDS = 16
"""The number of 64-bit words of a `sigset_t` in the C libraries of Linux."""
_SIGNAL_INFO = 4
"""`SA_SIGINFO`: the handler gets a `siginfo_t`."""


class BusErrors:
    """The missing pages of the files that this process has mapped with `map_file`."""

    def __init__(self) -> None:
        self._users = 0
        self._is_caught = False
        self._restore: Callable[[], object] | None = None
        self._lock = threading.Lock()
        self._mapped: dict[weakref.ref[object], tuple[int, int]] = {}
        """The first address of each mapping, and the one after the last."""

    @contextmanager
    def catch(self) -> Iterator[None]:
        """Let mapped files be cut off until the end; then raise an error if one was.

        The handler is installed when the first large file is mapped. It leaves all other memory
        of the process to the handler from before.

        Raises:
            SourceError: a file was cut off, so that values are wrong.
        """
        with self._lock:
            if not self._users:
                self._is_caught = False
            self._users += 1
        try:
            yield
            self.check()
        finally:
            with self._lock:
                self._users -= 1
                if not self._users and self._restore is not None:
                    self._restore()
                    self._restore = None

    @property
    def can_map(self) -> bool:
        """Whether a file that is mapped now may be cut off."""
        return sys.platform == "win32" or (self._users > 0 and IS_SUPPORTED)

    def guard(self, values: np.memmap[Any, Any]) -> None:
        """Survive missing pages of a mapped file from now on, if somebody catches bus errors."""
        if not self._users or not IS_SUPPORTED:
            return
        with self._lock:
            if self._restore is None:
                self._restore = _install(self._note)
        start = values.ctypes.data
        forget = self._mapped.pop  # called when the mapping has gone
        self._mapped[weakref.ref(values.base, forget)] = (start, start + values.nbytes)

    def check(self, path: str = "the input") -> None:
        """Raise an error if a file was cut off.

        Args:
            path: the file that is probably meant.

        Raises:
            SourceError: a file was cut off, so that values are wrong.
        """
        if self._is_caught:
            raise source_error(path, CUT_OFF)

    def _note(self, page: int, size: int) -> bool:
        """Remember that a page is missing, and return True, if it belongs to a mapping of ours."""
        is_ours = any(
            start < page + size and page < stop for start, stop in tuple(self._mapped.values())
        )
        self._is_caught |= is_ours
        return is_ours


BUS_ERRORS = BusErrors()


def _install(note: Callable[[int, int], bool]) -> Callable[[], object]:
    """Put zeros in place of missing pages from now on.

    Args:
        note: gets the address of a page and its size; returns whether it may be replaced.

    Returns:
        A function that restores the handler from before.
    """
    import ctypes
    import mmap

    libc = ctypes.CDLL(None, use_errno=True)
    handler_type = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

    class Action(ctypes.Structure):
        _fields_ = (
            ("handler", ctypes.c_void_p),
            ("mask", ctypes.c_ulong * _MASK_WORDS),
            ("flags", ctypes.c_int),
            ("restorer", ctypes.c_void_p),
        )

    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    fixed = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x10  # MAP_FIXED
    failed = ctypes.c_void_p(-1).value

    def handle(_number: int, information: int, _context: int) -> None:
        """Run in the thread that reads; when it returns, the thread reads once more."""
        code = ctypes.c_int.from_address(information + 8).value
        address = ctypes.c_size_t.from_address(information + _ADDRESS_OFFSET).value
        page = address & -mmap.PAGESIZE
        is_ours = code == _MISSING_PAGE and note(page, mmap.PAGESIZE)
        if not is_ours or libc.mmap(page, mmap.PAGESIZE, mmap.PROT_READ, fixed, -1, 0) == failed:
            libc.sigaction(signal.SIGBUS, ctypes.byref(before), None)  # ends the process, as before

    before, action = Action(), Action()
    kept = handler_type(handle)
    action.handler, action.flags = ctypes.cast(kept, ctypes.c_void_p), _SIGNAL_INFO
    libc.sigaction(signal.SIGBUS, ctypes.byref(action), ctypes.byref(before))

    def restore(_kept: object = kept) -> None:  # Python would free the handler otherwise
        libc.sigaction(signal.SIGBUS, ctypes.byref(before), None)

    return restore

"""The checksum of values that are read piece by piece, in any order, by several threads."""

from __future__ import annotations

from threading import Lock

from iou_doctor.sources.files.crc32 import combine_crc32
from iou_doctor.sources.files.fast_zlib import ZLIB

MOST_GAPS = 1000
"""More pieces than this with gaps between them are not kept: nobody reads the whole."""


class PiecewiseChecksum:
    """Compares the CRC-32 of a whole when each of its bytes was read at least once."""

    def __init__(self, head: bytes, size: int, wanted: int) -> None:
        """Take what is known.

        Args:
            head: the bytes before the values, which the checksum counts too.
            size: the number of bytes of the values.
            wanted: the CRC-32 of all.
        """
        self._head, self._size, self._wanted = ZLIB.crc32(head), size, wanted
        self._lock = Lock()
        self._pieces: list[tuple[int, int, int]] = []
        """The first byte, the one after the last, and the checksum of each, ascending with gaps."""
        self._is_done = False

    def add(self, start: int, values: memoryview) -> bool:
        """Take the values from one byte on, and return `False` if the whole is damaged."""
        with self._lock:
            if self._is_done:
                return True
            for low, high in self._list_missing(start, start + len(values)):
                self._insert(low, high, values[low - start : high - start])
            self._is_done = len(self._pieces) > MOST_GAPS
            if self._pieces[:1] != [(0, self._size, self._pieces[0][2])]:
                return True
            found = combine_crc32(self._head, self._pieces[0][2], self._size)
            self._is_done = found == self._wanted
            return self._is_done

    def _list_missing(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return the spans within this one that were not read before."""
        found = []
        for low, high, _ in self._pieces:
            if low >= stop:
                break
            if start < low:
                found.append((start, low))
            start = max(start, high)
        return [*found, (start, stop)] if start < stop else found

    def _insert(self, low: int, high: int, values: memoryview) -> None:
        """Join a piece with its neighbours."""
        before = next((piece for piece in self._pieces if piece[1] == low), None)
        after = next((piece for piece in self._pieces if piece[0] == high), None)
        start, checksum = (before[0], before[2]) if before else (low, 0)
        checksum = ZLIB.crc32(values, checksum)  # goes on where the piece before has ended
        if after is not None:
            checksum = combine_crc32(checksum, after[2], after[1] - high)
            high = after[1]
        rest = [piece for piece in self._pieces if piece not in (before, after)]
        self._pieces = sorted([*rest, (start, high, checksum)])

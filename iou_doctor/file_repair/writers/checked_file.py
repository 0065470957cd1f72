"""A file for libraries that crash when a write fails, as HDF5 does when the disk is full."""

from __future__ import annotations

from pathlib import Path


class CheckedFile:
    """A new binary file whose writes never fail, and which knows whether one has.

    From the first failure on, everything that is written is kept in memory, so that the library
    reads back what it wrote and can end in its usual way. `check` raises the error; call it often
    enough that little is kept.

    Args:
        path: the file to make.

    Raises:
        OSError: the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        # without a buffer, whose flush would fail later
        self._stream = path.open("xb+", buffering=0)
        self._position = 0
        self._size = 0
        self._error: OSError | None = None
        self._kept: list[tuple[int, bytes]] = []
        """What the disk did not take: offsets and bytes, later ones over earlier ones."""

    def check(self) -> None:
        """Raise the error of the first write that failed.

        Raises:
            OSError: the disk did not take everything.
        """
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Close the file; call `check` afterwards."""
        try:
            self._stream.close()
        except OSError as error:  # network file systems may report a full disk only here
            self._error = self._error or error

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to an offset from the start, the position or the end."""
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write all of `data` at the position."""
        view = memoryview(data).cast("B")
        start = self._position
        if self._error is None:
            self._write_to_disk(view)
        if self._error is not None:
            self._kept.append((start, view.tobytes()))
        self._position = start + len(view)
        self._size = max(self._size, self._position)
        return len(view)

    def read(self, size: int) -> bytes:
        """Return `size` bytes from the position on, as `readinto` finds them."""
        data = bytearray(size)
        self.readinto(data)
        return bytes(data)

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill `buffer` from the position on; what was never written reads as zeros."""
        view = memoryview(buffer).cast("B")
        start, size = self._position, len(view)
        data = bytearray(size)
        self._stream.seek(start)
        found = self._stream.read(size) or b""
        data[: len(found)] = found
        for offset, piece in self._kept:
            low, high = max(offset, start), min(offset + len(piece), start + size)
            if low < high:
                data[low - start : high - start] = piece[low - offset : high - offset]
        view[:] = data
        self._position += size
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file."""
        self._size = self._position if size is None else size
        if self._error is None:
            try:
                self._stream.truncate(self._size)
            except OSError as error:
                self._error = error
        return self._size

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""

    def _write_to_disk(self, view: memoryview) -> None:
        try:
            self._stream.seek(self._position)
            while view:  # the system may take a part
                view = view[self._stream.write(view) :]
        except OSError as error:
            self._error = error

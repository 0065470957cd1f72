"""Read parts of an object in blocks: the next blocks are fetched while these ones are used."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from threading import Lock

Fetch = Callable[[int, int], bytes]
"""Returns the bytes of an object from one place to another."""
BLOCK_BYTES = 1 << 23
"""The size of a block that is read in order, 8 MiB: requests take less time than the bytes."""
PIECE_BYTES = 1 << 13
"""What is read at least elsewhere, such as in a header: 8 KiB."""
ORDER_BYTES = 1 << 17
"""The bytes after which reads that follow one another count as reading in order, 128 KiB."""
NEAR = 4
"""How many times its own length a read may lie off the end of the last one: threads overtake one
another, and buffers read a little more."""
AHEAD = 4
"""The number of blocks to fetch before anybody asks for them."""
_MOST_BLOCKS = 10
"""The number of blocks that are kept, of which some are still being fetched."""
_MOST_PIECES = 256
_MOST_REQUESTS = 16
"""The maximum number of requests at the same time."""


@cache
def start_threads() -> ThreadPoolExecutor:
    """Return the threads that fetch, which all objects share."""
    return ThreadPoolExecutor(_MOST_REQUESTS, thread_name_prefix="iou-doctor-fetch")


class Blocks:
    """The bytes of one object. Several threads may read at the same time."""

    def __init__(self, fetch: Fetch, size: int) -> None:
        self.size = size
        self._fetch = fetch
        self._lock = Lock()
        self._blocks: OrderedDict[int, Future[bytes]] = OrderedDict()
        self._pieces: OrderedDict[int, bytes] = OrderedDict()
        self._stop = self._run = 0
        """The byte after the last read, and the bytes that were read in order up to it."""

    def read_into(self, buffer: memoryview, start: int) -> None:
        """Fill a buffer with the bytes from a place on, all of which must exist."""
        stop = start + len(buffer)
        if not buffer:
            return
        if not self._is_in_order(start, len(buffer)) and len(buffer) < BLOCK_BYTES:
            self._read_pieces(buffer, start)
            return
        for number in range(start // BLOCK_BYTES, -(-stop // BLOCK_BYTES)):
            first = number * BLOCK_BYTES
            block = self._get_block(number)
            low, high = max(start, first), min(stop, first + BLOCK_BYTES)
            buffer[low - start : high - start] = memoryview(block)[low - first : high - first]

    def _is_in_order(self, start: int, size: int) -> bool:
        """Return whether a read belongs to a block that was read or follows one, or to a run."""
        number = start // BLOCK_BYTES
        with self._lock:
            follows = abs(start - self._stop) <= NEAR * size
            run, self._run = self._run, size + (self._run if follows else 0)
            self._stop = start + size
            known = number in self._blocks or number - 1 in self._blocks
            return known or (follows and run >= ORDER_BYTES)

    def _get_block(self, number: int) -> bytes:
        with self._lock:
            wanted = self._request(number)
            last = -(-self.size // BLOCK_BYTES) - 1
            for following in range(number + 1, min(number + AHEAD, last) + 1):
                self._request(following)
            while len(self._blocks) > _MOST_BLOCKS:
                self._blocks.popitem(last=False)
        try:
            return wanted.result()
        except BaseException:
            with self._lock:  # so that a later read tries again
                self._blocks.pop(number, None)
            raise

    def _request(self, number: int) -> Future[bytes]:
        """Return a block that was requested, or is requested now."""
        found = self._blocks.get(number)
        if found is None:
            first = number * BLOCK_BYTES
            stop = min(first + BLOCK_BYTES, self.size)
            found = self._blocks[number] = start_threads().submit(self._fetch, first, stop)
        else:
            self._blocks.move_to_end(number)
        return found

    def _read_pieces(self, buffer: memoryview, start: int) -> None:
        stop = start + len(buffer)
        for first, content in self._list_pieces(start, stop):
            low, high = max(start, first), min(stop, first + len(content))
            buffer[low - start : high - start] = memoryview(content)[low - first : high - first]

    def _list_pieces(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Yield the place and the content of pieces; missing neighbours come in one request."""
        first, last = start // PIECE_BYTES, -(-stop // PIECE_BYTES)
        with self._lock:
            kept = {number: self._pieces.get(number) for number in range(first, last)}
        number = first
        while number < last:
            content, following = kept[number], number + 1
            place = number * PIECE_BYTES
            if content is None:
                while following < last and kept[following] is None:
                    following += 1
                content = self._fetch(place, min(following * PIECE_BYTES, self.size))
                self._keep(number, content)
            yield place, content
            number = following

    def _keep(self, first: int, content: bytes) -> None:
        with self._lock:
            for place in range(0, len(content), PIECE_BYTES):
                self._pieces[first + place // PIECE_BYTES] = content[place : place + PIECE_BYTES]
            while len(self._pieces) > _MOST_PIECES:
                self._pieces.popitem(last=False)


class BlockFile(io.RawIOBase):
    """An object as a file that can only be read."""

    def __init__(self, blocks: Blocks, name: str) -> None:
        super().__init__()
        self.name = name
        self._blocks = blocks
        self._position = 0

    def __repr__(self) -> str:
        """Return the address, which Pillow's messages quote."""
        return repr(self.name)

    def readable(self) -> bool:
        """Return `True`."""
        return True

    def seekable(self) -> bool:
        """Return `True`."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, counted from the beginning, from here, or from the end."""
        base = (0, self._position, self._blocks.size)[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as the object reaches, and return the number of bytes."""
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._blocks.size - self._position))
        self._blocks.read_into(view[:count], self._position)
        self._position += count
        return count

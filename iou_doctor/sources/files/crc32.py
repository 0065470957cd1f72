"""The checksum of a part of a file, calculated by several threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import pairwise

from iou_doctor.sources.files.fast_zlib import ZLIB

_calculate: Callable[..., int] = ZLIB.crc32
PIECE_BYTES = 1 << 20
"""Bytes to read at a time: they stay in the cache between reading and calculating."""
SHARE_BYTES = 1 << 25
"""The least number of bytes that is worth a thread of its own."""
MOST_THREADS = 4
"""The maximum number of threads: more would wait for the disk or the memory."""
_POLYNOMIAL = 0xEDB88320
"""The polynomial of zip's checksum, with the lowest bit first."""


def calculate_crc32(file: str, start: int, stop: int) -> int:
    """Return the CRC-32 of the bytes from `start` to `stop` of a file.

    Args:
        file: its path.
        start: the first byte.
        stop: the one after the last.

    Raises:
        EOFError: the file is shorter.
        OSError: it cannot be read.
    """
    shares = max(1, min(MOST_THREADS, (stop - start) // SHARE_BYTES))
    bounds = [start + (stop - start) * share // shares for share in range(shares + 1)]
    if shares == 1:
        return _read_crc32(file, start, stop)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(shares, thread_name_prefix="iou-doctor-crc") as pool:
        found = list(pool.map(lambda low, high: _read_crc32(file, low, high), bounds, bounds[1:]))
    sizes = [high - low for low, high in pairwise(bounds)]
    parts = zip(found, sizes, strict=True)
    return reduce(lambda whole, part: combine_crc32(whole, *part), parts, 0)


def combine_crc32(first: int, second: int, size: int) -> int:
    """Return the CRC-32 of two pieces of data after one another.

    Args:
        first: the CRC-32 of the first piece.
        second: that of the second one.
        size: the number of bytes of the second one.
    """
    # each byte that follows multiplies the remainder by x^8, modulo the polynomial
    return _multiply(first, _raise_x(8 * size)) ^ second


def _raise_x(exponent: int) -> int:
    """Return x^exponent modulo the polynomial, by squaring."""
    result, square = 1 << 31, 1 << 30  # 1 and x: the highest bit is the lowest power
    while exponent:
        if exponent & 1:
            result = _multiply(result, square)
        square = _multiply(square, square)
        exponent >>= 1
    return result


def _multiply(one: int, other: int) -> int:
    """Return the product of two polynomials over the field of two elements, modulo ours."""
    product = 0
    for power in range(31, -1, -1):
        if one >> power & 1:
            product ^= other
        other = other >> 1 ^ (_POLYNOMIAL if other & 1 else 0)
    return product


def _read_crc32(file: str, start: int, stop: int) -> int:
    buffer = memoryview(bytearray(min(PIECE_BYTES, stop - start)))
    value = 0
    with open(file, "rb", buffering=0) as stream:  # noqa: PTH123 - a Path adds nothing
        stream.seek(start)
        while start < stop:
            read = stream.readinto(buffer[: stop - start])
            if not read:
                raise EOFError("the data ends early")
            value = _calculate(buffer[:read], value)
            start += read
    return value

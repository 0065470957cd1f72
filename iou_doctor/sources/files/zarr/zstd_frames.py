"""Measures what frames of Zstandard unpack to, from the headers of their blocks."""

from __future__ import annotations

_MAGIC, _SKIPPED = 0xFD2FB528, range(0x184D2A50, 0x184D2A60)
_SIZE_BYTES = (0, 2, 4, 8)
"""The bytes of the unpacked size, by the first two bits of a frame's descriptor."""
_DICTIONARY_BYTES = (0, 1, 2, 4)
"""The bytes of the number of the dictionary, by the last two bits."""
_SINGLE_SEGMENT, _CHECKSUM = 0x20, 0x04
_RAW, _REPEATED, _PACKED = 0, 1, 2
_LARGEST_BLOCK = 1 << 17


def measure_frames(data: memoryview, most: int) -> int:
    """Return the number of bytes that frames unpack to at most, as they state or by their blocks.

    Args:
        data: the frames; damaged ones are measured as far as they can be read.
        most: the number of bytes after which to stop.
    """
    total = place = 0
    while total <= most and place + 8 <= len(data):
        magic = _read(data, place, 4)
        if magic in _SKIPPED:
            place += 8 + _read(data, place + 4, 4)
        elif magic == _MAGIC:
            stated, place, ending = _read_header(data, place + 4)
            size, place = _measure_blocks(data, place, most)
            total += size if stated is None else stated
            place += ending
        else:
            break
    return total


def _read(data: memoryview, place: int, count: int) -> int:
    return int.from_bytes(data[place : place + count], "little")


def _read_header(data: memoryview, place: int) -> tuple[int | None, int, int]:
    """Return the size that a frame states, where its blocks begin, and how many bytes end it."""
    descriptor = data[place]
    is_single = bool(descriptor & _SINGLE_SEGMENT)
    count = _SIZE_BYTES[descriptor >> 6] or int(is_single)
    place += (1 if is_single else 2) + _DICTIONARY_BYTES[descriptor & 3]
    stated = _read(data, place, count) + (256 if count == 2 else 0) if count else None
    return stated, place + count, 4 if descriptor & _CHECKSUM else 0


def _measure_blocks(data: memoryview, place: int, most: int) -> tuple[int, int]:
    """Return the number of bytes that blocks unpack to at most, and where they end."""
    total, is_last = 0, False
    while not is_last and total <= most and place + 3 <= len(data):
        header = _read(data, place, 3)
        is_last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
        if kind not in (_RAW, _REPEATED, _PACKED):
            return total, len(data)
        total += _LARGEST_BLOCK if kind == _PACKED else size
        place += 3 + (1 if kind == _REPEATED else size)
    return total, place

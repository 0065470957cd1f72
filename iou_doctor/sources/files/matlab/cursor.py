"""A place among the elements of a MATLAB variable."""

from __future__ import annotations

import struct

TAG_BYTES = 8
"""The bytes in front of an element that say its type and its length."""


class Cursor:
    """A place in the head of a variable, which consists of elements."""

    def __init__(self, head: bytes, order: str, place: int) -> None:
        self.head = head
        self.order = order
        self.place = place

    def next_element(self) -> tuple[int, int, int]:
        """Return the type of the next element, where its content begins, and its bytes."""
        (word,) = struct.unpack_from(f"{self.order}I", self.head, self.place)
        if word >> 16 > 4:
            raise ValueError("a short element has more than four bytes")
        if word >> 16:  # a short element has its content within its tag
            element = word & 0xFFFF, self.place + 4, word >> 16
            self.place += TAG_BYTES
            return element
        _, size = struct.unpack_from(f"{self.order}II", self.head, self.place)
        start = self.place + TAG_BYTES
        self.place = start + -(-size // 8) * 8
        return word, start, size

    def next_element_of(self, *types: int) -> tuple[int, int]:
        """Return where the content of the next element begins, and its bytes.

        Raises:
            ValueError: it has another type.
        """
        found, start, size = self.next_element()
        if found not in types:
            raise ValueError("an element has another type than all programs write")
        return start, size

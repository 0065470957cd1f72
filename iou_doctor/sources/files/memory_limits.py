"""What a small file may ask for: a limit on the bytes that have to be held at once."""

from __future__ import annotations

from iou_doctor.sources.source_errors import source_error

MOST_HELD_BYTES = 1 << 31
"""The maximum number of bytes that one read holds in memory although fewer are wanted: 2 GiB."""
MOST_DEFLATE_RATIO = 1032
"""The maximum number of bytes that one byte of a deflate stream can decompress to, by its
specification.
"""


def check_packed_bytes(place: str, claimed: int, size: int, *, remedy: str) -> None:
    """Refuse an array that a deflate stream cannot hold, or that does not fit into memory whole.

    Args:
        place: the array, for the error.
        claimed: the number of bytes of its values.
        size: the number of bytes of the stream.
        remedy: what would work if the array is too large.

    Raises:
        SourceError: it is too large.
    """
    what = "a compressed array is unpacked as a whole, which"
    check_held_bytes(place, claimed, what=what, remedy=remedy)
    if claimed > MOST_DEFLATE_RATIO * size:
        raise source_error(
            place,
            f"it is cut off: {claimed:,} bytes do not fit into {size:,}; save or copy it again",
        )


def check_held_bytes(
    place: str, size: int, *, what: str, remedy: str, most: int | None = None
) -> None:
    """Refuse what would fill the memory.

    Args:
        place: the array, for the error.
        size: the number of bytes to hold.
        what: what has to be held.
        remedy: what would work.
        most: the maximum number of bytes; `MOST_HELD_BYTES` by default.

    Raises:
        SourceError: it is too much.
    """
    most = MOST_HELD_BYTES if most is None else most
    if size > most:
        raise source_error(place, f"{what} takes {size:,} bytes of memory, over {most:,}; {remedy}")

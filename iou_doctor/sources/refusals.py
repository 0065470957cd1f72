"""The one line that says why a file cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from iou_doctor.errors import SourceError

_MOST_LISTED = 8  # names: what still reads as one line
_LONGEST_DETAIL = 160  # characters: HDF5 nests the reasons of all its layers in one message


def refusal(path: str, why: str) -> SourceError:
    """Return the error for `path`; `why` ends with what would work."""
    line = f"cannot read `{path}`: {why}"
    # names inside files are foreign: a line break or an escape code must not reach a terminal
    return SourceError("".join(c if c.isprintable() else "?" for c in line))


@contextmanager
def refusing(path: str, *errors: type[Exception], why: str) -> Iterator[None]:
    """Turn the named `errors` of a library into a `SourceError` about `path`.

    Raises:
        SourceError: one of `errors` was raised inside; it is the cause.
    """
    try:
        yield
    except SourceError:  # says already what would work
        raise
    except errors as error:
        raise refusal(path, f"{why} ({_detail(error)})") from error


def listed(names: Sequence[str]) -> str:
    """Return the first few names in backticks, and how many more there are."""
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_LISTED])
    more = len(names) - _MOST_LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def _detail(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    text = " ".join(str(text).split()).rstrip(".")
    return text if len(text) <= _LONGEST_DETAIL else text[:_LONGEST_DETAIL] + "…"

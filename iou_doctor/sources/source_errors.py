"""Builds the one-line error that says why a file, an array or a model cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from iou_doctor.errors import SourceError
from iou_doctor.safety.safe_text import escape_name, scrub

_MOST_LISTED = 8
"""The maximum number of names in a list: more would not fit on one line."""
LONGEST_DETAIL = 160
"""The maximum length of a library's own message: HDF5 nests the messages of all its layers."""


def source_error(path: str, why: str) -> SourceError:
    """Return the error for `path`.

    Args:
        path: the file, or what an array or model is called.
        why: what is wrong, and then what would work.
    """
    # names inside files are untrusted: no line break or escape code may reach a terminal
    return SourceError(escape_name(f"cannot read `{path}`: {why}"))


@contextmanager
def translate_errors(path: str, *errors: type[Exception], why: str) -> Iterator[None]:
    """Turn the given `errors` of a library into a `SourceError` about `path`.

    Raises:
        SourceError: one of `errors` was raised inside; it is the cause, unless it may hold a
            signature.
    """
    try:
        yield
    except SourceError:  # it says already what would work
        raise
    except errors as error:
        cause = None if "://" in path else error  # it may hold a signature
        raise source_error(path, f"{why} ({_describe(error)})") from cause


def list_names(names: Sequence[str]) -> str:
    """Return the first few names in backticks, and how many more there are."""
    first = ", ".join(f"`{name}`" for name in names[:_MOST_LISTED])
    more = len(names) - _MOST_LISTED
    return f"{first} and {more} more" if more > 0 else first


def _describe(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    text = " ".join(scrub(str(text)).split()).rstrip(".")
    return text if len(text) <= LONGEST_DETAIL else text[:LONGEST_DETAIL] + "…"

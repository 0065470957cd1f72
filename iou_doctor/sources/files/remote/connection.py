"""Connects to stores by fsspec, and asks them again if an answer fails to come."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

from iou_doctor.errors import SourceError
from iou_doctor.safety.safe_text import scrub
from iou_doctor.sources.files.remote.address import EXTRAS, get_scheme, is_remote, reveal
from iou_doctor.sources.source_errors import LONGEST_DETAIL, source_error

WAITS = (0.2, 0.5, 1.0, 2.0)
"""Seconds to wait before each further try of a request that failed."""
PATIENCE = 30
"""Seconds to wait for the next bytes of an answer."""
Answer = TypeVar("Answer")


class MissingError(SourceError):
    """Nothing is at an address."""


def connect(path: str) -> tuple[Any, str]:
    """Return the file system of fsspec for an address, and the name of the object in it.

    Raises:
        SourceError: the libraries for it are not installed.
    """
    assert is_remote(path)
    scheme = get_scheme(path)
    try:
        import_module(EXTRAS[scheme])
        core = import_module("fsspec.core")
    except ImportError as error:
        raise source_error(
            path, 'it is not on this machine; `pip install "iou-doctor[remote]"` reads it'
        ) from error
    try:
        system, place = core.url_to_fs(reveal(path), **list_options(scheme))
    except Exception as error:
        raise _explain(path, error) from None
    return system, place


@cache
def list_options(scheme: str) -> dict[str, Any]:
    """Return options with which a store that answers no more does not hold up the run."""
    if scheme == "s3":
        limits = {"connect_timeout": 10, "read_timeout": PATIENCE}
        return {"config_kwargs": limits, "use_listings_cache": False}
    if scheme in {"http", "https"}:
        timeout = import_module("aiohttp").ClientTimeout(
            total=None, sock_connect=10, sock_read=PATIENCE
        )
        return {"client_kwargs": {"timeout": timeout}}
    return {}


def open_zarr_store(library: ModuleType, path: str) -> Any:
    """Return a store of zarr for the folder at an address.

    Args:
        library: zarr.
        path: the address.
    """
    address = reveal(path)
    options = {**list_options(get_scheme(path)), "asynchronous": True}
    return library.storage.FsspecStore.from_url(address, options, read_only=True)


def ask_store(
    path: str, request: Callable[[], Answer], *, own: tuple[type[Exception], ...] = ()
) -> Answer:
    """Return the answer to a request, which is tried again if it fails in a way that may pass.

    Args:
        path: the address of the object.
        request: asks the store.
        own: errors that tell of the content of the object if they persist; they are raised as they
            are.

    Raises:
        SourceError: the store does not answer.
    """
    for wait in (*WAITS, None):
        try:
            return request()
        except Exception as error:
            if isinstance(error, SourceError):
                raise
            if wait is None and isinstance(error, own):
                raise
            if wait is None or not _may_pass(error):
                raise _explain(path, error) from None  # the cause may hold a signature
        time.sleep(wait)
    raise AssertionError


def _may_pass(error: Exception) -> bool:
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
        return False
    status = getattr(error, "status", None)  # of aiohttp
    return type(error).__name__ not in {"NoCredentialsError", "DefaultCredentialsError"} and not (
        isinstance(status, int) and 400 <= status < 500 and status not in {408, 429}
    )


def _explain(path: str, error: Exception) -> SourceError:
    if isinstance(error, FileNotFoundError):
        missing = source_error(path, "the store has nothing by this name; check the address")
        return MissingError(str(missing))
    if isinstance(error, PermissionError) or getattr(error, "status", None) in {401, 403}:
        why = "the store refuses access; check the credentials, as its own tools use them"
        return source_error(path, why)
    if "Credentials" in type(error).__name__:
        scheme = get_scheme(path).upper()
        return source_error(
            path,
            "no credentials were found; set them as for the store's own tools, or"
            f" FSSPEC_{scheme}='{{\"anon\": true}}' for public data",
        )
    status = getattr(error, "status", None)  # the words of aiohttp repeat the request
    said = f"HTTP {status}" if isinstance(status, int) else scrub(str(error))
    words = " ".join(said.split())[:LONGEST_DETAIL] or type(error).__name__
    return source_error(path, f"the store does not answer as it should ({words}); try again later")

"""Addresses of objects in stores over the network, and what of them may be shown."""

from __future__ import annotations

import re
from types import MappingProxyType

EXTRAS = MappingProxyType(
    {
        "s3": "s3fs",
        "gs": "gcsfs",
        "gcs": "gcsfs",
        "az": "adlfs",
        "abfs": "adlfs",
        "abfss": "adlfs",
        "http": "aiohttp",
        "https": "aiohttp",
    }
)
"""The schemes that are read, with the module that fsspec needs for each."""
_WEB = ("http", "https")
_whole_addresses: dict[str, str] = {}
"""What was given, by the part of it that may be shown."""


def is_remote(path: str) -> bool:
    """Return whether a path is an address in a store over the network."""
    scheme, mark, _ = path.partition("://")
    return bool(mark) and scheme.lower() in EXTRAS


def get_scheme(address: str) -> str:
    """Return the scheme of an address, in lower case."""
    return address.partition("://")[0].lower()


def conceal(address: str) -> str:
    """Return an address without passwords and signatures, by which it is known from now on.

    Two addresses that differ in these parts only get different names.
    """
    name = _drop_secrets(address)
    while _whole_addresses.setdefault(name, address) != address:
        name += "'"
    return name


def reveal(name: str) -> str:
    """Return the whole address that goes by a name."""
    return _whole_addresses.get(name, name)


def _drop_secrets(address: str) -> str:
    scheme, _, rest = address.partition("://")
    place, slash, inner = rest.partition("/")
    user, at, host = place.rpartition("@")
    if scheme.lower() in _WEB:
        place = re.split("[?#]", host, maxsplit=1)[0]
        inner = re.split("[?#]", inner, maxsplit=1)[0] if place == host else ""
    elif at and ":" in user:
        place = host
    return f"{scheme}://{place}{slash}{inner}"

"""The seal of a plan or a part: a digest of its content, which whoever edits it by hand breaks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from iou_doctor.parts.plain import NotPlainError

SEAL = "seal"
"""The key of the seal in a document."""


def make_seal(document: Mapping[str, Any], checksums: Mapping[str, int] | None = None) -> str:
    """Return the seal of a document.

    Args:
        document: its plain values; an older seal among them does not matter.
        checksums: the CRC-32 of each column that belongs to it.
    """
    rest = {name: value for name, value in document.items() if name != SEAL}
    text = json.dumps([rest, checksums or {}], sort_keys=True)
    return blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def check_seal(document: Mapping[str, Any], checksums: Mapping[str, int] | None = None) -> None:
    """Refuse a document that is not as it was written; arguments as for `make_seal`.

    Raises:
        NotPlainError: it was changed, or an earlier version of iou-doctor has written it.
    """
    if SEAL not in document:
        raise NotPlainError("it has no seal, as if an earlier version of iou-doctor had written it")
    if document[SEAL] != make_seal(document, checksums):
        raise NotPlainError("it was changed after iou-doctor had written it")

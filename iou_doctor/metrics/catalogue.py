"""All metrics that `--metric` knows: calls, contracts, and those that are only explained."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from iou_doctor.metrics.calls.names import ROOTS
from iou_doctor.metrics.libraries import CONTRACTS
from iou_doctor.metrics.metric import Signature
from iou_doctor.metrics.registry import list_signatures
from iou_doctor.record import record


class Kind(StrEnum):
    """How `--metric` understands an entry."""

    CALL = "call"
    """The call as in code, with its arguments."""
    CONTRACT = "contract"
    """The name alone."""
    EXPLAINED = "explained"
    """Not at all: iou-doctor says what to name instead."""


@record
class Entry:
    """One metric."""

    kind: Kind
    name: str
    library: str
    versions: str = ""
    """The versions of the library that were compared; empty for a call."""
    parameters: tuple[str, ...] = ()
    """The parameters of a call in order."""
    required: tuple[str, ...] = ()
    """The parameters that a call has to give."""
    note: str = ""
    """The call of a contract, or the reason why a metric is not worked out."""

    @property
    def title(self) -> str:
        """The name, for a call with its parameters."""
        return f"{self.name}({', '.join(self.parameters)})" if self.kind is Kind.CALL else self.name


def list_entries(words: Sequence[str] = ()) -> list[Entry]:
    """Return the metrics whose name, library or call contains all of the words.

    Args:
        words: of any case; `_`, `-` and dots in them do not matter.
    """
    wanted = [_simplify(word) for word in words]
    return [entry for entry in _list_all() if all(word in _describe(entry) for word in wanted)]


def _list_all() -> Iterator[Entry]:
    yield from map(_describe_signature, list_signatures())
    for contract in CONTRACTS:
        yield Entry(
            Kind.CONTRACT,
            contract.name,
            contract.library,
            contract.versions,
            note=contract.call,
        )


def _describe_signature(signature: Signature) -> Entry:
    if signature.refusal:
        return Entry(Kind.EXPLAINED, signature.name, signature.root, note=signature.refusal)
    return Entry(
        Kind.CALL,
        signature.name,
        signature.root,
        parameters=tuple(signature.parameters),
        required=tuple(name for name, value in signature.parameters.items() if value is ...),
    )


def _describe(entry: Entry) -> str:
    root = entry.name.partition(".")[0]
    aliases = (short for short, library in ROOTS.items() if library == root)
    return _simplify(" ".join([entry.name, entry.library, *entry.parameters, *aliases]))


def _simplify(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()

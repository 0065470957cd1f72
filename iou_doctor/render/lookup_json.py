"""What can explain a printed score, as JSON: a public interface, written out key by key."""

from __future__ import annotations

import json

from iou_doctor.report.score_lookup import Explained, Match, ScoreLookup
from iou_doctor.safety.safe_text import escape_json


def render(lookup: ScoreLookup, *, version: str) -> str:
    """Return `iou-doctor why` as JSON text. The same lookup gives the same bytes."""
    document = {
        "schema_version": 1,
        "tool": {"name": "iou-doctor", "version": version},
        **build_lookup(lookup),
        **({} if lookup.versus is None else _build_versus(lookup, lookup.versus)),
    }
    return escape_json(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def build_lookup(lookup: ScoreLookup) -> dict[str, object]:
    """Return the part of a JSON document that describes a lookup."""
    return {
        "score": {
            "printed": lookup.printed.text,
            "ranges": [list(ends) for ends in lookup.printed.ranges],
        },
        "tried": lookup.values_tried,
        "expected_by_chance": lookup.expected_by_chance,
        "exact": lookup.exact_matches,
        "matches": [_build_match(match) for match in lookup.matches],
        "conditions": [
            {
                "cause": condition.cause.name,
                "claim": condition.cause.claim,
                "requires": condition.requires,
                "next": condition.cause.next_step,
            }
            for condition in lookup.conditions
        ],
    }


def _build_versus(lookup: ScoreLookup, versus: ScoreLookup) -> dict[str, object]:
    separation = lookup.separation
    return {
        "versus": build_lookup(versus),
        "separation": None
        if separation is None
        else {
            "before": _build_explained(separation.before),
            "after": _build_explained(separation.after),
            "text": separation.text,
        },
    }


def _build_explained(explained: Explained) -> dict[str, object]:
    return {
        "value": explained.value,
        "claim": explained.claim,
        "implementation": explained.implementation or None,
    }


def _build_match(match: Match) -> dict[str, object]:
    return {
        "value": match.value,
        "plausibility": match.plausibility,
        "suspects": [
            {
                "cause": suspect.cause.name,
                "claim": suspect.cause.claim,
                "implementations": [name for name in suspect.implementations if name],
                "contracts": [
                    {"name": contract, "short": short}
                    for contract, short in zip(
                        suspect.contracts, suspect.implementations, strict=True
                    )
                    if contract
                ],
                "next": suspect.cause.next_step,
                "plausibility": suspect.plausibility,
            }
            for suspect in match.suspects
        ],
    }

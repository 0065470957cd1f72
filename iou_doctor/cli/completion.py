"""What the shell may complete: rules, metrics and formats. Imports wait until a key is pressed."""

from __future__ import annotations

from iou_doctor.render import FORMATS


def rules(typed: str) -> list[tuple[str, str]]:
    """Return the rules that begin so, for the shell's completion; after a comma the next one."""
    from iou_doctor.checks.registry import load_checks

    before, comma, word = typed.rpartition(",")
    return [
        (before + comma + name, rule.claim)
        for rule in (entry.rule for entry in load_checks())
        for name in (rule.code, rule.name)
        if name.lower().startswith(word.lower())
    ]


def metrics(typed: str) -> list[str]:
    """Return the metrics that begin so, up to the bracket."""
    from iou_doctor.metrics.registry import SIGNATURES

    names = sorted({signature.name for signature in SIGNATURES})
    return [f"{name}(" for name in names if name.startswith(typed)]


def formats(typed: str) -> list[str]:
    """Return the formats that begin so."""
    return [name for name in FORMATS if name.startswith(typed)]


def reports(typed: str) -> list[str]:
    """Return the formats that begin so, up to the file."""
    return [f"{name}=" for name in formats(typed)]

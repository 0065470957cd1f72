"""Complete rules, metrics and formats in the shell.

Each function takes the word before the cursor and returns the possible values. What it needs is
imported when it is called, because other commands load this module too.
"""

from __future__ import annotations

from iou_doctor.render import FORMATS


def complete_rules(typed: str) -> list[tuple[str, str]]:
    """Return the codes and names of rules with their claims; after a comma, another one."""
    from iou_doctor.checks.registry import load_checks

    before, comma, word = typed.rpartition(",")
    return [
        (before + comma + name, rule.claim)
        for rule in (entry.rule for entry in load_checks())
        for name in (rule.code, rule.name)
        if name.lower().startswith(word.lower())
    ]


def complete_metrics(typed: str) -> list[str]:
    """Return the names of metrics, with the opening bracket of the call."""
    from iou_doctor.metrics.registry import list_signatures

    names = sorted({one.name for one in list_signatures() if not one.refusal})
    return [f"{name}(" for name in names if name.startswith(typed)]


def complete_formats(typed: str) -> list[str]:
    """Return the names of formats."""
    return [name for name in FORMATS if name.startswith(typed)]


def complete_report_files(typed: str) -> list[str]:
    """Return the names of formats with an equals sign, which a file follows."""
    return [f"{name}=" for name in complete_formats(typed)]

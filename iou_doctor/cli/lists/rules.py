"""The commands `rules` and `explain`: what iou-doctor looks for."""

from __future__ import annotations

import typer

from iou_doctor.cli.options import RuleName
from iou_doctor.cli.run import refuse


def rules() -> None:
    """List every rule: code, severity, name, and the fault in a few words."""
    from iou_doctor.checks.registry import load_checks
    from iou_doctor.cli.lists.typesetting import Paper, typeset_rules

    typer.echo(typeset_rules([entry.rule for entry in load_checks()], Paper.of_stdout()))


def explain(
    rule: RuleName,
) -> None:
    """Print the manual of a rule: what it finds, why the number is wrong, and how to repair it.

    Example: iou-doctor explain IOU201
    """
    from iou_doctor.checks.registry import load_checks

    known = {entry.rule.code: entry for entry in load_checks()}
    known |= {entry.rule.name: entry for entry in load_checks()}
    known |= {entry.rule.code.removeprefix("IOU"): entry for entry in load_checks()}
    entry = known.get(rule.upper()) or known.get(rule.lower())
    if entry is None:
        from iou_doctor.diagnosis.selection import build_unknown_rule_error

        refuse(build_unknown_rule_error(rule))
    from iou_doctor.cli.lists.typesetting import Paper, typeset_manual

    typer.echo(typeset_manual(entry.rule, entry.manual, Paper.of_stdout()))

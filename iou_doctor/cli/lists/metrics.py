"""The command `metrics`: what `--metric` understands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from iou_doctor.cli.run import refuse
from iou_doctor.errors import UsageError

if TYPE_CHECKING:
    from iou_doctor.metrics.catalogue import Entry


def metrics(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORD",
            help="Parts of names: `dice`, or `torchmetrics jaccard`. Without one, all are listed.",
        ),
    ] = None,
    output_format: Annotated[
        Literal["table", "json"],
        typer.Option("--format", help="`table`, or `json` with the parameters of each call."),
    ] = "table",
) -> None:
    """List the metrics that --metric understands: calls, and contracts by their names."""
    from iou_doctor.metrics.catalogue import list_entries

    found = list_entries(words or [])
    if not found:
        refuse(_build_empty_error(words or []))
    typer.echo(_format_json(found) if output_format == "json" else _format_table(found))


def _build_empty_error(words: Sequence[str]) -> UsageError:
    from iou_doctor.metrics.calls.refusals import list_near_names
    from iou_doctor.metrics.registry import list_signatures

    near = list_near_names(words[-1], list_signatures())
    hint = f"; similar names are {', '.join(near)}" if near else ""
    return UsageError(f"no metric has {' and '.join(map(repr, words))} in its name{hint}")


def _format_table(entries: Sequence[Entry]) -> str:
    from iou_doctor.metrics.catalogue import Kind

    width = max((len(entry.name) for entry in entries if entry.kind is not Kind.CALL), default=0)
    lines = []
    for entry in entries:
        if entry.kind is Kind.CALL:
            lines.append(f"{entry.kind:<9}  {entry.title}")
        else:
            versions = f"{entry.library} {entry.versions}".strip()
            text = entry.note if entry.kind is Kind.EXPLAINED else versions
            lines.append(f"{entry.kind:<9}  {entry.name:<{width}}  {text}")
    return "\n".join(lines)


def _format_json(entries: Sequence[Entry]) -> str:
    import json

    return json.dumps(
        [
            {
                "kind": str(entry.kind),
                "name": entry.name,
                "library": entry.library,
                "versions": entry.versions or None,
                "parameters": list(entry.parameters),
                "required": list(entry.required),
                "note": entry.note or None,
            }
            for entry in entries
        ],
        indent=2,
    )

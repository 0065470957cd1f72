"""The command `schema`: JSON Schemas of the report and of the configuration file."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def schema(
    name: Annotated[
        Literal["report", "config"],
        typer.Argument(
            metavar="NAME",
            help="`report` for the JSON report, or `config` for the configuration file.",
        ),
    ] = "report",
) -> None:
    """Print the JSON Schema of the report, or of the configuration file."""
    import json
    from importlib import resources

    if name == "config":
        from iou_doctor.config.validate import build_json_schema

        typer.echo(json.dumps(build_json_schema(), indent=2))
        return
    file = resources.files("iou_doctor.render").joinpath("report_schema.json")
    typer.echo(file.read_text("utf-8"), nl=False)

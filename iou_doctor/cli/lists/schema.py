"""The command `schema`: JSON Schemas of what is written as JSON and of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def schema(
    name: Annotated[
        Literal["report", "comparison", "config"],
        typer.Argument(
            metavar="NAME",
            help="`report` or `comparison` for what `check` or `compare` writes as JSON, or"
            " `config` for the configuration file.",
        ),
    ] = "report",
) -> None:
    """Print the JSON Schema of the report, of a comparison, or of the configuration file."""
    import json
    from importlib import resources

    if name == "config":
        from iou_doctor.config.validate import build_json_schema

        typer.echo(json.dumps(build_json_schema(), indent=2))
        return
    file = resources.files("iou_doctor.render").joinpath(f"{name}_schema.json")
    typer.echo(file.read_text("utf-8"), nl=False)

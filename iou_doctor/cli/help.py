"""How the command line speaks: help in plain text grouped by purpose, errors in one line."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from iou_doctor.cli.defaults import find_origin

OTHERS = "Options"


class Command(TyperCommand):
    """A command whose help has a section for each purpose; Typer has that only in Rich's boxes.

    Boxes take a tenth of a second more, and break in the logs of CI.
    """

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections, in the order in which their first option is declared."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                default = "Arguments" if param.param_type_name == "argument" else OTHERS
                title = getattr(param, "rich_help_panel", None) or default
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, _context: Any, formatter: Any) -> None:
        """Write the examples line by line, so that they can be copied."""
        if self.epilog:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line}\n" for line in self.epilog.splitlines()))


class Group(TyperGroup):
    """The commands; bad usage takes one line on stderr, as all our errors do."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command and exit."""
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
        except typer.TyperException as error:
            typer.echo(_line(error), err=True)
            sys.exit(error.exit_code)
        sys.exit(code if isinstance(code, int) else 0)


def _line(error: typer.TyperException) -> str:
    """Return Typer's complaint in one line that says who gave the value, and where help is."""
    message = " ".join(error.format_message().split())
    if message.startswith("Usage:"):  # no command at all: the whole help
        return error.format_message()
    context, param = getattr(error, "ctx", None), getattr(error, "param", None)
    giver = find_origin(context, getattr(param, "name", None))
    where = f"{giver}: " if giver else ""
    help_ = f"; see `{context.command_path} -h`" if context else ""
    return f"iou-doctor: error: {where}{message[0].lower()}{message[1:].rstrip('.')}{help_}"

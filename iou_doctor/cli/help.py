"""Help in plain text with a section for each purpose, and usage errors in one line."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from iou_doctor.cli.defaults import find_origin
from iou_doctor.safety.safe_text import escape_line

DEFAULT_SECTION = "Options"
"""The section of options that have no `rich_help_panel`."""


class Command(TyperCommand):
    """A command whose help lists options by purpose.

    Typer lists them by purpose only in the boxes of Rich. Rich takes a tenth of a second more, and
    its boxes break in the logs of CI.
    """

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections in the order in which their first option is declared."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                is_argument = param.param_type_name == "argument"
                if is_argument:  # newer versions of Typer append the type, which says little
                    record = (record[0].partition(" <")[0], record[1])
                default = "Arguments" if is_argument else DEFAULT_SECTION
                title = getattr(param, "rich_help_panel", None) or default
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, _context: Any, formatter: Any) -> None:
        """Write the examples without wrapping their lines, so that they can be copied."""
        if self.epilog:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line}\n" for line in self.epilog.splitlines()))


class CommandGroup(TyperGroup):
    """The commands. A usage error is one line on stderr, as every error of iou-doctor."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command and exit."""
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
        except typer.TyperException as error:
            text = _describe_usage_error(error)
            typer.echo(text if "\n" in text else escape_line(text), err=True)
            sys.exit(error.exit_code)
        sys.exit(code if isinstance(code, int) else 0)


def _describe_usage_error(error: typer.TyperException) -> str:
    """Describe an error of Typer in one line, with the origin of the value and where help is."""
    message = " ".join(error.format_message().split())
    if message.startswith("Usage:"):  # there is no command, so the message is the whole help
        return error.format_message()
    context, param = getattr(error, "ctx", None), getattr(error, "param", None)
    origin = find_origin(context, getattr(param, "name", None))
    place = f"{origin}: " if origin else ""
    hint = f"; see `{context.command_path} -h`" if context else ""
    return f"iou-doctor: error: {place}{message[0].lower()}{message[1:].rstrip('.')}{hint}"

"""Help in plain text with a section for each purpose, and usage errors in one line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from iou_doctor.cli.defaults import find_origin
from iou_doctor.cli.plain_values import take_plain_values
from iou_doctor.cli.run import print_error

MEANT = {
    "--classes": "--num-classes",
    "--html": "--report html=report.html",
    "--ignore-label": "--ignore-index",
    "--ignore_index": "--ignore-index",
    "--json": "--output-format json",
    "--markdown": "--output-format markdown",
    "--num_classes": "--num-classes",
    "--sarif": "--report sarif=report.sarif",
    "--void": "--ignore-index",
}
"""Options that people try, and those that do it."""
ENCODINGS = {
    "class-ids": "labels",
    "masks": "labels",
    "one_hot": "one-hot",
    "onehot": "one-hot",
    "softmax": "probabilities",
}
"""Other words for encodings, and those that the options take."""
ENCODING_OPTIONS = ("--predictions-as", "--masks-as")
PYDANTIC_PREFIX = "Value error, "
"""What pydantic puts before each of our own messages about a value."""
_WHOLE = "\u2011"
"""The hyphen at which no line is broken."""
_UNKNOWN_CHOICE = r"'([^']*)' is not one of"
_EXTRA_ARGUMENT = r"Got unexpected extra argument\S* \((\S+?)[ )]"
_UNKNOWN_COMMAND = r"No such command '(.*?)'"
START_HERE = (
    "iou-doctor check PREDICTIONS MASKS -n 3   what is wrong with these files",
    "iou-doctor why 0.3333                     what a score can mean",
    "iou-doctor check --help                   all options, with examples",
)
"""What a newcomer tries first."""
DEFAULT_SECTION = "Options"
"""The section of options that have no `rich_help_panel`."""


class _WholeWords:
    """Help in which no line ends within a word: `iou-doctor` and `--num-classes` stay whole."""

    def get_help(self, ctx: Any) -> str:
        """Return the help, broken at spaces only."""
        ctx.formatter_class = _break_at_spaces(type(ctx.make_formatter()))
        return super().get_help(ctx).replace(_WHOLE, "-")  # type: ignore[misc,no-any-return]


def _break_at_spaces(formatter: Any) -> Any:
    """Return a class that takes every hyphen for a letter until all lines are broken."""

    class Formatter(formatter):  # type: ignore[misc]
        def write_text(self, text: str) -> None:
            super().write_text(text.replace("-", _WHOLE))

        def write_dl(self, rows: Any, *args: Any, **extra: Any) -> None:
            rows = [tuple(cell.replace("-", _WHOLE) for cell in row) for row in rows]
            super().write_dl(rows, *args, **extra)

    return Formatter


class Command(_WholeWords, TyperCommand):
    """A command whose help lists options by purpose.

    Typer lists them by purpose only in the boxes of Rich. Rich takes a tenth of a second more, and
    its boxes break in the logs of CI.
    """

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters, which convert plain values without pydantic."""
        return take_plain_values(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, in which an encoding may have another name: softmax for one."""
        rest: list[str] = super().parse_args(ctx, name_encodings(args))
        return rest

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

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line, with dots after each argument that may repeat.

        Some versions of Typer leave them out if the argument has a name of its own.
        """
        repeated = {param.metavar for param in self.get_params(ctx) if param.nargs == -1}
        pieces = [piece.removesuffix("...") for piece in super().collect_usage_pieces(ctx)]
        return [f"{each}..." if each.strip("[]") in repeated else each for each in pieces]

    def format_epilog(self, _context: Any, formatter: Any) -> None:
        """Write the examples without wrapping their lines, so that they can be copied."""
        if self.epilog:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line}\n" for line in self.epilog.splitlines()))


def name_encodings(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the encodings by the names that the options take."""
    named: list[str] = []
    for argument in arguments:
        option, _, word = argument.partition("=")
        if option in ENCODING_OPTIONS and word in ENCODINGS:
            argument = f"{option}={ENCODINGS[word]}"
        elif named and named[-1] in ENCODING_OPTIONS:
            argument = ENCODINGS.get(argument, argument)
        named.append(argument)
    return named


class CommandGroup(_WholeWords, TyperGroup):
    """The commands. A usage error is one line on stderr, as every error of iou-doctor."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write what each command does in full: one sentence, wrapped and never cut."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, " ".join((command.help or "").partition("\n\n")[0].split()))
                    for name, command in commands
                    if command is not None
                ]
            )

    def format_epilog(self, _context: Any, formatter: Any) -> None:
        """Write the first commands to try, without wrapping their lines."""
        with formatter.section("Start here"):
            formatter.write("".join(f"  {line}\n" for line in START_HERE))

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters, which convert plain values without pydantic."""
        return take_plain_values(super().get_params(ctx))

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command and exit."""
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
        except typer.TyperException as error:
            text = _describe_usage_error(error)
            if text is None:  # there is no command, so the message is the whole help
                typer.echo(error.format_message(), err=True)
            else:
                print_error(text)
            sys.exit(error.exit_code)
        sys.exit(code if isinstance(code, int) else 0)


def _describe_usage_error(error: typer.TyperException) -> str | None:
    """Describe an error of Typer in one line, with the origin of the value and where help is.

    `None` for the help in place of an error.
    """
    message = _say_what_works(error) or " ".join(error.format_message().split())
    message = message.replace(PYDANTIC_PREFIX, "")
    if message.startswith("Usage:"):
        return None
    context, param = getattr(error, "ctx", None), getattr(error, "param", None)
    origin = find_origin(context, getattr(param, "name", None))
    place = f"{origin}: " if origin else ""
    hint = f"; see `{context.command_path} -h`" if context else ""
    return f"{place}{message[0].lower()}{message[1:].rstrip('.')}{hint}"


def _say_what_works(error: typer.TyperException) -> str | None:
    """Return the error with what the user probably meant; `None` if that is unknown."""
    option = getattr(error, "option_name", None)
    if option in MEANT:
        return f"no such option: {option}; use {MEANT[option]}"
    message = " ".join(error.format_message().split())
    extra = re.match(_EXTRA_ARGUMENT, message)
    if extra and _exists(extra[1]):
        quoted = "a pattern needs quotes, so that the shell does not replace it by its files"
        return f"{message.rstrip('.')}; {quoted}"
    chosen = re.search(_UNKNOWN_CHOICE, message)
    if chosen and chosen[1].lower() in ENCODINGS:
        return f"{message.rstrip('.')}; {chosen[1]} is called {ENCODINGS[chosen[1].lower()]} here"
    found = re.match(_UNKNOWN_COMMAND, message)
    if found is None:
        return None
    word = found[1]
    if word == "help":
        return "no such command 'help'; iou-doctor --help lists the commands"
    if Path(word).suffix or "/" in word or _exists(word):
        return f"no such command {word!r}; iou-doctor check PREDICTIONS MASKS checks files"
    return None


def _exists(word: str) -> bool:
    """Return whether a word is a path that exists; a `Path` would raise if it is too long."""
    return os.path.exists(word)  # noqa: PTH110

"""The command line with all its commands. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from iou_doctor.cli.child.invocation import Invocation
from iou_doctor.cli.help import Command, CommandGroup
from iou_doctor.cli.run import refuse
from iou_doctor.errors import UsageError
from iou_doctor.report.version import __version__

if TYPE_CHECKING:
    from iou_doctor.cli.child.supervisor import Supervisor

EXAMPLES = """\
iou-doctor check preds.npy masks.npy --num-classes 3
iou-doctor check runs/p.h5::/softmax masks/ --ignore-index 255
iou-doctor check preds.npy masks.npy --output-format github
iou-doctor check model/ masks/ --images images/ --input-scale 1/255
iou-doctor check --all
"""

WHY_SETTINGS = {"ignore_unknown_options": True}
"""Lets `iou-doctor why -0.1` take `-0.1` as a score, though an impossible one, not as an option."""


def build_app(
    arguments: list[str] | None = None, supervisor: Supervisor | None = None
) -> typer.Typer:
    """Return the app with the command that the arguments begin with, else with all commands.

    Typer reads the declarations of every command that it is given, and a run needs only one of
    them.

    Args:
        arguments: of the process; `None` for all commands.
        supervisor: the process that waits for this one, if there is one.
    """
    app = typer.Typer(
        name="iou-doctor",
        cls=CommandGroup,
        callback=_accept_version,
        help="Finds out why a segmentation model's mean IoU is stuck, wrong, or different.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={
            "help_option_names": ["-h", "--help"],
            "obj": Invocation(list_parameters_of_all_commands, arguments, supervisor),
        },
    )
    called = (arguments or [""])[0]
    for name in [called] if called in COMMANDS else COMMANDS:
        COMMANDS[name](app)
    return app


def list_parameters_of_all_commands() -> set[str]:
    """Return the parameter names of all commands, whose environment variables are known."""
    commands = getattr(typer.main.get_command(build_app()), "commands", {}).values()
    return {str(param.name) for command in commands for param in command.params}


def _print_version(wanted: bool) -> None:
    if wanted:
        from iou_doctor.scan.native.library import describe_kernels

        try:
            typer.echo(f"iou-doctor {__version__}\nuses {describe_kernels()}")
        except UsageError as error:
            refuse(error)
        raise typer.Exit


def _accept_version(
    version: Annotated[  # the callback acts on it
        bool,
        typer.Option(
            "--version",
            "-V",
            help="Print the version and the kernels in use.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    pass


def _add_check(app: typer.Typer) -> None:
    from iou_doctor.cli.check import check

    app.command(cls=Command, epilog=EXAMPLES)(check)


def _add_fix(app: typer.Typer) -> None:
    from iou_doctor.cli.fix import fix

    app.command(cls=Command)(fix)


def _add_init(app: typer.Typer) -> None:
    from iou_doctor.cli.init import init

    app.command(cls=Command)(init)


def _add_why(app: typer.Typer) -> None:
    from iou_doctor.cli.why import why

    app.command(cls=Command, context_settings=WHY_SETTINGS)(why)


def _add_plan(app: typer.Typer) -> None:
    from iou_doctor.cli.scan import plan

    app.command(cls=Command)(plan)


def _add_scan(app: typer.Typer) -> None:
    from iou_doctor.cli.scan import scan

    app.command(cls=Command)(scan)


def _add_report(app: typer.Typer) -> None:
    from iou_doctor.cli.report import report

    app.command(cls=Command)(report)


def _add_rules(app: typer.Typer) -> None:
    from iou_doctor.cli.lists.rules import rules

    app.command(cls=Command)(rules)


def _add_compare(app: typer.Typer) -> None:
    from iou_doctor.cli.compare import compare

    app.command(cls=Command)(compare)


def _add_explain(app: typer.Typer) -> None:
    from iou_doctor.cli.lists.rules import explain

    app.command(cls=Command)(explain)


def _add_metrics(app: typer.Typer) -> None:
    from iou_doctor.cli.lists.metrics import metrics

    app.command(cls=Command)(metrics)


def _add_schema(app: typer.Typer) -> None:
    from iou_doctor.cli.lists.schema import schema

    app.command(cls=Command)(schema)


COMMANDS: dict[str, Callable[[typer.Typer], None]] = {
    "check": _add_check,
    "fix": _add_fix,
    "init": _add_init,
    "why": _add_why,
    "compare": _add_compare,
    "plan": _add_plan,
    "scan": _add_scan,
    "report": _add_report,
    "rules": _add_rules,
    "explain": _add_explain,
    "metrics": _add_metrics,
    "schema": _add_schema,
}
"""The commands in the order in which the help lists them. Each is imported when it is added."""

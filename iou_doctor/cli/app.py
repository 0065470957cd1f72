"""The command line with all its commands. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from typing import Annotated

import typer

from iou_doctor.cli.check import check
from iou_doctor.cli.fix import fix
from iou_doctor.cli.help import Command, Group
from iou_doctor.cli.init import init
from iou_doctor.cli.rules import explain, rules
from iou_doctor.cli.schema import schema
from iou_doctor.cli.why import why
from iou_doctor.report.version import __version__

EXAMPLES = """\
iou-doctor check preds.npy masks.npy --num-classes 3
iou-doctor check runs/p.h5::/softmax masks/ --ignore-index 255 --fail-on warning
iou-doctor check preds.npy masks.npy --output-format github --report sarif=o.sarif
iou-doctor check model/ masks/ --images images/ --input-scale 1/255
iou-doctor check --all
"""

WHY_SETTINGS = {"ignore_unknown_options": True}
"""`iou-doctor why -0.1` asks about a score, though an impossible one, and `-0.1` is no option."""


def _parameters_of_all_commands() -> set[str]:
    """Return the parameter names of every command; a run builds only the command it calls."""
    commands = getattr(typer.main.get_command(app), "commands", {}).values()
    return {str(param.name) for command in commands for param in command.params}


app = typer.Typer(
    name="iou-doctor",
    cls=Group,
    help="Finds out why a segmentation model's mean IoU is stuck, wrong, or different.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "obj": _parameters_of_all_commands},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"iou-doctor {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[  # the callback acts on it
        bool,
        typer.Option(
            "--version", "-V", help="Print the version.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


app.command(cls=Command, epilog=EXAMPLES)(check)
app.command(cls=Command)(fix)
app.command(cls=Command)(init)
app.command(cls=Command, context_settings=WHY_SETTINGS)(why)


app.command()(rules)
app.command()(explain)
app.command()(schema)

"""The configuration on the command line: flags before IOU_DOCTOR_* variables before the file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from iou_doctor.cli.refuse import refuse
from iou_doctor.cli.signature import Options, replace_options
from iou_doctor.errors import IouDoctorError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from iou_doctor.arrays.expected import ExpectedInterpretation
    from iou_doctor.config.settings import CheckSettings, Configuration

PREFIX = "IOU_DOCTOR_"
_STATE = "iou_doctor.config"
_NO_FILE = "iou_doctor.no_configuration"
PUBLIC_NAMES = {"reports": "report", "all_checks": "all"}
"""The names of options whose parameters have another name in the program."""
_OWN = {"config", "no_config"}
PANEL = "Configuration"


def _read_none(context: typer.Context, wanted: bool) -> bool:
    if wanted and _STATE in context.meta:
        refuse(UsageError("--config and --no-config contradict each other; give one"))
    context.meta[_NO_FILE] = wanted
    return wanted


def _checked(path: Path, table: Any) -> Configuration:
    from iou_doctor.config.validate import configuration

    return configuration(path, table)


def _read(context: typer.Context, file: str | None) -> str | None:
    """Make the file and the environment the defaults of the command's options."""
    from iou_doctor.config.find_file import nearest_table

    if context.resilient_parsing:  # shell completion
        return file
    ignored = context.meta.get(_NO_FILE, False)
    if ignored and file is not None:
        refuse(UsageError("--config and --no-config contradict each other; give one"))
    try:
        found = None if ignored else nearest_table(file)
        configuration = _checked(*found) if found else None
    except IouDoctorError as error:
        refuse(error)
    _warn_of_unknown_variables(context.obj)
    context.meta[_STATE] = configuration
    from_file = configuration.settings.given if configuration else {}
    context.default_map = {**from_file, **_environment(context)}
    return file


ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        callback=_read,
        envvar=f"{PREFIX}CONFIG",
        show_envvar=False,
        help="Read options from this TOML file; else from the nearest iou-doctor.toml or"
        " pyproject.toml ([tool.iou-doctor]) upward.",
        rich_help_panel=PANEL,
    ),
]
NoConfig = Annotated[
    bool,
    typer.Option(
        "--no-config",
        is_eager=True,
        callback=_read_none,
        help="Read no configuration file.",
        rich_help_panel=PANEL,
    ),
]


def _environment(context: typer.Context) -> dict[str, Any]:
    """Return what the environment says, by parameter name.

    Click would cut lists at white space, which the names of classes may hold.
    """
    return {
        str(param.name): [text] if getattr(param, "multiple", False) else text
        for param in context.command.params
        if param.name not in _OWN and (text := os.environ.get(variable_of(param.name)))
    }


def _warn_of_unknown_variables(parameters_of_all_commands: Callable[[], set[str]]) -> None:
    """Name on stderr each variable that looks like an option and is none: a typing error."""
    unknown = [name for name in sorted(os.environ) if name.startswith(PREFIX)]
    if not unknown:
        return
    known = _variables(parameters_of_all_commands)
    for name in unknown:
        if name not in known:
            typer.echo(
                f"iou-doctor: warning: {name} stands for no option{_nearest(name, known)}", err=True
            )


def _variables(parameters_of_all_commands: Callable[[], set[str]]) -> set[str]:
    """Return the variables of all commands: what is set for `check` is no error of `fix`."""
    return {variable_of(name) for name in parameters_of_all_commands() - _OWN | {"config"}}


def _nearest(name: str, known: set[str]) -> str:
    import difflib  # seldom needed

    endings = sorted(variable.removeprefix(PREFIX) for variable in known)
    near = difflib.get_close_matches(name.removeprefix(PREFIX).upper(), endings, n=1)
    return f"; did you mean {PREFIX}{near[0]}?" if near else ""


def variable_of(name: str | None) -> str:
    """Return the variable of the environment that stands for a parameter."""
    return f"{PREFIX}{PUBLIC_NAMES.get(name or '', name)}".upper()


def configuration_of(context: typer.Context) -> Configuration | None:
    """Return the configuration that a command has read."""
    return cast("Configuration | None", context.meta.get(_STATE))


def origin(context: typer.Context | None, name: str | None) -> str | None:
    """Return who gave a value that no flag gave: a variable or the file."""
    if context is None or name is None or from_flag(context, name):
        return None
    if os.environ.get(variable_of(name)):
        return variable_of(name)
    configuration = configuration_of(context)
    if configuration is not None and name in configuration.settings.given:
        return configuration.path
    return None


def options_of_check(context: typer.Context, options: Options, check: CheckSettings) -> Options:
    """Return the options of one check of the file.

    Its own settings win over those of the whole file, but not over flags and variables.
    """
    own = {
        name: value
        for name, value in check.given.items()
        if hasattr(options, name)
        and not from_flag(context, name)
        and not os.environ.get(variable_of(name))
    }
    return replace_options(options, own)


def from_flag(context: typer.Context, name: str) -> bool:
    """Return whether a parameter was given on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def expected_interpretation(
    context: typer.Context, check: CheckSettings | None = None
) -> ExpectedInterpretation | None:
    """Return the reading that the file expects of a check, or of a pair on the command line."""
    configuration = configuration_of(context)
    if configuration is None:
        return None
    return configuration.frozen({**configuration.settings.given, **(check.given if check else {})})

"""Take the defaults of options from `IOU_DOCTOR_*` variables and from the configuration file.

The command line takes precedence over variables, and variables over the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, cast

import typer

from iou_doctor.cli.child.invocation import get_invocation
from iou_doctor.cli.run import refuse
from iou_doctor.cli.signature import Options, replace_options
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.safety.safe_text import escape_line

if TYPE_CHECKING:
    from pathlib import Path

    from iou_doctor.arrays.expected import ExpectedInterpretation
    from iou_doctor.config.settings import CheckSettings, Configuration
    from iou_doctor.safety.protected_files import ProtectedPath

PREFIX = "IOU_DOCTOR_"
PUBLIC_NAMES = {"reports": "report", "all_checks": "all", "slices": "slice"}
"""The names of the options whose parameters are named differently in the program."""
CONFIGURATION = "Configuration"
"""The section of the help with the options that choose the file."""
CONTRADICTION = "--config and --no-config contradict each other; give one"
NO_OPTIONS = {
    "IOU_DOCTOR_KERNELS",
    "IOU_DOCTOR_LIBRARY",
    "IOU_DOCTOR_NATIVE",
    "IOU_DOCTOR_REPOSITORY",
}
"""Variables that choose the native kernels, say how to build them, or where the manuals are."""
_CONFIGURATION = "iou_doctor.config"
"""The key of the configuration in Typer's `context.meta`."""
_NO_CONFIGURATION = "iou_doctor.no_configuration"
"""The key of the value of `--no-config` in `context.meta`."""
_CONFIGURATION_OPTIONS = {"config", "no_config"}
"""The parameters that choose the file and therefore cannot come from it."""


def _forbid_configuration(context: typer.Context, wanted: bool) -> bool:
    if wanted and _CONFIGURATION in context.meta:
        refuse(UsageError(CONTRADICTION))
    context.meta[_NO_CONFIGURATION] = wanted
    return wanted


def _parse(path: Path, table: object) -> Configuration:
    from iou_doctor.config.validate import parse_configuration

    return parse_configuration(path, table)


def _load_defaults(context: typer.Context, file: str | None) -> str | None:
    """Make the values of the file and of the variables the defaults of the command's options."""
    from iou_doctor.config.find_file import find_table

    if context.resilient_parsing:  # the shell asks for completions
        return file
    forbidden = context.meta.get(_NO_CONFIGURATION, False)
    if forbidden and file is not None:
        refuse(UsageError(CONTRADICTION))
    try:
        found = None if forbidden else find_table(file)
        configuration = _parse(*found) if found else None
    except IouDoctorError as error:
        refuse(error)
    _warn_of_unknown_variables(get_invocation(context).list_parameters)
    context.meta[_CONFIGURATION] = configuration
    from_file = configuration.settings.values if configuration else {}
    context.default_map = {**from_file, **_read_variables(context)}
    return file


ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        callback=_load_defaults,
        envvar=f"{PREFIX}CONFIG",
        show_envvar=False,
        help="Read options from this TOML file. The default is the nearest iou-doctor.toml or"
        " pyproject.toml ([tool.iou-doctor]), searching upwards.",
        rich_help_panel=CONFIGURATION,
    ),
]
NoConfig = Annotated[
    bool,
    typer.Option(
        "--no-config",
        is_eager=True,
        callback=_forbid_configuration,
        help="Read no configuration file.",
        rich_help_panel=CONFIGURATION,
    ),
]


def _read_variables(context: typer.Context) -> dict[str, str | list[str]]:
    """Return the values of the command's environment variables, by parameter name.

    They are not left to Click, which splits lists at white space: class names may have spaces.
    """
    return {
        str(param.name): [text] if getattr(param, "multiple", False) else text
        for param in context.command.params
        if param.name not in _CONFIGURATION_OPTIONS
        and (text := os.environ.get(name_variable(param.name)))
    }


def _warn_of_unknown_variables(list_parameters: Callable[[], set[str]]) -> None:
    """Warn on stderr of each variable that has our prefix and belongs to no option.

    Args:
        list_parameters: returns the parameter names of all commands. It takes time, and is called
            only if there are variables with our prefix.
    """
    names = [
        name for name in sorted(os.environ) if name.startswith(PREFIX) and name not in NO_OPTIONS
    ]
    if not names:
        return
    known = _list_variables(list_parameters())
    for name in names:
        if name not in known:
            hint = _suggest_variable(name, known)
            text = f"iou-doctor: warning: {name} belongs to no option{hint}"
            typer.echo(escape_line(text), err=True)


def _list_variables(parameters: set[str]) -> set[str]:
    """Return the variables of parameters. `--no-config` has none."""
    return {name_variable(name) for name in parameters - _CONFIGURATION_OPTIONS | {"config"}}


def _suggest_variable(name: str, known: set[str]) -> str:
    import difflib

    endings = sorted(variable.removeprefix(PREFIX) for variable in known)
    near = difflib.get_close_matches(name.removeprefix(PREFIX).upper(), endings, n=1)
    return f"; did you mean {PREFIX}{near[0]}?" if near else ""


def name_variable(name: str | None) -> str:
    """Return the name of the environment variable for a parameter."""
    return f"{PREFIX}{PUBLIC_NAMES.get(name or '', name)}".upper()


def get_configuration(context: typer.Context) -> Configuration | None:
    """Return the configuration that a command has read, or `None`."""
    return cast("Configuration | None", context.meta.get(_CONFIGURATION))


def protect_configuration(context: typer.Context) -> tuple[ProtectedPath, ...]:
    """Return the configuration file that a command has read, which no output may replace."""
    from pathlib import Path

    from iou_doctor.safety.protected_files import ProtectedPath

    configuration = get_configuration(context)
    if configuration is None:
        return ()
    return (ProtectedPath(Path(configuration.path), "the configuration in use"),)


def find_origin(context: typer.Context | None, name: str | None) -> str | None:
    """Return where the value of a parameter comes from, if not from the command line.

    Returns:
        The environment variable or the path of the configuration file; `None` for the command line
        and for default values.
    """
    if context is None or name is None or is_on_command_line(context, name):
        return None
    if os.environ.get(name_variable(name)):
        return name_variable(name)
    configuration = get_configuration(context)
    if configuration is not None and name in configuration.settings.values:
        return configuration.path
    return None


def apply_check_settings(context: typer.Context, options: Options, check: CheckSettings) -> Options:
    """Return the options of a command for one check of the configuration file.

    The settings of the check take precedence over those of the whole file, but not over the command
    line and the variables.
    """
    own = {
        name: value
        for name, value in check.values.items()
        if hasattr(options, name)
        and not is_on_command_line(context, name)
        and not os.environ.get(name_variable(name))
    }
    return replace_options(options, own)


def is_on_command_line(context: typer.Context, name: str) -> bool:
    """Return whether the command line has a value for a parameter."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def build_expected_interpretation(
    context: typer.Context, check: CheckSettings | None = None
) -> ExpectedInterpretation | None:
    """Return the interpretation that the configuration expects, or `None` if it expects none.

    Args:
        context: of the command.
        check: the check of the configuration file; `None` for the pair on the command line.
    """
    configuration = get_configuration(context)
    return None if configuration is None else configuration.build_expected_interpretation(check)

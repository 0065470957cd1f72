"""Let Typer read the options of a command from a class, so that each is declared once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from inspect import Parameter, Signature, get_annotations
from typing import Any, NamedTuple, TypeVar

import typer
from typer.models import ArgumentInfo


class CommandOptions:
    """The values of a command's options, one attribute each.

    A subclass declares an option as an annotated attribute with its default, in the way Typer takes
    parameters: `quiet: Annotated[bool, typer.Option(help="…")] = False`. An attribute that is
    annotated with a plain type is not an option of this command and keeps its default, also if a
    base declares it. The module must not postpone the evaluation of annotations, which would cost
    time at each start.
    """

    def __init__(self, **values: object) -> None:
        unknown = [name for name in values if not self._has(name)]
        if unknown:
            raise TypeError(f"{type(self).__name__} has no option {', '.join(unknown)}")
        self.__dict__.update(values)

    @classmethod
    def _has(cls, name: str) -> bool:
        return any(name in _get_hints(one) for one in cls.__mro__)


class Declared(NamedTuple):
    """One argument or option of a command."""

    name: str
    """The name of its parameter."""
    option: str
    """Its longest name on the command line; empty for an argument."""
    panel: str | None
    """The section of the help that lists it."""

    @property
    def is_argument(self) -> bool:
        """Whether it is an argument."""
        return not self.option


Options = TypeVar("Options", bound=CommandOptions)


def replace_options(options: Options, values: dict[str, object]) -> Options:
    """Return a copy of the options in which some have other values."""
    return type(options)(**{**vars(options), **values})


def with_options(
    declared: type[Options],
) -> Callable[[Callable[[typer.Context, Options], None]], Callable[..., None]]:
    """Turn a function of a context and one object with all options into a command.

    Args:
        declared: the class that declares the options.
    """

    def decorate(function: Callable[[typer.Context, Options], None]) -> Callable[..., None]:
        def command(context: typer.Context, **values: object) -> None:
            function(context, declared(**values))

        context = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        parameters = [context, *_list_parameters(declared)]
        # Typer takes the parameters from `__signature__`, and from the others the name and the help
        command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        command.__name__, command.__doc__ = function.__name__, function.__doc__
        return command

    return decorate


def list_given(options: CommandOptions) -> Iterator[tuple[Declared, object]]:
    """Yield the arguments and options that have another value than their default."""
    for parameter in _list_parameters(type(options)):
        value, info = getattr(options, parameter.name, None), parameter.annotation.__metadata__[0]
        if value is None or value == parameter.default or value == []:
            continue
        # an annotation has its first name where other declarations have the default
        words = [info.default, *(info.param_decls or ())]
        names = [word.partition("/")[0] for word in words if isinstance(word, str)]
        spelled = max(names, key=len, default=f"--{parameter.name.replace('_', '-')}")
        option = "" if isinstance(info, ArgumentInfo) else spelled
        yield Declared(parameter.name, option, info.rich_help_panel), value


def _list_parameters(declared: type[CommandOptions]) -> Iterator[Parameter]:
    """Yield a parameter for each argument and option that a class declares.

    Arguments come in the order of the class and then of its bases, because their order is that of
    the command line. Options come in the order in which the help lists them, bases first.
    """
    own_first = [(one, name) for one in declared.__mro__ for name in _list_declared(one)]
    owners = {name: one for one, name in reversed(own_first)}
    arguments = [name for one, name in own_first if _is_argument(one, name)]
    options = [name for one in reversed(declared.__mro__) for name in _list_declared(one)]
    for name in dict.fromkeys([*arguments, *options]):
        if _is_hidden(declared, name):
            continue
        owner = owners[name]
        yield Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=vars(owner).get(name, Parameter.empty),
            annotation=_get_hints(owner)[name],
        )


def _is_hidden(declared: type[CommandOptions], name: str) -> bool:
    """Return whether a class annotates the option of a base with a plain type."""
    nearest = next(one for one in declared.__mro__ if name in _get_hints(one))
    return name not in _list_declared(nearest)


@cache
def _get_hints(owner: type) -> dict[str, Any]:
    """Return the annotations of a class itself; asked for hundreds of times at each start."""
    return get_annotations(owner)


@cache
def _list_declared(owner: type) -> list[str]:
    """Return the names of the arguments and options, annotated as such, of a class itself."""
    hints = _get_hints(owner)
    return [name for name, hint in hints.items() if hasattr(hint, "__metadata__")]


def _is_argument(owner: type, name: str) -> bool:
    return isinstance(_get_hints(owner)[name].__metadata__[0], ArgumentInfo)

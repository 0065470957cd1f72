"""Let Typer read the options of a command from a class, so that each is declared once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from inspect import Parameter, Signature, get_annotations
from typing import Annotated, Generic, TypeVar, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo


class CommandOptions:
    """The values of a command's options, one attribute each.

    A subclass declares an option as an annotated attribute with its default, in the way Typer
    takes parameters: `quiet: Annotated[bool, typer.Option(help="…")] = False`. An attribute that
    is annotated with a plain type is no option of this command and keeps its default.
    """

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


Options = TypeVar("Options", bound=CommandOptions)


def replace_options(options: Options, values: dict[str, object]) -> Options:
    """Return a copy of the options in which some have other values."""
    return type(options)(**{**vars(options), **values})


class Command(Generic[Options]):
    """A function of Typer's context and the options of a command, as Typer wants to see it.

    Typer asks a function for its signature. This one is worked out when it is asked for, because a
    run builds one command and not all of them.
    """

    def __init__(
        self, function: Callable[[typer.Context, Options], None], declared: type[Options]
    ) -> None:
        self.function, self.declared = function, declared
        self.__name__, self.__doc__ = function.__name__, function.__doc__

    def __call__(self, context: typer.Context, **values: object) -> None:
        """Run the command with the values that Typer has parsed."""
        self.function(context, self.declared(**values))

    @cached_property
    def __signature__(self) -> Signature:
        context = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        return Signature([context, *_list_parameters(self.declared)])

    @property
    def __annotations__(self) -> dict[str, object]:  # type: ignore[override]
        return {one.name: one.annotation for one in self.__signature__.parameters.values()}


def with_options(
    declared: type[Options],
) -> Callable[[Callable[[typer.Context, Options], None]], Command[Options]]:
    """Make a command of a function that takes the context and the options as one object.

    Args:
        declared: the class that declares the options.
    """
    return lambda function: Command(function, declared)


def _list_parameters(declared: type[CommandOptions]) -> Iterator[Parameter]:
    """Yield a parameter for each argument and option that a class declares.

    Arguments come in the order of the class and then of its bases, because their order is that of
    the command line. Options come in the order in which the help lists them, bases first.
    """
    hints = get_type_hints(declared, include_extras=True)
    for name in dict.fromkeys([*_list_arguments(declared), *_list_options(declared)]):
        owner = next(one for one in declared.__mro__ if name in get_annotations(one))
        default = vars(owner).get(name, Parameter.empty)
        yield Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[name])


def _list_arguments(declared: type[CommandOptions]) -> Iterator[str]:
    """Yield the names of the arguments, those of the class itself first."""
    hints = get_type_hints(declared, include_extras=True)
    for one in declared.__mro__:
        for name in get_annotations(one):
            if _is_declared(hints[name]) and isinstance(hints[name].__metadata__[0], ArgumentInfo):
                yield name


def _list_options(declared: type[CommandOptions]) -> Iterator[str]:
    """Yield the names of what is declared, those of the bases first."""
    for one in reversed(declared.__mro__):
        hints = get_type_hints(one, include_extras=True)
        yield from (name for name in get_annotations(one) if _is_declared(hints[name]))


def _is_declared(hint: object) -> bool:
    """Return whether an annotation declares an argument or option."""
    return get_origin(hint) is Annotated

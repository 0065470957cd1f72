"""Say errors in Python's words: `num_classes=2` in place of `--num-classes 2`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from iou_doctor.errors import IouDoctorError, UsageError

_OPTION = re.compile(
    r"--([a-z][a-z-]*[a-z])"
    r"(?:[ =](-?[0-9][\w.]*|logits|sigmoid|labels|cpu|gpu|[A-Z]{2,}(?:,[A-Z]{2,})?)(?!\w))?"
)
"""An option of the command line, with its value if that is plainly one."""
_IN_CODE = re.compile(r"`--([a-z-]+) ([^`-][^`]*)`")
"""An option with its value in backticks."""
_METRIC = re.compile(r"--metric ([^:\s('\"]+(?:\([^:]*\))?)(?=:| is )")
"""The metric at the start of a message: a call, perhaps with spaces."""
_NAMES = {"ignore_class": "ignore_index"}


def use_python_words(text: str) -> str:
    """Return a message with the options of the command line written as arguments in Python."""
    text = _IN_CODE.sub(_write_code, _METRIC.sub(r"metric='\1'", text))
    return _OPTION.sub(_write_argument, text)


def _write_code(found: re.Match[str]) -> str:
    return f"`{found[1].replace('-', '_')}={found[2]!r}`"


def _write_argument(found: re.Match[str]) -> str:
    name, value = found[1].replace("-", "_"), found[2]
    name = _NAMES.get(name, name)
    if value is None:
        return f"{name}="
    return f"{name}={value!r}" if value[0].isalpha() else f"{name}={value}"


@contextmanager
def speak_python() -> Iterator[None]:
    """Say the errors of the block in Python's words."""
    try:
        yield
    except IouDoctorError as error:
        if error.args and isinstance(error.args[0], str):
            error.args = (use_python_words(error.args[0]), *error.args[1:])
        raise


def refuse_positions(function: str, positional: tuple[object, ...], example: str) -> None:
    """Refuse arguments that are not named.

    Raises:
        UsageError: there are some.
    """
    if positional:
        raise UsageError(
            f"{function}() takes its arguments by name: iou_doctor.{function}({example})"
        )


def refuse_unknown(
    function: str,
    arguments: Mapping[str, object],
    like: Callable[..., object],
    *,
    but: Collection[str] = (),
) -> None:
    """Refuse arguments that another function, whose arguments these are, does not have.

    Args:
        function: the name of the function that was called.
        arguments: what it was given beside its own arguments.
        like: the other function.
        but: those of the other function's arguments that mean nothing here.

    Raises:
        TypeError: there is one, as for any function in Python.
    """
    from inspect import Parameter, signature

    parameters = signature(like).parameters.values()
    known = {one.name for one in parameters if one.kind is Parameter.KEYWORD_ONLY}
    for name in arguments:
        if name not in known.difference(but):
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")

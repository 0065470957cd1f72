"""The parameters that Typer reads from a class of options."""

import inspect
from typing import Annotated

import pytest
import typer
from run import run

from iou_doctor.cli.signature import CommandOptions, with_options


class Base(CommandOptions):
    arrays: Annotated[str | None, typer.Argument()] = None
    width: Annotated[int, typer.Option()] = 80
    height: int = 24


class Stricter(Base):
    arrays: Annotated[str, typer.Argument()]
    height: Annotated[int, typer.Option()] = 25


def parameters(declared):
    command = with_options(declared)(lambda _context, _options: None)
    _, *rest = inspect.signature(command).parameters.values()
    return {one.name: one.default for one in rest}


def test_an_attribute_with_a_plain_type_is_no_option():
    assert parameters(Base) == {"arrays": None, "width": 80}


def test_a_subclass_may_require_what_is_optional_in_its_base():
    assert parameters(Stricter) == {
        "arrays": inspect.Parameter.empty,
        "width": 80,
        "height": 25,
    }


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (["fix"], "argument 'PREDICTIONS'"),
        (["fix", "a.npy", "--output-dir", "x"], "argument 'MASKS'"),
        (["fix", "a.npy", "b.npy"], "option '--output-dir'"),
        (["init"], "argument 'PREDICTIONS'"),
        (["init", "a.npy"], "argument 'MASKS'"),
        (["why"], "argument 'SCORE'"),
        (["explain"], "argument 'RULE'"),
    ],
)
def test_a_missing_argument_is_named(command, missing):
    done = run(*command)
    assert done.returncode == 2
    assert f"missing {missing}" in done.stderr

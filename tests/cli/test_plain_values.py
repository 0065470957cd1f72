"""Values that are converted without Typer are those that Typer would make of the same words."""

from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.core import TyperCommand

from iou_doctor.cli.help import Command
from iou_doctor.cli.plain_values import read_plain

KINDS = {
    "text": str,
    "whole": int,
    "number": float,
    "choice": Literal["labels", "one-hot"],
    "path": Path,
    "texts": list[str],
    "numbers": list[int],
}
POSITIVE = Annotated[int, typer.Option(min=1, max=20)]
WORDS = st.one_of(
    st.from_regex(r"[-+]?[0-9_]{0,18}\.?[0-9]{0,18}(e[0-9])?", fullmatch=True),
    st.sampled_from(["labels", "LABELS", "one-hot", "/dev/null", "/", "nan", "", " 1", "1\n", "٣"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
)


def convert(cls, kind, words):
    """Return the value that an option gets in a class of commands, or the error."""
    app = typer.Typer(add_completion=False)
    taken = []

    def command(**values):
        taken.append(values["option"])

    command.__annotations__ = {"option": kind}
    only = Parameter("option", Parameter.KEYWORD_ONLY, default=None, annotation=kind)
    command.__signature__ = Signature([only])
    app.command(cls=cls)(command)
    try:
        app([f"--option={word}" for word in words], standalone_mode=False)
    except typer.BadParameter as error:
        return type(error), str(error)
    return taken


@settings(max_examples=60)
@given(st.sampled_from([*KINDS.values(), POSITIVE]), st.lists(WORDS, max_size=3))
@example(POSITIVE, ["0"])
@example(POSITIVE, ["20"])
@example(POSITIVE, ["21"])
@example(int, ["٣"])
@example(int, ["-007"])
@example(float, ["-0"])
@example(Literal["labels", "one-hot"], ["one-hot"])
def test_a_command_converts_as_typer_does(kind, words):
    ours, its = convert(Command, kind, words), convert(TyperCommand, kind, words)
    assert repr(ours) == repr(its)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("a b", str, "a b"),
        ("12", int, 12),
        ("0.5", float, 0.5),
        ("labels", KINDS["choice"], "labels"),
        ("new.json", Path, Path("new.json")),
        (["a", "b"], list[str], ["a", "b"]),
        (["1", "x"], list[int], None),
        ("1e3", float, None),
        ("yes", bool, None),
        ("x", list[str], None),
    ],
)
def test_plain_values(text, kind, value):
    assert read_plain(text, kind) == value

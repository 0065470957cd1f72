"""What a command knows about the process that it runs in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import typer

    from iou_doctor.cli.child.supervisor import Supervisor


class Invocation(NamedTuple):
    """How the command line was started. A record would import more than `--help` needs."""

    list_parameters: Callable[[], set[str]]
    """Returns the parameter names of all commands."""
    arguments: Sequence[str] | None = None
    """The arguments of the process; `None` if Python code calls the app, and has no process."""
    supervisor: Supervisor | None = None
    """The process that waits for this one; `None` if there is none."""


def get_invocation(context: typer.Context) -> Invocation:
    """Return how the command line was started."""
    invocation: Invocation = context.obj
    return invocation

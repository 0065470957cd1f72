"""How a command ends that cannot do its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from iou_doctor.errors import IouDoctorError

BAD_USAGE = 2
"""The exit code for bad usage and unreadable input."""


def refuse(error: IouDoctorError) -> NoReturn:
    """Print the error in one line on stderr, and exit with 2."""
    typer.echo(f"iou-doctor: error: {error}", err=True)
    raise typer.Exit(BAD_USAGE)

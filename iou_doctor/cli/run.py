"""Run one check for the command line, choose its exit code, or refuse with an error."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import typer

from iou_doctor.errors import BAD_USAGE, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from iou_doctor.choices import Engine
    from iou_doctor.cli.child.supervisor import Supervisor
    from iou_doctor.diagnosis.request import CheckRequest
    from iou_doctor.errors import IouDoctorError
    from iou_doctor.report.report import Report


def run(
    request: CheckRequest,
    *,
    progress: bool,
    supervisor: Supervisor | None = None,
    engine: Engine = "local",
    scheduler: str | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Report:
    """Return the report of a check, with a progress bar on a terminal.

    Args:
        request: what to check.
        progress: whether to show a bar.
        supervisor: the process that waits for this one, and shows the bar, if there is one.
        engine: what counts: this process, or a cluster.
        scheduler: the address of the cluster's scheduler; `None`: processes of this machine.
        meanwhile: what this thread may do while others count.

    Raises:
        IouDoctorError: an input cannot be read or understood.
    """
    from iou_doctor.cli.progress import show_progress
    from iou_doctor.sources.files.bus_errors import BUS_ERRORS

    check = _choose_engine(engine, scheduler, meanwhile)
    if supervisor is not None:
        with BUS_ERRORS.catch():
            return check(request, progress=supervisor.report_progress)
    with show_progress(wanted=progress) as advance, BUS_ERRORS.catch():
        return check(request, progress=advance)


def _choose_engine(
    engine: Engine, scheduler: str | None, meanwhile: Callable[[], object] | None
) -> Callable[..., Report]:
    if engine == "local":
        if scheduler is not None:
            raise UsageError(f"--scheduler {scheduler}: it is for --engine dask; give both")
        from iou_doctor.diagnosis import pipeline

        return partial(pipeline.check, meanwhile=meanwhile)
    from iou_doctor.engines import dask

    return partial(dask.check, scheduler=scheduler)


def choose_exit_code(report: Report, *, name: str | None = None) -> int:
    """Return 1 if a finding is too severe or the score too low, else 0; say why a score is too low.

    Args:
        report: of the check.
        name: of the check, if there are several.
    """
    too_low = describe_low_score(report)
    if too_low is not None:
        of = "" if name is None else f"{name}: "
        typer.echo(f"iou-doctor: {of}{too_low}", err=True)
    return int(report.fails)


def describe_low_score(report: Report) -> str | None:
    """Return in words that a score is below its minimum; `None` if none is."""
    from iou_doctor.report.report import GATE

    return next((finding.message for finding in report.findings if finding.rule.name == GATE), None)


def may_colour() -> bool:
    """Return whether the environment lets a terminal have colours."""
    return "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def print_error(message: str) -> None:
    """Print an error in one line on stderr; the word `error:` is red on a terminal with colours."""
    from iou_doctor.safety.safe_text import escape_line

    word = typer.style("error:", fg="red", bold=True) if may_colour() else "error:"
    typer.echo(f"iou-doctor: {word} {escape_line(message)}", err=True)  # no codes to a file


def refuse(error: IouDoctorError) -> NoReturn:
    """Print the error in one line on stderr, and exit with 2."""
    print_error(str(error))
    raise typer.Exit(BAD_USAGE)

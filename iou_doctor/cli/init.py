"""The command `init`: record how the arrays are interpreted, so that later runs can be compared."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iou_doctor.cli.options import ArrayOptions, Masks, Predictions, Progress
from iou_doctor.cli.run import refuse
from iou_doctor.cli.signature import with_options
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.safety.atomic_files import (
    check_writable,
    follow_links,
    is_special,
    open_part,
    stage,
)
from iou_doctor.safety.safe_text import escape_line

if TYPE_CHECKING:
    from iou_doctor.report.report import Report


class InitOptions(ArrayOptions):
    """The options of `iou-doctor init`."""

    predictions: Predictions
    masks: Masks
    output: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to write; `-` prints the file.")
    ] = Path("iou-doctor.toml")
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = (
        False
    )
    progress: Progress = True


@with_options(InitOptions)
def init(_context: typer.Context, options: InitOptions) -> None:
    """Write a configuration file that records how these arrays are interpreted.

    `iou-doctor check` without arguments then checks this pair. If a later run interprets the arrays
    differently, it reports IOU109 reading-drift. The encodings are only compared and never forced,
    so a new fault is still found.

    Example: iou-doctor init preds.npy masks.npy
    """
    try:
        from iou_doctor.cli.run import run
        from iou_doctor.config.template import choose_folder, render_configuration

        output = options.output
        request = options.build_request()
        inputs = [options.predictions, options.masks]
        _refuse_unwritable(output, inputs, overwrite=options.overwrite)
        report = run(request, progress=options.progress)
        text = render_configuration(
            report, request.options, metric=request.metric, folder=choose_folder(output)
        )
        _write(output, text)
    except IouDoctorError as error:
        refuse(error)
    _report_result(output, report)


def _refuse_unwritable(output: Path, inputs: Sequence[str], *, overwrite: bool) -> None:
    """Refuse a file that exists, that the run reads, or that cannot be written."""
    from iou_doctor.safety.protected_files import describe_conflict, protect_inputs

    if str(output) == "-":
        return
    with _blame_option(output):
        place = follow_links(output)
        if os.path.lexists(output) and not overwrite and not is_special(place):
            raise UsageError(
                f"{output} exists; --overwrite replaces it, --output FILE takes another, --output -"
                " prints"
            )
        if conflict := describe_conflict(place, protect_inputs(inputs)):
            raise UsageError(f"--output {output}: {conflict}; name another file")
        check_writable(place)


def _write(output: Path, text: str) -> None:
    """Write the file atomically, or print it."""
    if str(output) == "-":
        typer.echo(text, nl=False)
        return
    with _blame_option(output):
        place = follow_links(output)
        with stage([place], overwrite=True) as parts, open_part(parts[place]) as stream:
            stream.write(text.encode())


@contextmanager
def _blame_option(output: Path) -> Iterator[None]:
    """Turn errors of the file system into a `UsageError` that names the option."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise UsageError(f"{output}: TOML cannot hold a path that is not UTF-8") from error
    except (OSError, ValueError) as error:  # a NUL in a name
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"--output {output} cannot be written: {why}") from error


def _report_result(output: Path, report: "Report") -> None:
    """Print what was written, and warn if the recorded arrays have a fault."""
    printed = str(output) == "-"
    if not printed:
        typer.echo(escape_line(f"wrote {output}: {report.verdict.summary}"))
    if report.verdict.sick and report.primary:
        rule = report.primary.rule
        typer.echo(
            f"iou-doctor: these arrays have a fault ({rule.code} {rule.name}); repair them, then"
            " run init again with --overwrite",
            err=True,
        )

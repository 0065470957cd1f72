"""The command line: parse, call, print, exit. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from iou_doctor import __version__
from iou_doctor.cli_fix import fix
from iou_doctor.cli_options import (
    IgnoreIndex,
    Jobs,
    LayoutLetters,
    Masks,
    MasksAs,
    MetricCall,
    NumClasses,
    Predictions,
    PredictionsAs,
    Progress,
    Threshold,
    reading_options,
    refuse,
    words,
)
from iou_doctor.errors import IouDoctorError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from iou_doctor.report import Report

Format = Literal["full", "concise", "json"]
Contracts = Literal["common", "all"]
FailOn = Literal["error", "warning", "note", "never"]

app = typer.Typer(
    name="iou-doctor",
    help="Finds out why a segmentation model's mean IoU is stuck, wrong, or different.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"iou-doctor {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[  # the callback acts on it
        bool,
        typer.Option(
            "--version", "-V", help="Print the version.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


@app.command()
def check(
    predictions: Predictions,
    masks: Masks,
    num_classes: NumClasses = None,
    metric: MetricCall = None,
    ignore_index: IgnoreIndex = None,
    class_names: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help="Names of the classes, comma-separated; repeatable."),
    ] = None,
    layout: LayoutLetters = None,
    threshold: Threshold = None,
    predictions_as: PredictionsAs = None,
    masks_as: MasksAs = None,
    select: Annotated[
        list[str] | None,
        typer.Option(metavar="RULES", help="Report only these codes, prefixes or names."),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="RULES", help="Do not report these codes, prefixes or names."),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 1 for findings this bad or worse.")
    ] = "error",
    min_iou: Annotated[
        float | None,
        typer.Option(metavar="SCORE", help="Exit with 1 if the doctor's mean IoU is lower."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="REPORT", help="A JSON report of an earlier run to compare with."),
    ] = None,
    max_drop: Annotated[
        float,
        typer.Option(metavar="DROP", help="How far an IoU may fall below the baseline's."),
    ] = 0.01,
    contracts: Annotated[
        Contracts,
        typer.Option(help="Which implementations to compare: those people use most, or all."),
    ] = "common",
    batch_size: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Images in one update, for averages over batches."),
    ] = None,
    output_format: Annotated[Format, typer.Option(help="How to write the report.")] = "full",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report to FILE, not to stdout.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the verdict.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Every finding, class and rule in full.")
    ] = False,
    jobs: Jobs = None,
    progress: Progress = True,
) -> None:
    """Diagnose predictions against masks: which score is right, and why another is reported.

    Exit codes: 0 nothing as bad as --fail-on, 1 findings, 2 bad usage or unreadable input,
    3 a fault of iou-doctor itself.

    Example: iou-doctor check preds.npy masks.npy --num-classes 3
    """
    try:
        from iou_doctor.baseline import load_baseline
        from iou_doctor.checkup import check as run_check
        from iou_doctor.diagnosis import Selection
        from iou_doctor.progress import progress_bar
        from iou_doctor.sources import open_pair

        selection = Selection(select=words(select), ignore=words(ignore))
        options = reading_options(
            num_classes=num_classes,
            ignore_index=ignore_index,
            layout=layout,
            threshold=threshold,
            predictions_as=predictions_as,
            masks_as=masks_as,
            class_names=class_names,
        )
        _check_output(output)
        _check_share("--min-iou", min_iou)
        earlier = None if baseline is None else load_baseline(baseline, max_drop=max_drop)
        pair = open_pair(y_true=masks, y_pred=predictions)
        with progress_bar(shown=progress and not quiet) as advance:
            report = run_check(
                pair,
                options,
                metric_call=metric,
                selection=selection,
                baseline=earlier,
                everything=contracts == "all",
                batch_size=batch_size,
                progress=advance,
                jobs=jobs,
            )
        _write(report, output_format, output, quiet=quiet, verbose=verbose)
    except IouDoctorError as error:
        refuse(error)
    raise typer.Exit(_exit_code(report, fail_on, min_iou))


app.command()(fix)


@app.command()
def rules() -> None:
    """List every rule: code, severity, name, and the fault in a few words."""
    from iou_doctor.checks import all_checks

    for entry in all_checks():
        rule = entry.rule
        typer.echo(f"{rule.code}  {rule.severity:<7}  {rule.name:<24}  {rule.claim}")


@app.command()
def explain(
    rule: Annotated[
        str, typer.Argument(metavar="RULE", help="A code or a name.", show_default=False)
    ],
) -> None:
    """Print the manual of a rule: what it finds, why the number is wrong, and the way out."""
    from iou_doctor.checks import all_checks

    known = {entry.rule.code: entry for entry in all_checks()}
    known |= {entry.rule.name: entry for entry in all_checks()}
    known |= {entry.rule.code.removeprefix("IOU"): entry for entry in all_checks()}
    entry = known.get(rule.upper()) or known.get(rule.lower())
    if entry is None:
        import difflib

        near = difflib.get_close_matches(rule, [*known], n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        refuse(UsageError(f"no rule is called {rule!r}; {hint}`iou-doctor rules` lists them all"))
    typer.echo(f"{entry.rule.code} {entry.rule.name} ({entry.rule.severity})\n\n{entry.manual}")


def _check_output(output: Path | None) -> None:
    """Refuse a place that cannot be written before the scan, not after."""
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise UsageError(f"--output {output}: not a file in an existing folder")


def _write(
    report: Report, output_format: Format, output: Path | None, *, quiet: bool, verbose: bool
) -> None:
    if output_format == "full":
        from rich.console import Console

        from iou_doctor.render import terminal

        console = Console() if output is None else _file_console()
        text = terminal.render(report, console, verbose=verbose, quiet=quiet)
    else:
        from iou_doctor.render import concise, json_v1

        text = json_v1.render(report) if output_format == "json" else concise.render(report)
    if output is None:
        sys.stdout.write(text)
    else:
        _replace(output, text)


def _file_console() -> Console:
    """Return a console for a file: no colour, whatever the environment says."""
    from rich.console import Console

    return Console(file=io.StringIO(), width=80, color_system=None)


def _check_share(option: str, value: float | None) -> None:
    """Refuse what is no share: a comparison with NaN never fails a build."""
    if value is not None and not 0 <= value <= 1:
        raise UsageError(f"{option} {value:g}: give a score from 0 to 1, 0.7 for instance")


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside it first, then renamed."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"--output {path} cannot be written: {error.strerror}") from error


def _exit_code(report: Report, fail_on: FailOn, min_iou: float | None) -> int:
    from iou_doctor.finding import Severity

    failed = fail_on != "never" and report.fails_at(Severity(fail_on))
    if min_iou is not None and (report.mean_iou is None or report.mean_iou < min_iou):
        reached = "none" if report.mean_iou is None else f"{report.mean_iou:.4f}"
        typer.echo(f"iou-doctor: mean IoU {reached} does not reach --min-iou {min_iou:g}", err=True)
        failed = True
    return int(failed)

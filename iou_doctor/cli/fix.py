"""The command `fix`: write repaired copies, and print what was done and what is left to do."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iou_doctor.cli.defaults import ConfigFile, NoConfig, protect_configuration
from iou_doctor.cli.options import (
    ArrayOptions,
    Masks,
    MasksAs,
    Predictions,
    PredictionsAs,
    Progress,
    split_lists,
)
from iou_doctor.cli.run import print_error, refuse
from iou_doctor.cli.signature import with_options
from iou_doctor.errors import IouDoctorError
from iou_doctor.safety.safe_text import escape_name, escape_report

if TYPE_CHECKING:
    from iou_doctor.file_repair.run import RepairedCopy, RepairedFiles
    from iou_doctor.report.finding import Finding


class FixOptions(ArrayOptions):
    """The options of `iou-doctor fix`."""

    predictions: Predictions
    masks: Masks
    output_dir: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="The folder for the copies, which have the inputs' names.",
            show_default=False,
        ),
    ]
    predictions_as: PredictionsAs = None
    masks_as: MasksAs = None
    select: Annotated[
        list[str] | None,
        typer.Option(metavar="RULES", help="Repair only these codes, prefixes or names."),
    ] = None
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="RULES", help="Do not repair these codes, prefixes or names."),
    ] = None
    unsafe_fixes: Annotated[
        bool,
        typer.Option(
            "--unsafe-fixes", help="Also make repairs that may lose or invent information."
        ),
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be written, and write nothing."),
    ] = False
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace earlier copies; never an input.")
    ] = False
    progress: Progress = True
    no_config: NoConfig = False
    config: ConfigFile = None


@with_options(FixOptions)
def fix(context: typer.Context, options: FixOptions) -> None:
    """Write repaired copies of predictions and masks to DIR, and check them.

    Inputs are never changed. An array that needs no repair is not copied. The last line is the
    command that checks the repaired pair.

    Exit codes: 0 the copies are healthy, 1 errors remain that copies cannot repair, 2 bad usage,
    unreadable input or an output that cannot be written, 3 a bug in iou-doctor.

    Example: iou-doctor fix preds.npy masks.npy -n 3 --output-dir repaired
    """
    try:
        from dataclasses import replace

        from iou_doctor.cli.progress import show_progress
        from iou_doctor.diagnosis.selection import Selection
        from iou_doctor.file_repair.run import repair_files
        from iou_doctor.sources.files.bus_errors import BUS_ERRORS

        selection = Selection(
            select=split_lists(options.select), ignore=split_lists(options.ignore)
        )
        with show_progress(wanted=options.progress) as advance, BUS_ERRORS.catch():
            repaired = repair_files(
                replace(options.build_request(), selection=selection),
                output_dir=options.output_dir,
                unsafe=options.unsafe_fixes,
                overwrite=options.overwrite,
                is_trial=options.dry_run,
                protected=protect_configuration(context),
                progress=advance,
            )
    except IouDoctorError as error:
        refuse(error)
    for line in _describe(repaired):
        typer.echo(escape_report(line))
    is_left = repaired.report.verdict.sick and not (repaired.is_trial and repaired.copies)
    if is_left and not repaired.copies:
        print_error("no copy can repair this; the lines above say what to do")
    raise typer.Exit(int(is_left))


def _describe(repaired: "RepairedFiles") -> Iterator[str]:
    from iou_doctor.cli.spelling import conceal_secrets

    for copy in repaired.copies:
        yield from _describe_copy(copy, is_trial=repaired.is_trial)
    for place in repaired.unchanged:
        yield f"unchanged {escape_name(conceal_secrets(place))}: needs no copy, use it as it is"
    if not repaired.copies:
        yield "nothing was written"
    made = {finding.rule.name for copy in repaired.copies for finding in copy.causes}
    for finding in repaired.report.findings:
        is_planned = repaired.is_trial and finding.rule.name in made
        if finding.rule.name not in repaired.report.consequences and not is_planned:
            yield from _describe_remaining(finding)
    yield from _describe_end(repaired)


def _describe_end(repaired: "RepairedFiles") -> Iterator[str]:
    """Yield the verdict, and the command that checks the pair."""
    from iou_doctor.cli.spelling import spell_request
    from iou_doctor.render.shared.glyphs import find_glyphs

    if repaired.is_trial and repaired.copies:
        yield "nothing was written, because of --dry-run"
        return
    glyphs = find_glyphs(getattr(sys.stdout, "encoding", None))
    verdict = repaired.report.verdict
    yield f"{glyphs.sick if verdict.sick else glyphs.healthy} {verdict.summary}"
    if repaired.copies:
        yield f"check the pair: {escape_name(spell_request(repaired.request))}"


def _describe_copy(copy: "RepairedCopy", *, is_trial: bool) -> Iterator[str]:
    wrote, left_out = ("would write", "would leave out") if is_trial else ("wrote", "left out")
    repairs = "; ".join(
        f"{finding.repair.name} ({finding.rule.name})" for finding in copy.causes if finding.repair
    )
    # the side without a fault may be written too, if its partner has become label maps
    yield f"{wrote} {escape_name(copy.place)}: {repairs or 'the label maps of its classes'}"
    for note in copy.unkept:
        yield f"note: {escape_name(note)}"
    if copy.left_out:
        names = ", ".join(f"`{escape_name(name)}`" for name in copy.left_out[:3])
        more = ", …" if len(copy.left_out) > 3 else ""
        yield f"{left_out} {len(copy.left_out)} images without a partner: {names}{more}"


def _describe_remaining(finding: "Finding") -> Iterator[str]:
    """Yield what the user still has to do about a finding; a note asks for nothing."""
    from iou_doctor.report.finding import Severity

    if finding.severity is Severity.NOTE:
        return
    what = f"{finding.severity} {finding.rule.code} {finding.rule.name}: {finding.message}"
    repair = finding.repair
    if repair and repair.steps and not repair.safe:
        yield f"left {what}; --unsafe-fixes would {repair.name}"
    else:
        yield f"left {what}; {finding.help}"

"""The command `report`: say what `check` says, from parts that `scan` has written."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iou_doctor.cli.defaults import (
    ConfigFile,
    NoConfig,
    build_expected_interpretation,
    protect_configuration,
)
from iou_doctor.cli.judged_report import JudgedReportOptions
from iou_doctor.cli.options import OUTPUT, declare_argument, declare_option
from iou_doctor.cli.run import choose_exit_code, refuse
from iou_doctor.cli.signature import with_options
from iou_doctor.errors import IouDoctorError
from iou_doctor.safety.safe_text import escape_name

if TYPE_CHECKING:
    from iou_doctor.parts.part import Part
    from iou_doctor.report.report import Report
    from iou_doctor.safety.protected_files import ProtectedPath


class ReportOfPartsOptions(JudgedReportOptions):
    """The options of `iou-doctor report`."""

    parts: Annotated[
        list[str], declare_argument("PART...", "The files that `iou-doctor scan` has written.")
    ]
    merge: Annotated[
        Path | None,
        declare_option(
            OUTPUT, "Write these parts as one to FILE, and make no report.", metavar="FILE"
        ),
    ] = None
    pictures: int = 0
    no_config: NoConfig = False
    config: ConfigFile = None


@with_options(ReportOfPartsOptions)
def report(context: typer.Context, options: ReportOfPartsOptions) -> None:
    """Make the report of all samples from the parts of their shards.

    It says what `check` says. Scores that need the arrays once more are estimated from a sample;
    `iou-doctor scan --again` makes them exact.

    Exit codes: 0 no finding as severe as --fail-on, 1 such findings or a score below its minimum,
    2 bad usage, unreadable input or an output that cannot be written.

    Example: iou-doctor report part-*.npz
    """
    try:
        code = _report(context, options)
    except IouDoctorError as error:
        refuse(error)
    raise typer.Exit(code)


def _report(context: typer.Context, options: ReportOfPartsOptions) -> int:
    from dataclasses import replace

    from iou_doctor.cli.outputs import has_page, write_reports
    from iou_doctor.diagnosis.request import CheckRequest
    from iou_doctor.parts.make_report import make_report

    protected = (*options.protect(options.parts), *protect_configuration(context))
    if options.merge is not None:
        return _merge(options.parts, options.merge, protected)
    expected = build_expected_interpretation(context)
    request = options.judge(CheckRequest(batch_size=options.batch_size), expected=expected)
    wanted = options.check_outputs(protected)
    made = make_report(_read_parts(options.parts), request)
    if has_page(wanted):
        from iou_doctor.pictures.gallery import build_gallery

        made = replace(made, gallery=build_gallery(made, 0))
    write_reports(made, wanted, quiet=options.quiet, verbose=options.verbose)
    _say_what_is_estimated(made)
    return choose_exit_code(made)


def _read_parts(paths: Sequence[str]) -> "Part":
    from iou_doctor.parts.file import read_part
    from iou_doctor.parts.part import merge_parts

    return merge_parts([read_part(path) for path in paths])


def _merge(paths: Sequence[str], place: Path, protected: "Sequence[ProtectedPath]") -> int:
    """Write parts as one part."""
    from iou_doctor.cli.outputs import ReportOutput, refuse_unwritable
    from iou_doctor.parts.file import write_part

    refuse_unwritable([ReportOutput("part", place, f"--merge {place}")], protected)
    part = _read_parts(paths)
    write_part(place, part, option="--merge")
    typer.echo(
        f"iou-doctor: {escape_name(str(place))} has {len(part.shards)} of {part.job.shards} shards"
    )
    return 0


def _say_what_is_estimated(made: "Report") -> None:
    """Say on stderr how to make estimated scores exact, if there are some."""
    if made.again:
        typer.echo(
            "iou-doctor: some scores need the arrays once more, and are estimated or missing; scan"
            " each shard with --again REPORT, a JSON report of these parts, and give those parts"
            " as well",
            err=True,
        )

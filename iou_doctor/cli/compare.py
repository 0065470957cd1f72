"""The command `compare`: say why two numbers on the same masks differ."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from iou_doctor.cli.options import (
    COMPARISON,
    DEFAULT_PICTURES,
    OUTPUT,
    ArrayOptions,
    BatchSize,
    ClassNames,
    Confidence,
    MasksAs,
    Pictures,
    PredictionsAs,
    Progress,
    declare_argument,
    declare_option,
)
from iou_doctor.cli.run import refuse
from iou_doctor.cli.signature import with_options
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.report.version import __version__

if TYPE_CHECKING:
    from iou_doctor.cli.outputs import ReportOutput
    from iou_doctor.diagnosis.request import CheckRequest
    from iou_doctor.report.comparison import Comparison

FORMATS = ("full", "json", "markdown", "html")


class CompareOptions(ArrayOptions):
    """The options of `iou-doctor compare`."""

    before: Annotated[str, declare_argument("BEFORE", "Predictions, a JSON report, or a part.")]
    after: Annotated[
        str,
        declare_argument(
            "AFTER", "Other predictions or another report; with --versus-metric, the masks."
        ),
    ]
    masks: Annotated[
        str | None,
        typer.Argument(metavar="MASKS", help="The true masks of both.", show_default=False),
    ] = None
    predictions: str | None = None
    versus_metric: Annotated[
        str | None,
        declare_option(
            COMPARISON,
            "Compare --metric with this metric, on the same predictions.",
            metavar="CALL",
        ),
    ] = None
    class_names: ClassNames = None
    predictions_as: PredictionsAs = None
    masks_as: MasksAs = None
    batch_size: BatchSize = None
    confidence: Confidence = 0.95
    fail_if_worse: Annotated[
        bool,
        declare_option(COMPARISON, "Exit with 1 if the second number is lower.", "--fail-if-worse"),
    ] = False
    beyond_noise: Annotated[
        bool,
        declare_option(
            COMPARISON,
            "Let --fail-if-worse pass if other images might reverse the difference.",
            "--beyond-noise",
        ),
    ] = False
    output_format: Annotated[
        Literal["full", "json", "markdown"], declare_option(OUTPUT, "How to write the answer.")
    ] = "full"
    reports: Annotated[
        list[str] | None,
        declare_option(
            OUTPUT,
            "Write the answer to a file, too, as full, json, markdown or html; repeatable.",
            "--report",
            metavar="FORMAT=FILE",
        ),
    ] = None
    pictures: Pictures = DEFAULT_PICTURES
    progress: Progress = True

    def check_confidence(self) -> float:
        """Return the confidence of intervals.

        Raises:
            UsageError: there is no useful interval of this confidence.
        """
        from iou_doctor.diagnosis.request import check_confidence

        return check_confidence(self.confidence, name="--confidence")


@with_options(CompareOptions)
def compare(_context: typer.Context, options: CompareOptions) -> None:
    """Say where the difference of two numbers on the same masks comes from.

    Two predictions are compared under one metric, or one prediction under two metrics. The answer
    says how much of the difference lies in the format of either side, in the metric, and in the
    predictions themselves, by class pair and by image. BEFORE and AFTER may also be two JSON
    reports of `check`, or two parts of `scan` that hold all shards, without MASKS.

    Exit codes: 0 the answer is on stdout, 1 the second number is lower and --fail-if-worse is
    given, 2 bad usage or unreadable input.

    Example: iou-doctor compare old.npy new.npy masks.npy --num-classes 3
    """
    try:
        if options.beyond_noise and not options.fail_if_worse:
            raise UsageError("--beyond-noise changes what --fail-if-worse does; give both")
        wanted = _plan_files(options)
        if _are_reports(options):
            from iou_doctor.report.stored_reports import compare_reports

            confidence = options.check_confidence()
            comparison = compare_reports(options.before, options.after, confidence=confidence)
        elif _are_parts(options):
            comparison = _compare_parts(options)
        else:
            comparison = _compare(*_build_requests(options), progress=options.progress)
        _write_files(comparison, wanted, options.pictures)
    except IouDoctorError as error:
        refuse(error)
    sys.stdout.write(_render(comparison, options.output_format))
    if options.fail_if_worse and _is_worse(comparison, beyond_noise=options.beyond_noise):
        raise typer.Exit(1)


def _plan_files(options: CompareOptions) -> "tuple[ReportOutput, ...]":
    if not options.reports:
        return ()
    from iou_doctor.cli.outputs import plan_files
    from iou_doctor.safety.protected_files import protect_inputs

    inputs = [path for path in (options.before, options.after, options.masks) if path]
    inputs += options.list_files_read()
    return plan_files(options.reports, formats=FORMATS, protected=protect_inputs(inputs))


def _write_files(
    comparison: "Comparison", wanted: "tuple[ReportOutput, ...]", pictures: int
) -> None:
    if not wanted:
        return
    from dataclasses import replace

    from iou_doctor.cli.outputs import has_page, write_files

    if has_page(wanted):
        from iou_doctor.pictures.changes import build_changes

        comparison = replace(comparison, changes=build_changes(comparison, pictures))
    write_files([(entry, _render(comparison, entry.format, on_screen=False)) for entry in wanted])


def _are_reports(options: CompareOptions) -> bool:
    """Return whether two JSON reports are compared."""
    if not _end_with(options, ".json"):
        return False
    if options.versus_metric is not None or options.metric is not None:
        raise UsageError("a JSON report has its metric already: give neither --metric nor another")
    return True


def _are_parts(options: CompareOptions) -> bool:
    """Return whether two parts are compared: an .npz file without masks has to be one."""
    if options.versus_metric is not None or not _end_with(options, ".npz"):
        return False
    if options.metric is not None:
        raise UsageError("a part has its metric already: leave out --metric")
    return True


def _end_with(options: CompareOptions, suffix: str) -> bool:
    names = options.before, options.after
    return options.masks is None and all(name.lower().endswith(suffix) for name in names)


def _compare_parts(options: CompareOptions) -> "Comparison":
    from iou_doctor.parts.compare_parts import compare_parts
    from iou_doctor.parts.file import read_part

    before, after = read_part(options.before), read_part(options.after)
    return compare_parts(before, after, confidence=options.check_confidence())


def _build_requests(options: CompareOptions) -> "tuple[CheckRequest, CheckRequest]":
    from dataclasses import replace

    request = replace(options.build_request(), confidence=options.check_confidence())
    if options.versus_metric is None:
        if options.masks is None:
            raise UsageError(
                "give BEFORE, AFTER and MASKS, or two JSON reports, or two parts; to compare two"
                " metrics, give PREDICTIONS and MASKS, and the second metric with --versus-metric"
            )
        return (
            replace(request, predictions=options.before),
            replace(request, predictions=options.after),
        )
    if options.masks is not None:
        raise UsageError(
            "--versus-metric compares two metrics on one pair: give PREDICTIONS and MASKS only"
        )
    request = replace(request, predictions=options.before, masks=options.after)
    return request, replace(request, metric=options.versus_metric)


def _compare(before: "CheckRequest", after: "CheckRequest", *, progress: bool) -> "Comparison":
    from iou_doctor.cli.progress import show_progress
    from iou_doctor.diagnosis.compare import compare as compare_requests
    from iou_doctor.sources.files.bus_errors import BUS_ERRORS

    with show_progress(wanted=progress) as advance, BUS_ERRORS.catch():
        return compare_requests(before, after, progress=advance)


def _is_worse(comparison: "Comparison", *, beyond_noise: bool) -> bool:
    """Return whether the second number is lower, or is missing while the first is there."""
    before, after = comparison.numbers
    if after is None or before is None:
        return before is not None
    return after < before and not (beyond_noise and comparison.may_be_noise)


def _render(comparison: "Comparison", output_format: str, *, on_screen: bool = True) -> str:
    if output_format == "html":
        from iou_doctor.render.html import comparison_page

        return comparison_page.render(comparison)
    if output_format == "markdown":
        from iou_doctor.render import comparison_markdown

        return comparison_markdown.render(comparison)
    if output_format == "json":
        from iou_doctor.render import comparison_json

        return comparison_json.render(comparison, version=__version__)
    from iou_doctor.render.comparison_text import render
    from iou_doctor.render.console import make_file_console, make_screen_console

    return render(comparison, make_screen_console() if on_screen else make_file_console())

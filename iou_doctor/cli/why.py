"""The command `why`: find what may have caused a printed score."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from iou_doctor.cli.options import (
    COMPARISON,
    OUTPUT,
    ArrayOptions,
    BatchSize,
    MasksAs,
    PredictionsAs,
    Progress,
    declare_option,
)
from iou_doctor.cli.run import refuse
from iou_doctor.cli.signature import with_options
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.report.version import __version__

if TYPE_CHECKING:
    from iou_doctor.report.score_lookup import PrintedScore, ScoreLookup


class WhyOptions(ArrayOptions):
    """The options of `iou-doctor why`."""

    score: Annotated[
        str,
        typer.Argument(
            metavar="SCORE",
            help="The score as it was printed: 0.3333, 33.33 or 33.33%.",
            show_default=False,
        ),
    ]
    predictions: Annotated[
        str | None, typer.Argument(metavar="PREDICTIONS", help="As for `check`.")
    ] = None
    masks: Annotated[str | None, typer.Argument(metavar="MASKS", help="As for `check`.")] = None
    versus: Annotated[
        str | None,
        declare_option(
            COMPARISON, "Another printed score: say what separates the two.", metavar="SCORE"
        ),
    ] = None
    predictions_as: PredictionsAs = None
    masks_as: MasksAs = None
    batch_size: BatchSize = None
    output_format: Annotated[
        Literal["full", "json"], declare_option(OUTPUT, "How to write the answer.")
    ] = "full"
    verbose: Annotated[
        bool, declare_option(OUTPUT, "Print every explanation.", "--verbose", "-v")
    ] = False
    progress: Progress = True


@with_options(WhyOptions)
def why(_context: typer.Context, options: WhyOptions) -> None:
    """Find the implementations, conventions and faults that give exactly this number.

    With PREDICTIONS and MASKS, every implementation is tried on the arrays as they are and as
    common faults would leave them. Without them, the answer lists scores that reveal a fault on
    their own. With --versus, a second number is explained, and what separates the two.

    Exit codes: 0 the answer is on stdout, 2 bad usage or unreadable input.

    Example: iou-doctor why 0.3333 preds.npy masks.npy --num-classes 3
    """
    try:
        from iou_doctor.report.score_lookup import parse_score

        score = options.score
        _refuse_options(score if score[1:2].isalpha() else None, options.predictions, options.masks)
        versus = None if options.versus is None else parse_score(options.versus)
        lookup = _look_up(parse_score(score), versus, options)
    except IouDoctorError as error:
        refuse(error)
    sys.stdout.write(_render(lookup, options.output_format, verbose=options.verbose))


def _look_up(
    printed: "PrintedScore", versus: "PrintedScore | None", options: WhyOptions
) -> "ScoreLookup":
    if (options.predictions is None) != (options.masks is None):
        raise UsageError("PREDICTIONS and MASKS go together: give both or neither")
    if options.predictions is None:
        from iou_doctor.score_search.formula_candidates import collect_formulas
        from iou_doctor.score_search.search import look_up_both

        if options.num_classes is not None:
            from iou_doctor.metrics.user.parse_metric import check_num_classes

            check_num_classes(options.num_classes)
        return look_up_both(printed, versus, collect_formulas(options.num_classes))
    from dataclasses import replace

    from iou_doctor.cli.run import run

    request = replace(options.build_request(), score_to_explain=printed, versus=versus)
    report = run(request, progress=options.progress)
    if report.lookup is None:
        raise AssertionError("a request with a score to explain gives a report with a lookup")
    return report.lookup


def _refuse_options(*arguments: str | None) -> None:
    """Refuse an unknown option, which Typer passes on because a score may begin with `-`."""
    for argument in arguments:
        if argument and argument.startswith("-"):
            raise UsageError(f"no such option: {argument}; `iou-doctor why --help` lists them")


def _render(lookup: "ScoreLookup", output_format: str, *, verbose: bool) -> str:
    if output_format == "json":
        from iou_doctor.render import lookup_json

        return lookup_json.render(lookup, version=__version__)
    from rich.console import Console

    from iou_doctor.render import lookup_text

    return lookup_text.render(lookup, Console(markup=False, emoji=False), verbose=verbose)

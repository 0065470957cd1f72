"""`iou-doctor why`: from a printed score back to its causes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from iou_doctor.cli.options import (
    OUTPUT,
    BatchSize,
    IgnoreIndex,
    LayoutLetters,
    MasksAs,
    MetricCall,
    NumClasses,
    PredictionsAs,
    Progress,
    Threshold,
    reading_options,
)
from iou_doctor.cli.refuse import refuse
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.report.version import __version__

if TYPE_CHECKING:
    from iou_doctor.arrays.interpretation import Options
    from iou_doctor.report.score_lookup import PrintedScore, ScoreLookup


def why(
    score: Annotated[
        str,
        typer.Argument(
            metavar="SCORE",
            help="The score as it was printed: 0.3333, 33.33 or 33.33%.",
            show_default=False,
        ),
    ],
    predictions: Annotated[
        str | None, typer.Argument(metavar="PREDICTIONS", help="As for `check`.")
    ] = None,
    masks: Annotated[str | None, typer.Argument(metavar="MASKS", help="As for `check`.")] = None,
    num_classes: NumClasses = None,
    metric: MetricCall = None,
    ignore_index: IgnoreIndex = None,
    layout: LayoutLetters = None,
    threshold: Threshold = None,
    predictions_as: PredictionsAs = None,
    masks_as: MasksAs = None,
    batch_size: BatchSize = None,
    output_format: Annotated[
        Literal["full", "json"],
        typer.Option(help="How to write the answer.", rich_help_panel=OUTPUT),
    ] = "full",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Every explanation.", rich_help_panel=OUTPUT)
    ] = False,
    progress: Progress = True,
) -> None:
    """Tell which implementations, conventions and faults give this very number.

    With PREDICTIONS and MASKS every implementation is tried on the arrays as they are and as
    common faults would leave them; without, the numbers that betray a fault by themselves.

    Exit codes: 0 the answer stands on stdout, 2 bad usage or unreadable input.

    Example: iou-doctor why 0.3333 preds.npy masks.npy --num-classes 3
    """
    try:
        from iou_doctor.report.score_lookup import parse_score

        _refuse_options(score if score[1:2].isalpha() else None, predictions, masks)
        printed = parse_score(score)
        options = reading_options(
            num_classes=num_classes,
            ignore_index=ignore_index,
            layout=layout,
            threshold=threshold,
            predictions_as=predictions_as,
            masks_as=masks_as,
        )
        lookup = _lookup(
            printed, predictions, masks, options, metric, batch_size=batch_size, progress=progress
        )
        _check_possible(lookup)
    except IouDoctorError as error:
        refuse(error)
    sys.stdout.write(_text(lookup, output_format, verbose=verbose))


def _lookup(
    printed: PrintedScore,
    predictions: str | None,
    masks: str | None,
    options: Options,
    metric: str | None,
    *,
    batch_size: int | None,
    progress: bool,
) -> ScoreLookup:
    if (predictions is None) != (masks is None):
        raise UsageError("PREDICTIONS and MASKS go together: give both or neither")
    if predictions is None or masks is None:
        from iou_doctor.score_search.candidates import collect_candidates
        from iou_doctor.score_search.search import look_up

        return look_up(printed, collect_candidates(num_classes=options.num_classes))
    from iou_doctor.cli.progress import progress_bar
    from iou_doctor.diagnosis.pipeline import Questions, check
    from iou_doctor.sources.opening import open_pair

    questions = Questions(metric_call=metric, batch_size=batch_size, seen=printed)
    pair = open_pair(y_true=masks, y_pred=predictions)
    with progress_bar(shown=progress) as advance:
        report = check(pair, options, questions, progress=advance)
    if report.lookup is None:
        raise AssertionError("a score was asked for")
    return report.lookup


def _refuse_options(*arguments: str | None) -> None:
    """Refuse what was taken for an argument since a score may begin with `-`."""
    for argument in arguments:
        if argument and argument.startswith("-"):
            raise UsageError(f"no such option: {argument}; `iou-doctor why --help` lists them")


def _check_possible(lookup: ScoreLookup) -> None:
    """Refuse a number that no mean IoU can be, unless these arrays give it all the same."""
    from iou_doctor.report.score_lookup import IMPOSSIBLE

    if not lookup.printed.is_possible and not lookup.matches:
        raise UsageError(f"{lookup.printed.text} is {IMPOSSIBLE}")


def _text(lookup: ScoreLookup, output_format: str, *, verbose: bool) -> str:
    if output_format == "json":
        from iou_doctor.render import lookup_json

        return lookup_json.render(lookup, version=__version__)
    from rich.console import Console

    from iou_doctor.render import lookup_text

    return lookup_text.render(lookup, Console(markup=False, emoji=False), verbose=verbose)

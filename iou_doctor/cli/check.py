"""One check, from the values of the command line: all that can be refused first, then the scan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from iou_doctor.choices import Device
from iou_doctor.cli.model_options import model_options
from iou_doctor.cli.options import reading_options, words
from iou_doctor.errors import UsageError
from iou_doctor.record import record

if TYPE_CHECKING:
    from iou_doctor.arrays.expected import ExpectedInterpretation
    from iou_doctor.arrays.interpretation import Options
    from iou_doctor.arrays.model import ModelOptions
    from iou_doctor.cli.outputs import Output
    from iou_doctor.diagnosis.pipeline import Questions
    from iou_doctor.report.baseline import Baseline
    from iou_doctor.report.report import Report
    from iou_doctor.report.score_lookup import PrintedScore

NAME = "{name}"
"""Stands for a check's name in the files that it writes and in its baseline."""
LONE_NAME = "check"
NEW_BASELINE = "iou-doctor-baseline.json"
READING = (
    *("num_classes", "ignore_index", "layout", "threshold", "predictions_as", "masks_as"),
    "class_names",
)


@record
class Prepared:
    """A check whose options and outputs were found good."""

    predictions: str
    masks: str
    model: ModelOptions | None
    options: Options
    questions: Questions
    wanted: tuple[Output, ...]
    progress: bool
    jobs: int | None
    device: Device


def prepare(
    values: Mapping[str, Any], *, expected: ExpectedInterpretation | None, name: str = LONE_NAME
) -> Prepared:
    """Return what to do, once nothing speaks against it.

    Args:
        values: the parameters of `iou-doctor check`, by name.
        expected: the reading that the configuration expects.
        name: what stands for `{name}`.

    Raises:
        UsageError: options that cannot work, or an output that cannot be written.
    """
    from iou_doctor.cli import outputs
    from iou_doctor.diagnosis.pipeline import Questions
    from iou_doctor.diagnosis.selection import Selection
    from iou_doctor.scan.device import require_gpu

    predictions, masks = values["predictions"], values["masks"]
    if predictions is None or masks is None:
        raise UsageError(
            "give PREDICTIONS and MASKS, or name them in a configuration file (`iou-doctor init"
            " PREDICTIONS MASKS` writes one); `iou-doctor check -h` says how"
        )
    check_share("--min-iou", values["min_iou"])
    require_gpu(values["device"])
    output, baseline = values["output"], _named(values["baseline"], name)
    reports = [word.replace(NAME, name) for word in values["reports"] or ()]
    if values["write_baseline"]:
        reports.append(f"json={baseline or NEW_BASELINE}")
    return Prepared(
        predictions=predictions,
        masks=masks,
        model=model_options(values),
        options=reading_options(**{key: values[key] for key in READING}),
        questions=Questions(
            metric_call=values["metric"],
            selection=Selection(select=words(values["select"]), ignore=words(values["ignore"])),
            baseline=None if values["write_baseline"] else _loaded(baseline, values["max_drop"]),
            expected=expected,
            all_implementations=values["contracts"] == "all",
            batch_size=values["batch_size"],
            seen=_score(values["seen"]),
        ),
        wanted=outputs.outputs(
            output_format=values["output_format"],
            output=None if output is None else Path(str(output).replace(NAME, name)),
            reports=reports,
            inputs=(predictions, masks, *filter(None, [values["images"]])),
        ),
        progress=values["progress"] and not values["quiet"],
        jobs=values["jobs"],
        device=values["device"],
    )


def run(prepared: Prepared) -> Report:
    """Return the report of a check.

    Raises:
        IouDoctorError: an input cannot be read or understood.
    """
    from iou_doctor.cli.progress import progress_bar
    from iou_doctor.diagnosis.pipeline import check
    from iou_doctor.sources.opening import open_pair

    pair = open_pair(y_true=prepared.masks, y_pred=prepared.predictions, model=prepared.model)
    with progress_bar(shown=prepared.progress) as advance:
        return check(
            pair,
            prepared.options,
            prepared.questions,
            progress=advance,
            jobs=prepared.jobs,
            device=prepared.device,
        )


def exit_code(report: Report, values: Mapping[str, Any], *, name: str | None = None) -> int:
    """Return 1 for findings or a score that are too bad, and say so of a score; else 0.

    Args:
        report: of the check.
        values: its options.
        name: of the check, where there are several.
    """
    from iou_doctor.report.finding import Severity

    fail_on, low = values["fail_on"], too_low(report, values)
    if low is not None:
        of = "" if name is None else f"{name}: "
        typer.echo(f"iou-doctor: {of}{low}", err=True)
    return int(low is not None or (fail_on != "never" and report.fails_at(Severity(fail_on))))


def too_low(report: Report, values: Mapping[str, Any]) -> str | None:
    """Return in words that the score is below --min-iou; `None` where it is not."""
    least, reached = values["min_iou"], report.mean_iou
    if least is None or (reached is not None and reached >= least):
        return None
    said = "none" if reached is None else f"{reached:.4f}"
    return f"mean IoU {said} does not reach --min-iou {least:g}"


def check_share(option: str, value: float | None) -> None:
    """Refuse what is no share: a comparison with NaN never fails a build."""
    if value is not None and not 0 <= value <= 1:
        raise UsageError(f"{option} {value:g}: give a score from 0 to 1, 0.7 for instance")


def _score(text: str | None) -> PrintedScore | None:
    if text is None:
        return None
    from iou_doctor.report.score_lookup import parse_score

    return parse_score(text)


def _named(text: str | None, name: str) -> str | None:
    return None if text is None else text.replace(NAME, name)


def _loaded(baseline: str | None, max_drop: float) -> Baseline | None:
    from iou_doctor.report.baseline import load_baseline

    return None if baseline is None else load_baseline(baseline, max_drop=max_drop)

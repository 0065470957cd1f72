"""`iou-doctor check --all`: every pair of the configuration, a table, and one exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from iou_doctor.cli.check import NAME, Prepared, exit_code, prepare, run, too_low
from iou_doctor.cli.defaults import configuration_of, expected_reading, for_check, from_flag
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.record import record

if TYPE_CHECKING:
    from iou_doctor.report.report import Report

TOGETHER = ("full", "concise", "github", "markdown", "json")
"""Formats of stdout that can hold several checks; the others are one document a check."""


@record
class _Task:
    name: str
    values: Mapping[str, Any]
    prepared: Prepared | IouDoctorError


@record
class _Done:
    name: str
    code: int
    report: Report | None = None
    error: str | None = None
    failure: str | None = None
    """What makes it fail where its arrays are healthy."""


def check_all(context: typer.Context) -> int:
    """Check every pair, one after the other; one that cannot be read does not stop the others.

    Returns:
        The worst exit code.

    Raises:
        UsageError: there is nothing to check, or the outputs of the checks would collide.
    """
    values = context.params
    tasks = _tasks(context)
    as_json = values["output_format"] == "json"
    done = [_done(task, values, as_json=as_json) for task in tasks]
    if as_json:
        typer.echo(_document(done))
    elif values["output_format"] == "full":
        from iou_doctor.render.console import make_screen_console
        from iou_doctor.render.summary import render

        rows = [(one.name, one.report, one.error or one.failure) for one in done]
        typer.echo(render(rows, make_screen_console()), nl=False)
    return max(one.code for one in done)


def _tasks(context: typer.Context) -> list[_Task]:
    configuration = configuration_of(context)
    checks = configuration.settings.check if configuration else None
    if not checks:
        raise UsageError(
            "--all: no configuration file with [[check]] entries; write iou-doctor.toml with a"
            " name, predictions and masks in each"
        )
    values = context.params
    if from_flag(context, "predictions") or from_flag(context, "masks"):
        raise UsageError("--all takes PREDICTIONS and MASKS from the [[check]] entries; give none")
    if values["output_format"] not in TOGETHER:
        form = values["output_format"]
        raise UsageError(
            f"--output-format {form} holds one check; use --report {form}={NAME}.{form} with --all"
        )
    places = {"--report": values["reports"] or (), "--output": [values["output"] or NAME]}
    if values["write_baseline"]:
        shared = values["baseline"] or "iou-doctor-baseline.json"
        places["--baseline"] = [check.baseline or shared for check in checks]
    for option, files in places.items():
        _refuse_shared(option, [str(file) for file in files])
    return [_Task(check.name, *_prepared(context, check)) for check in checks]


def _refuse_shared(option: str, files: Sequence[str]) -> None:
    """Refuse one file for several checks: the last one would win."""
    for file in files:
        if NAME not in file and (option != "--baseline" or files.count(file) > 1):
            raise UsageError(
                f"{option} {file}: with --all each check needs its file; put {NAME} in"
            )


def _prepared(context: typer.Context, check: Any) -> tuple[dict[str, Any], Any]:
    values = for_check(context, check)
    try:
        expected = expected_reading(context, check)
        return values, prepare(values, expected=expected, name=check.name)
    except IouDoctorError as error:
        return values, error


def _done(task: _Task, shared: Mapping[str, Any], *, as_json: bool) -> _Done:
    """Run a check and write its reports; JSON for stdout waits for the other checks."""
    from iou_doctor.cli import outputs

    try:
        if isinstance(task.prepared, IouDoctorError):
            raise task.prepared
        report = run(task.prepared)
        own = [entry for entry in task.prepared.wanted if entry.path or not _waits(shared, as_json)]
        outputs.write(report, own, quiet=shared["quiet"], verbose=shared["verbose"])
    except IouDoctorError as error:
        typer.echo(f"iou-doctor: error: {task.name}: {error}", err=True)
        return _Done(task.name, 2, error=str(error))
    if shared["output_format"] == "full" and not shared["quiet"]:
        typer.echo()
    code = exit_code(report, task.values, name=task.name)
    failure = too_low(report, task.values)
    if code and failure is None and not report.verdict.sick:
        failure = f"--fail-on {task.values['fail_on']}"
    return _Done(task.name, code, report, failure=failure)


def _waits(shared: Mapping[str, Any], as_json: bool) -> bool:
    return as_json or (shared["output_format"] == "full" and shared["quiet"])


def _document(done: Sequence[_Done]) -> str:
    from iou_doctor.render import json_v1
    from iou_doctor.report.version import __version__

    document = {
        "schema_version": 1,
        "tool": {"name": "iou-doctor", "version": __version__},
        "checks": [
            {
                "name": one.name,
                "exit_code": one.code,
                "error": one.error,
                "report": None if one.report is None else json.loads(json_v1.render(one.report)),
            }
            for one in done
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)

"""`iou-doctor check --all`: every pair of the configuration, a table, and one exit code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import typer

from iou_doctor.cli.check_options import CheckOptions
from iou_doctor.cli.child.checked import Checked, SummaryRow, describe_error
from iou_doctor.cli.defaults import (
    apply_check_settings,
    build_expected_interpretation,
    get_configuration,
    is_on_command_line,
    protect_configuration,
)
from iou_doctor.cli.judgement_options import NEW_BASELINE
from iou_doctor.cli.report_options import NAME
from iou_doctor.cli.run import choose_exit_code, describe_low_score, run
from iou_doctor.errors import BAD_USAGE, IouDoctorError, UsageError
from iou_doctor.record import record
from iou_doctor.safety.safe_text import escape_json

if TYPE_CHECKING:
    from iou_doctor.cli.outputs import ReportOutput
    from iou_doctor.config.settings import NamedCheck
    from iou_doctor.diagnosis.request import CheckRequest
    from iou_doctor.report.report import Report
    from iou_doctor.safety.protected_files import ProtectedPath

SHARED_FORMATS = ("full", "concise", "github", "markdown", "json")
"""Formats in which stdout can hold several checks; the others are one document per check."""


@record
class _Task:
    """One check that can be run."""

    name: str
    options: CheckOptions
    """Of the command, with what the configuration says of this check alone."""
    request: CheckRequest
    outputs: tuple[ReportOutput, ...]


@record
class _Refused:
    """One check that cannot be run."""

    name: str
    error: IouDoctorError


def check_all(context: typer.Context, options: CheckOptions) -> int:
    """Check every pair, one after the other; one that cannot be read does not stop the others.

    Returns:
        The worst exit code.

    Raises:
        UsageError: there is nothing to check, or the outputs of the checks would collide.
    """
    supervisor = options.supervisor
    results = [] if supervisor is None else supervisor.checked
    for task in _list_tasks(context, options)[len(results) :]:
        told = supervisor.follow_check(task.name, results) if supervisor else nullcontext()
        with told:
            results.append(_carry_out(task, options))
    if options.output_format == "json":
        typer.echo(_render_document(results))
    elif options.output_format == "full":
        from iou_doctor.render.console import make_screen_console
        from iou_doctor.render.summary import render

        rows = [one.row or SummaryRow(one.name, None, one.error or "", True) for one in results]
        typer.echo(render(rows, make_screen_console()), nl=False)
    return max(one.code for one in results)


def _list_tasks(context: typer.Context, options: CheckOptions) -> list[_Task | _Refused]:
    configuration = get_configuration(context)
    checks = configuration.settings.check if configuration else None
    if not checks:
        raise UsageError(
            "--all: no configuration file with [[check]] entries; write iou-doctor.toml with a"
            " name, predictions and masks in each"
        )
    if is_on_command_line(context, "predictions") or is_on_command_line(context, "masks"):
        raise UsageError("--all takes PREDICTIONS and MASKS from the [[check]] entries; drop them")
    if options.output_format not in SHARED_FORMATS:
        form = options.output_format
        raise UsageError(
            f"--output-format {form} holds one check; use --report {form}={NAME}.{form} with --all"
        )
    _refuse_shared_files(options, checks)
    own = {check.name: apply_check_settings(context, options, check) for check in checks}
    protected = [  # by the reports of any check, not only of its own
        *protect_configuration(context),
        *(path for name, one in own.items() for path in one.list_protected(name=name)),
    ]
    return [_prepare(context, own[check.name], check, protected) for check in checks]


def _refuse_shared_files(options: CheckOptions, checks: Sequence[NamedCheck]) -> None:
    """Refuse one file for several checks, because the last one would overwrite the others."""
    places = {
        "--report": list(options.reports or ()),
        "--output": [] if options.output is None else [str(options.output)],
    }
    if options.write_baseline:
        shared = options.baseline or NEW_BASELINE
        places["--baseline"] = [check.baseline or shared for check in checks]
    for option, files in places.items():
        for file in files:
            if NAME not in file and (option != "--baseline" or files.count(file) > 1):
                raise UsageError(
                    f"{option} {file}: with --all each check needs its file; put {NAME} in"
                )


def _prepare(
    context: typer.Context,
    own: CheckOptions,
    check: NamedCheck,
    protected: Sequence[ProtectedPath],
) -> _Task | _Refused:
    """Return a check with its own options, ready to run; or why it cannot be run."""
    try:
        expected = build_expected_interpretation(context, check)
        request = own.build_request(expected=expected, name=check.name)
        return _Task(check.name, own, request, own.check_outputs(protected, name=check.name))
    except IouDoctorError as error:
        return _Refused(check.name, error)


def _carry_out(task: _Task | _Refused, options: CheckOptions) -> Checked:
    """Run a check and write its reports; JSON for stdout waits for the other checks."""
    from iou_doctor.cli import outputs

    try:
        if isinstance(task, _Refused):
            raise task.error
        report = run(
            task.request,
            progress=options.progress and not options.quiet,
            supervisor=options.supervisor,
            engine=options.engine,
            scheduler=options.scheduler,
        )
        now = [entry for entry in task.outputs if entry.path or not _prints_at_end(options)]
        if outputs.has_page(now):
            from iou_doctor.cli.page import add_page

            report = add_page(report, task.options)
        outputs.write_reports(report, now, quiet=options.quiet, verbose=options.verbose)
    except IouDoctorError as error:
        typer.echo(describe_error(task.name, error), err=True)
        return Checked(task.name, BAD_USAGE, error=str(error))
    if options.output_format == "full" and not options.quiet:
        typer.echo()
    code = choose_exit_code(report, name=task.name)
    failure = (describe_low_score(report) or "").partition(", which")[0] or None
    if code and failure is None and not report.verdict.sick:
        failure = f"--fail-on {task.request.fail_on}"
    return _keep_for_end(Checked(task.name, code), report, failure, options.output_format)


def _keep_for_end(
    result: Checked, report: Report, failure: str | None, output_format: str
) -> Checked:
    """Return a result with what is printed of it after all checks."""
    if output_format == "json":
        from iou_doctor.render import json_v1

        return result._replace(report=json.loads(json_v1.render(report)))
    if output_format == "full":
        from iou_doctor.render.summary import list_scores, name_cause

        cause = "; ".join(part for part in (name_cause(report), failure) if part)
        failed = report.verdict.sick or failure is not None
        return result._replace(row=SummaryRow(result.name, list_scores(report), cause, failed))
    return result


def _prints_at_end(options: CheckOptions) -> bool:
    """Return whether stdout gets one text for all checks and none for each."""
    quiet_table = options.output_format == "full" and options.quiet
    return options.output_format == "json" or quiet_table


def _render_document(results: Sequence[Checked]) -> str:
    from iou_doctor.report.version import __version__

    document = {
        "schema_version": 1,
        "tool": {"name": "iou-doctor", "version": __version__},
        "checks": [
            {
                "name": one.name,
                "exit_code": one.code,
                "error": one.error,
                "report": one.report,
            }
            for one in results
        ],
    }
    return escape_json(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))

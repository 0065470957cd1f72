"""The command `check`: build the request, run it, write the reports, and choose the exit code."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import typer

from iou_doctor.cli.check_options import CheckOptions
from iou_doctor.cli.child.invocation import get_invocation
from iou_doctor.cli.defaults import (
    build_expected_interpretation,
    get_configuration,
    protect_configuration,
)
from iou_doctor.cli.run import choose_exit_code, refuse, run
from iou_doctor.cli.signature import replace_options, with_options
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.safety.safe_text import escape_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iou_doctor.cli.outputs import ReportOutput
    from iou_doctor.report.report import Report


UNSEEN = "only an HTML report shows the --images beside arrays: add --report report.html"
"""What is said of images that nothing shows."""


@with_options(CheckOptions)
def check(context: typer.Context, options: CheckOptions) -> None:
    """Diagnose predictions against masks: which score is right, and why another is reported.

    Options may also come from a configuration file, `num-classes = 3` (`iou-doctor schema config`
    lists the keys), or from the environment, IOU_DOCTOR_NUM_CLASSES=3. A flag wins over both.

    Exit codes: 0 no finding as severe as --fail-on, 1 such findings or a score below
    --min-iou, 2 bad usage or unreadable input, 3 a bug in iou-doctor.
    """
    try:
        if _needs_child(context, options):
            code = _run_in_child(context, options)
        else:
            code = _check(context, _tell_supervisor(context, options))
    except IouDoctorError as error:
        refuse(error)
    raise typer.Exit(code)


def _check(context: typer.Context, options: CheckOptions) -> int:
    """Run the check, or all of the configuration, and return the exit code."""
    if options.verbose:
        _print_what_counts()
    if options.all_checks:
        from iou_doctor.cli.check_all import check_all

        return check_all(context, options)
    from iou_doctor.cli import outputs

    _refuse_named_checks_alone(context, options)
    request = options.build_request(expected=build_expected_interpretation(context))
    protected = (*options.list_protected(), *protect_configuration(context))
    wanted = options.check_outputs(protected)
    report = run(
        request,
        progress=options.progress and not options.quiet,
        supervisor=options.supervisor,
        engine=options.engine,
        scheduler=options.scheduler,
        meanwhile=partial(outputs.load_renderer, wanted),
    )
    if outputs.has_page(wanted):
        from iou_doctor.cli.page import add_page

        report = add_page(report, options)
    outputs.write_reports(report, wanted, quiet=options.quiet, verbose=options.verbose)
    is_unseen = options.images is not None and not options.is_for_model()
    advice = UNSEEN if is_unseen and not outputs.has_page(wanted) else None
    judged = _describe_baseline(report, options), _describe_minimum(report, options)
    for remark in (*judged, _advise_format(wanted), advice):
        if remark is not None:
            typer.echo(f"iou-doctor: {escape_name(remark)}", err=True)
    return choose_exit_code(report)


def _describe_baseline(report: Report, options: CheckOptions) -> str | None:
    """Return what was done with the baseline, where the report does not say it."""
    from iou_doctor.cli.judgement_options import NEW_BASELINE

    if options.write_baseline:
        return f"wrote the baseline {options.baseline or NEW_BASELINE}"
    passed = any(
        one.rule.name == "score-regression" and one.status == "passed" for one in report.outcomes
    )
    if options.baseline is None or not passed:
        return None
    remark = f"no score is more than {options.max_drop:g} below the baseline {options.baseline}"
    return f"{remark}, except within noise" if options.beyond_noise else remark


def _describe_minimum(report: Report, options: CheckOptions) -> str | None:
    """Return that a score below the minimum has passed, as the difference is within noise."""
    least, found = options.min_iou, report.mean_iou
    passed = any(
        one.rule.name == "score-below-minimum" and one.status == "passed" for one in report.outcomes
    )
    if least is None or found is None or found >= least or not passed:
        return None
    remark = f"mean IoU {found:.4f} does not reach --min-iou {least:g}"
    return f"{remark}, but the difference is within noise"


def _advise_format(wanted: Sequence[ReportOutput]) -> str | None:
    """Return how to get annotations, if a workflow of GitHub runs this check without them."""
    formats = {entry.format for entry in wanted}
    if os.environ.get("GITHUB_ACTIONS") != "true" or formats & {"github", "markdown", "sarif"}:
        return None
    return "--output-format github writes annotations and the summary of the job"


def _refuse_named_checks_alone(context: typer.Context, options: CheckOptions) -> None:
    """Refuse a run without arrays if the configuration has some under `[[check]]`."""
    configuration = get_configuration(context)
    if configuration is None or not configuration.settings.check:
        return
    if options.predictions is None and options.masks is None:
        raise UsageError(
            f"{configuration.path} has its arrays under [[check]]: add --all to check them, or give"
            " PREDICTIONS and MASKS"
        )


def _print_what_counts() -> None:
    from iou_doctor.scan.native.library import describe_kernels

    typer.echo(f"iou-doctor: uses {describe_kernels()}", err=True)


def _needs_child(context: typer.Context, options: CheckOptions) -> bool:
    """Return whether a model file is to be run, and this is not yet the process for it."""
    invocation = get_invocation(context)
    if invocation.arguments is None or invocation.supervisor is not None:
        return False
    configuration = get_configuration(context)
    checks = (configuration.settings.check if configuration else None) or ()
    by_name = options.all_checks and any(check.images is not None for check in checks)
    return options.is_for_model() or by_name


def _run_in_child(context: typer.Context, options: CheckOptions) -> int:
    from iou_doctor.cli.child.model_process import run_in_child
    from iou_doctor.cli.progress import show_progress

    arguments = get_invocation(context).arguments or ()
    with show_progress(wanted=options.progress and not options.quiet) as advance:
        return run_in_child(arguments, progress=advance, verbose=options.verbose)


def _tell_supervisor(context: typer.Context, options: CheckOptions) -> CheckOptions:
    """Return the options with the process that waits for this one, if there is one."""
    supervisor = get_invocation(context).supervisor
    if supervisor is None:
        return options
    supervisor.discard_record()  # the warnings about variables were shown already
    return replace_options(options, {"supervisor": supervisor})

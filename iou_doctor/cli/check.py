"""The command `check`: build the request, run it, write the reports, and choose the exit code."""

from __future__ import annotations

import typer

from iou_doctor.cli.check_options import CheckOptions
from iou_doctor.cli.defaults import build_expected_interpretation, protect_configuration
from iou_doctor.cli.run import choose_exit_code, refuse, run
from iou_doctor.cli.signature import with_options
from iou_doctor.errors import IouDoctorError


@with_options(CheckOptions)
def check(context: typer.Context, options: CheckOptions) -> None:
    """Diagnose predictions against masks: which score is right, and why another is reported.

    Options may also come from a configuration file, `num-classes = 3` (`iou-doctor schema config`
    lists the keys), or from the environment, IOU_DOCTOR_NUM_CLASSES=3. A flag wins over both.

    Exit codes: 0 no finding as severe as --fail-on, 1 such findings or a score below
    --min-iou, 2 bad usage or unreadable input, 3 a bug in iou-doctor.
    """
    try:
        if options.verbose:
            _print_what_counts()
        if options.all_checks:
            from iou_doctor.cli.check_all import check_all

            code = check_all(context, options)
        else:
            from iou_doctor.cli import outputs

            request = options.build_request(expected=build_expected_interpretation(context))
            protected = (*options.list_protected(), *protect_configuration(context))
            wanted = options.check_outputs(protected)
            report = run(request, progress=options.progress and not options.quiet)
            outputs.write_reports(report, wanted, quiet=options.quiet, verbose=options.verbose)
            code = choose_exit_code(report, request)
    except IouDoctorError as error:
        refuse(error)
    raise typer.Exit(code)


def _print_what_counts() -> None:
    from iou_doctor.scan.native.library import describe_kernels

    typer.echo(f"iou-doctor: uses {describe_kernels()}", err=True)

"""The commands `plan` and `scan`: decide how to read all shards, and scan one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from iou_doctor.cli.child.invocation import get_invocation
from iou_doctor.cli.defaults import is_on_command_line, protect_configuration
from iou_doctor.cli.run import refuse
from iou_doctor.cli.scan_options import READING, PlanOptions, ScannedArrays, ScanOptions
from iou_doctor.cli.signature import replace_options, with_options
from iou_doctor.errors import IouDoctorError, UsageError

if TYPE_CHECKING:
    from iou_doctor.arrays.source import Pair
    from iou_doctor.diagnosis.request import CheckRequest
    from iou_doctor.parts.plan_file import Plan
    from iou_doctor.parts.scan_shard import ShardScan

Options = TypeVar("Options", bound=ScannedArrays)


@with_options(PlanOptions)
def plan(context: typer.Context, options: PlanOptions) -> None:
    """Decide how to read the arrays, once for all shards.

    `scan --plan PLAN` then reads every shard in this way.
    """
    _run(context, options, _write_plan)


@with_options(ScanOptions)
def scan(context: typer.Context, options: ScanOptions) -> None:
    """Scan one shard of the samples, and write what a report needs of it to a part.

    `iou-doctor report PART...` makes the report from the parts of all shards. It says what `check`
    says of the whole.
    """
    _run(context, options, _scan)


def _run(
    context: typer.Context, options: Options, work: Callable[[typer.Context, Options], None]
) -> None:
    """Do the work, in a process of its own if a model runs; exit with 2 after an error."""
    invocation, code = get_invocation(context), 0
    try:
        if not options.is_for_model() or invocation.arguments is None:
            work(context, options)
        elif invocation.supervisor is None:
            code = _run_in_child(context, options)
        else:
            invocation.supervisor.discard_record()  # what the waiting process has said already
            work(context, replace_options(options, {"supervisor": invocation.supervisor}))
    except IouDoctorError as error:
        refuse(error)
    raise typer.Exit(code)


def _run_in_child(context: typer.Context, options: ScannedArrays) -> int:
    from iou_doctor.cli.child.model_process import run_in_child
    from iou_doctor.cli.progress import show_progress

    arguments = get_invocation(context).arguments or ()
    with show_progress(wanted=options.progress) as advance:
        return run_in_child(arguments, progress=advance)


def _write_plan(context: typer.Context, options: PlanOptions) -> None:
    from iou_doctor.diagnosis.pipeline import open_arrays
    from iou_doctor.parts.job import make_job
    from iou_doctor.parts.look import look_over
    from iou_doctor.parts.plan_file import Plan, write_plan
    from iou_doctor.sources.files.bus_errors import BUS_ERRORS

    _check_output(context, options, options.output)
    request = options.build_request()
    with BUS_ERRORS.catch():
        pair = open_arrays(request)
        look = look_over(pair, request)
        job = make_job(pair, request, look.layout, 1)
    write_plan(options.output, Plan(job, look.questions))
    typer.echo(f"iou-doctor: {options.output} has the plan for {look.layout.samples:,} samples")


def _scan(context: typer.Context, options: ScanOptions) -> None:
    from iou_doctor.cli.progress import show_progress
    from iou_doctor.diagnosis.pipeline import open_arrays
    from iou_doctor.parts.scan_shard import find_unfinished, scan_to_file
    from iou_doctor.sources.files.bus_errors import BUS_ERRORS

    for place in (options.output, find_unfinished(options.output)):
        _check_output(context, options, place)
    request, told = _read_plan(context, options)
    wanted = options.progress and options.supervisor is None
    with show_progress(wanted=wanted) as advance, BUS_ERRORS.catch():
        prepared = _prepare(open_arrays(request), request, options, told)
        progress = options.supervisor.report_progress if options.supervisor else advance
        prepared = replace(prepared, progress=progress)
        part = scan_to_file(prepared, options.output, resume=options.resume)
    samples = part.job.list_samples(prepared.shard)
    typer.echo(
        f"iou-doctor: {options.output} has shard {prepared.shard}/{part.job.shards},"
        f" {len(samples):,} of {part.job.layout.samples:,} samples"
    )


def _read_plan(context: typer.Context, options: ScanOptions) -> tuple[CheckRequest, Plan | None]:
    """Return what to scan, and the plan if there is one, which then decides the reading.

    Raises:
        UsageError: an option cannot work, or says what the plan has decided.
    """
    request = replace(options.build_request(), jobs=options.jobs, device=options.device)
    if options.plan is None:
        return request, None
    from iou_doctor.parts.plan_file import read_plan

    told = next((name for name in READING if is_on_command_line(context, name)), None)
    if told is not None:
        option = f"--{told.replace('_', '-')}"
        raise UsageError(f"{option}: --plan has decided it; give it to `iou-doctor plan`")
    plan = read_plan(options.plan)
    request = replace(
        request,
        options=plan.job.options,
        metric=plan.job.metric,
        all_implementations=plan.job.counts_for_all,
        ledger=plan.job.ledger,
    )
    return request, plan


def _prepare(
    pair: Pair, request: CheckRequest, options: ScanOptions, plan: Plan | None
) -> ShardScan:
    """Return the scan of a shard, with the reading of the plan or of a look of its own."""
    from iou_doctor.diagnosis.pipeline import choose_settings
    from iou_doctor.parts.job import make_job, refuse_other_job
    from iou_doctor.parts.look import look_over
    from iou_doctor.parts.plan_file import read_again
    from iou_doctor.parts.scan_shard import ShardScan
    from iou_doctor.scan.device import require_gpu

    require_gpu(options.device)
    again = None if options.again is None else read_again(options.again)
    shard, shards = options.parse_shard()
    if plan is None:
        look = look_over(pair, request)
        job, questions = make_job(pair, request, look.layout, shards), look.questions
        if again is None and shards > 1:
            typer.echo(
                "iou-doctor: no --plan was given, so the reading comes from a look over all samples"
            )
    else:
        job = make_job(pair, request, plan.job.layout, shards)
        refuse_other_job(
            replace(plan.job, shards=shards), job, (str(options.plan), pair.y_pred.path)
        )
        questions = plan.questions
    return ShardScan(pair, job, again or questions, shard, choose_settings(request))


def _check_output(context: typer.Context, options: ScannedArrays, place: Path) -> None:
    """Refuse an output that cannot be written, or that would replace an input."""
    from iou_doctor.safety.atomic_files import check_writable, follow_links
    from iou_doctor.safety.protected_files import describe_conflict, protect_inputs

    inputs = [path for path in (options.predictions, options.masks, options.images) if path]
    protected = (*protect_inputs(inputs), *protect_configuration(context))
    try:
        path = follow_links(place)
        if conflict := describe_conflict(path, protected):
            raise UsageError(f"--output {place}: {conflict}; name another file")
        check_writable(path)
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"--output {place}: cannot be written ({why})") from error

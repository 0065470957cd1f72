"""The commands `plan` and `scan`: decide how to read all shards, and scan one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import typer

from iou_doctor.cli.child.invocation import get_invocation
from iou_doctor.cli.defaults import is_on_command_line, protect_configuration
from iou_doctor.cli.run import refuse
from iou_doctor.cli.scan_options import READING, PlanOptions, ScannedArrays, ScanOptions
from iou_doctor.cli.signature import replace_options, with_options
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.safety.safe_text import escape_name

if TYPE_CHECKING:
    from iou_doctor.arrays.source import Pair
    from iou_doctor.diagnosis.questions import AnyQuestion
    from iou_doctor.diagnosis.request import CheckRequest
    from iou_doctor.parts.plan_file import Plan
    from iou_doctor.parts.scan_shard import ShardScan

Options = TypeVar("Options", bound=ScannedArrays)


@with_options(PlanOptions)
def plan(context: typer.Context, options: PlanOptions) -> None:
    """Decide how to read the arrays, once for all shards.

    `iou-doctor scan --plan PLAN` then reads every shard in this way.

    Exit codes: 0 the plan is written, 2 bad usage, unreadable input or an output that cannot be
    written.

    Example: iou-doctor plan preds.npy masks.npy --num-classes 3 --output plan.json
    """
    _run(context, options, _write_plan)


@with_options(ScanOptions)
def scan(context: typer.Context, options: ScanOptions) -> None:
    """Scan one shard of the samples, and write its part of the report to a file.

    `iou-doctor report PART...` makes the report from the parts of all shards. It says what `check`
    says of the whole.

    Exit codes: 0 the part is written, 2 bad usage, unreadable input or an output that cannot be
    written.

    Example: iou-doctor scan preds.npy masks.npy --plan plan.json --shard 3/64 --output part-3.npz
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

    _refuse_outputs(context, options, [options.output])
    request = options.build_request()
    with BUS_ERRORS.catch():
        pair = open_arrays(request)
        look = look_over(pair, request)
        job = make_job(pair, request, look.layout, 1)
    write_plan(options.output, Plan(job, look.questions))
    place = escape_name(str(options.output))
    typer.echo(f"iou-doctor: {place} has the plan for {look.layout.samples:,} samples")


def _scan(context: typer.Context, options: ScanOptions) -> None:
    from iou_doctor.cli.progress import show_progress
    from iou_doctor.diagnosis.pipeline import open_arrays
    from iou_doctor.parts.scan_shard import find_unfinished, scan_to_file
    from iou_doctor.sources.files.bus_errors import BUS_ERRORS

    places = [options.output, find_unfinished(options.output)]
    read = [file for file in (options.plan, options.again) if file]
    _refuse_outputs(context, options, places, read=read)
    asked = _read_options(context, options)
    wanted = options.progress and options.supervisor is None
    with show_progress(wanted=wanted) as advance, BUS_ERRORS.catch():
        prepared = _prepare(open_arrays(asked.request), asked)
        progress = options.supervisor.report_progress if options.supervisor else advance
        prepared = replace(prepared, progress=progress)
        part = scan_to_file(prepared, options.output, resume=options.resume)
    samples = part.job.list_samples(asked.shard)
    typer.echo(
        f"iou-doctor: {escape_name(str(options.output))} has shard {asked.shard}/{asked.shards},"
        f" {len(samples):,} of {part.job.layout.samples:,} samples"
    )


class _Asked(NamedTuple):
    """What a scan is asked for. Nothing of it needs the arrays, which may take long to open."""

    request: CheckRequest
    shard: int
    shards: int
    plan: Plan | None
    plan_file: str | None
    again_file: str | None
    again: tuple[AnyQuestion, ...] | None
    """The questions of the second round; `None` in the first one."""


def _read_options(context: typer.Context, options: ScanOptions) -> _Asked:
    """Return what to scan, in the reading of the plan if there is one.

    Raises:
        UsageError: an option cannot work, or says what the plan has decided.
    """
    from iou_doctor.parts.plan_file import read_again, read_plan
    from iou_doctor.scan.device import require_gpu

    shard, shards = options.parse_shard()
    require_gpu(options.device)
    request = replace(options.build_request(), jobs=options.jobs, device=options.device)
    again = None if options.again is None else read_again(options.again)
    if options.plan is None:
        return _Asked(request, shard, shards, None, None, options.again, again)
    said = next((name for name in READING if is_on_command_line(context, name)), None)
    if said is not None:
        option = f"--{said.replace('_', '-')}"
        raise UsageError(f"{option}: --plan has decided it; give it to `iou-doctor plan`")
    plan = read_plan(options.plan)
    request = replace(
        request,
        options=plan.job.options,
        metric=plan.job.metric,
        all_implementations=plan.job.counts_for_all,
        ledger=plan.job.ledger,
    )
    return _Asked(request, shard, shards, plan, options.plan, options.again, again)


def _prepare(pair: Pair, asked: _Asked) -> ShardScan:
    """Return the scan of a shard, with the reading of the plan or of a look of its own."""
    from iou_doctor.diagnosis.pipeline import choose_settings
    from iou_doctor.parts.job import make_job, refuse_other_job
    from iou_doctor.parts.look import look_over
    from iou_doctor.parts.plan_file import refuse_foreign
    from iou_doctor.parts.scan_shard import ShardScan

    request, plan = asked.request, asked.plan
    if plan is None:
        look = look_over(pair, request)
        job, questions = make_job(pair, request, look.layout, asked.shards), look.questions
        if asked.again is None and asked.shards > 1:
            typer.echo(
                "iou-doctor: no --plan was given, so the reading comes from a look over all"
                " samples",
                err=True,
            )
    else:
        job, questions = make_job(pair, request, plan.job.layout, asked.shards), plan.questions
        planned = replace(plan.job, shards=asked.shards)
        refuse_other_job(planned, job, (str(asked.plan_file), pair.y_pred.path))
    if asked.again is not None:
        refuse_foreign(asked.again, job.layout, str(asked.again_file))
    return ShardScan(pair, job, asked.again or questions, asked.shard, choose_settings(request))


def _refuse_outputs(
    context: typer.Context,
    options: ScannedArrays,
    places: Sequence[Path],
    *,
    read: Sequence[str] = (),
) -> None:
    """Refuse an output that cannot be written, or that would replace what is read.

    Args:
        context: of the command.
        options: of the command, which name the arrays.
        places: the outputs.
        read: the other files that the command reads.
    """
    from iou_doctor.cli.outputs import ReportOutput, refuse_unwritable
    from iou_doctor.safety.protected_files import protect_inputs

    inputs = [path for path in (options.predictions, options.masks, options.images, *read) if path]
    inputs += options.list_files_read()
    protected = (*protect_inputs(inputs), *protect_configuration(context))
    outputs = [ReportOutput("part", place, f"--output {place}") for place in places]
    refuse_unwritable(outputs, protected)

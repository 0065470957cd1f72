"""The command line: parse, call, print, exit. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from iou_doctor.cli.defaults import ConfigFile, NoConfig, expected_reading
from iou_doctor.cli.fix import fix
from iou_doctor.cli.help import Command, Group
from iou_doctor.cli.init import init
from iou_doctor.cli.model_options import (
    Images,
    InputScale,
    OutputName,
    Resize,
    Signature,
    TrustModel,
)
from iou_doctor.cli.options import (
    BaselineFile,
    BatchSize,
    ClassNames,
    Contracts,
    CountOn,
    Every,
    FailsOn,
    Ignore,
    IgnoreIndex,
    Jobs,
    LayoutLetters,
    LeastScore,
    MasksAs,
    MasksOrFile,
    MaxDrop,
    MetricCall,
    NumClasses,
    OutputFile,
    OutputFormat,
    PredictionsAs,
    PredictionsOrFile,
    Progress,
    Quiet,
    Reports,
    RuleName,
    Seen,
    Select,
    Threshold,
    Verbose,
    WriteBaseline,
)
from iou_doctor.cli.refuse import refuse
from iou_doctor.cli.why import why
from iou_doctor.errors import IouDoctorError
from iou_doctor.report.version import __version__

EXAMPLES = """\
iou-doctor check preds.npy masks.npy --num-classes 3
iou-doctor check runs/p.h5::/softmax masks/ --ignore-index 255 --fail-on warning
iou-doctor check preds.npy masks.npy --output-format github --report sarif=o.sarif
iou-doctor check model/ masks/ --images images/ --input-scale 1/255
iou-doctor check --all
"""

WHY = {"ignore_unknown_options": True}
"""-0.1 is a score, if an impossible one."""


def _parameters_of_all_commands() -> set[str]:
    """Return the parameter names of every command; a run builds only the command it calls."""
    commands = getattr(typer.main.get_command(app), "commands", {}).values()
    return {str(param.name) for command in commands for param in command.params}


app = typer.Typer(
    name="iou-doctor",
    cls=Group,
    help="Finds out why a segmentation model's mean IoU is stuck, wrong, or different.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "obj": _parameters_of_all_commands},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"iou-doctor {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[  # the callback acts on it
        bool,
        typer.Option(
            "--version", "-V", help="Print the version.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


@app.command(cls=Command, epilog=EXAMPLES)
def check(
    context: typer.Context,
    predictions: PredictionsOrFile = None,
    masks: MasksOrFile = None,
    every: Every = False,
    num_classes: NumClasses = None,
    metric: MetricCall = None,
    ignore_index: IgnoreIndex = None,
    class_names: ClassNames = None,
    layout: LayoutLetters = None,
    threshold: Threshold = None,
    predictions_as: PredictionsAs = None,
    masks_as: MasksAs = None,
    images: Images = None,
    signature: Signature = None,
    output_name: OutputName = None,
    input_scale: InputScale = None,
    resize: Resize = False,
    trust_model: TrustModel = False,
    select: Select = None,
    ignore: Ignore = None,
    fail_on: FailsOn = "error",
    min_iou: LeastScore = None,
    baseline: BaselineFile = None,
    max_drop: MaxDrop = 0.01,
    write_baseline: WriteBaseline = False,
    contracts: Contracts = "common",
    batch_size: BatchSize = None,
    seen: Seen = None,
    output_format: OutputFormat = "full",
    output: OutputFile = None,
    reports: Reports = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    jobs: Jobs = None,
    device: CountOn = "auto",
    progress: Progress = True,
    no_config: NoConfig = False,
    config: ConfigFile = None,
) -> None:
    """Diagnose predictions against masks: which score is right, and why another is reported.

    Options may stand in a configuration file, `num-classes = 3` (`iou-doctor schema config` lists
    the keys), or in the environment, IOU_DOCTOR_NUM_CLASSES=3; a flag comes before both.

    Exit codes: 0 nothing as bad as --fail-on, 1 findings, 2 bad usage or unreadable input,
    3 a fault of iou-doctor itself.
    """
    try:
        if every:
            from iou_doctor.cli.check_all import check_all

            code = check_all(context)
        else:
            from iou_doctor.cli import outputs
            from iou_doctor.cli.check import exit_code, prepare, run

            prepared = prepare(context.params, expected=expected_reading(context))
            report = run(prepared)
            outputs.write(report, prepared.wanted, quiet=quiet, verbose=verbose)
            code = exit_code(report, context.params)
    except IouDoctorError as error:
        refuse(error)
    raise typer.Exit(code)


app.command(cls=Command)(fix)
app.command(cls=Command)(init)
app.command(cls=Command, context_settings=WHY)(why)


@app.command()
def rules() -> None:
    """List every rule: code, severity, name, and the fault in a few words."""
    from iou_doctor.checks.registry import load_checks

    for entry in load_checks():
        rule = entry.rule
        typer.echo(f"{rule.code}  {rule.severity:<7}  {rule.name:<24}  {rule.claim}")


@app.command()
def explain(
    rule: RuleName,
) -> None:
    """Print the manual of a rule: what it finds, why the number is wrong, and the way out."""
    from iou_doctor.checks.registry import load_checks

    known = {entry.rule.code: entry for entry in load_checks()}
    known |= {entry.rule.name: entry for entry in load_checks()}
    known |= {entry.rule.code.removeprefix("IOU"): entry for entry in load_checks()}
    entry = known.get(rule.upper()) or known.get(rule.lower())
    if entry is None:
        from iou_doctor.diagnosis.selection import no_such_rule

        refuse(no_such_rule(rule))
    typer.echo(f"{entry.rule.code} {entry.rule.name} ({entry.rule.severity})\n\n{entry.manual}")


@app.command()
def schema(
    name: Annotated[
        Literal["report", "config"],
        typer.Argument(help="Of what: the JSON report, or the configuration file."),
    ] = "report",
) -> None:
    """Print a JSON Schema: of the report that iou-doctor writes, or of its configuration."""
    import json
    from importlib import resources

    if name == "config":
        from iou_doctor.config.validate import json_schema

        typer.echo(json.dumps(json_schema(), indent=2))
        return
    file = resources.files("iou_doctor.render").joinpath("report_schema.json")
    typer.echo(file.read_text("utf-8"), nl=False)

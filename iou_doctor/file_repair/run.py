"""Write repaired copies of the arrays: check, repair, write, and check the copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.arrays.layout import Axes
from iou_doctor.arrays.source import Pair, Source
from iou_doctor.diagnosis.pipeline import check, check_pair, open_arrays
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import OutputError
from iou_doctor.file_repair.options_after import update_options
from iou_doctor.file_repair.storage_axes import StoredAxes, choose_stored_axes
from iou_doctor.file_repair.stream import Progress, RepairStream
from iou_doctor.file_repair.writers import write_arrays
from iou_doctor.file_repair.writers.destinations import (
    Destination,
    choose_destinations,
    find_copy_format,
    list_templates,
)
from iou_doctor.record import record
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.one_hot import OneHot
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding
from iou_doctor.report.repair_plan import (
    RepairPlan,
    build_plan,
    find_unflattened_shape,
    list_copied_sides,
)
from iou_doctor.report.report import Report
from iou_doctor.safety.atomic_files import stage
from iou_doctor.safety.protected_files import ProtectedPath
from iou_doctor.sources.files.bus_errors import BUS_ERRORS
from iou_doctor.sources.files.file_series import FileSeries
from iou_doctor.sources.files.stamps import check_unchanged


@record
class RepairedCopy:
    """One array that was repaired."""

    place: str
    """Where the copy is, as an argument of `iou-doctor check`."""
    causes: tuple[Finding, ...]
    """The findings whose repairs were applied."""
    left_out: tuple[str, ...]
    """The names of images without a partner, which were not copied."""
    unkept: tuple[str, ...] = ()
    """What the copy lacks of what the input has beside its values, in words."""


@record
class RepairedFiles:
    """What `repair_files` wrote."""

    predictions: str
    """The place of the predictions to use from now on: the copy, or else the input."""
    masks: str
    """Likewise the place of the masks."""
    copies: tuple[RepairedCopy, ...]
    unchanged: tuple[str, ...]
    """The places of inputs that needed no repair; empty if nothing was written."""
    request: CheckRequest
    """The check of the arrays at `predictions` and `masks`."""
    report: Report
    """The report of that check; if nothing was written, the report on the inputs."""
    is_trial: bool = False
    """Whether the copies are only planned, and no file was written."""


def repair_files(
    request: CheckRequest,
    *,
    output_dir: Path,
    unsafe: bool = False,
    overwrite: bool = False,
    is_trial: bool = False,
    protected: Sequence[ProtectedPath] = (),
    progress: Progress | None = None,
) -> RepairedFiles:
    """Check a pair, write repaired copies of the arrays that need it, and check the result.

    Args:
        request: the check whose findings are repaired; its metric scores the result too. The
            paths of the arrays are strings.
        output_dir: the folder for the copies, which have the names of the inputs.
        unsafe: whether to apply repairs that may lose or invent information.
        overwrite: whether earlier copies may be replaced.
        is_trial: whether to only plan the copies; then no file is written, and nothing checked.
        protected: what the run reads beside the arrays, which no copy may replace.
        progress: called now and then with the number of samples done and in total.

    Raises:
        UsageError: options contradict each other, or an output would replace an input.
        SourceError: a file cannot be read.
        ReadingError: the arrays cannot be understood.
        OutputError: a file cannot be written.
    """
    y_pred, y_true = str(request.predictions), str(request.masks)
    pair = open_arrays(request)
    before = check_pair(pair, request, progress=progress)
    plan = build_plan(before, unsafe=unsafe)
    if not plan.repaired_sides:
        return RepairedFiles(y_pred, y_true, (), (), request, before)
    stored_axes = _plan_storage(before.reading, plan, pair)
    destinations = choose_destinations(
        pair, list_copied_sides(plan, pair), output_dir, overwrite=overwrite, protected=protected
    )
    streams = _build_streams(pair, before.reading, plan, stored_axes, destinations)
    unkept: Mapping[Path, tuple[str, ...]] = {}
    if not is_trial:
        unkept = _write_copies(streams, pair, overwrite=overwrite, progress=progress)
    places = {Side.MASKS: y_true, Side.PREDICTIONS: y_pred}
    unchanged = tuple(place for side, place in places.items() if side not in destinations)
    places |= {stream.side: stream.destination.place for stream in streams}
    checked = replace(
        request,
        predictions=places[Side.PREDICTIONS],
        masks=places[Side.MASKS],
        options=update_options(request.options, before.reading, plan, stored_axes),
    )
    return RepairedFiles(
        predictions=places[Side.PREDICTIONS],
        masks=places[Side.MASKS],
        copies=tuple(_describe_copy(stream, plan, pair, unkept) for stream in streams),
        unchanged=unchanged,
        request=checked,
        report=before if is_trial else check(checked, progress=progress),
        is_trial=is_trial,
    )


def _plan_storage(
    interpretation: Interpretation, plan: RepairPlan, pair: Pair
) -> dict[Side, StoredAxes]:
    """Return the axes to store the copy of each side with."""

    def choose(side: Side, other: Side) -> StoredAxes:
        return choose_stored_axes(
            _get_axes(interpretation, side),
            _get_axes(interpretation, other),
            arranged=_is_arranged(plan, side),
            other_arranged=_is_arranged(plan, other),
            images=_get_source(pair, side).names is not None,
            class_axis=_find_wanted_class_axis(plan, side),
        )

    return {
        Side.MASKS: choose(Side.MASKS, Side.PREDICTIONS),
        Side.PREDICTIONS: choose(Side.PREDICTIONS, Side.MASKS),
    }


def _is_arranged(plan: RepairPlan, side: Side) -> bool:
    return any(isinstance(step, Arrange) for step in plan.steps[side])


def _find_wanted_class_axis(plan: RepairPlan, side: Side) -> int:
    """Return where the steps want the class axis; -1, the last one, if none asks for another."""
    wanted = (s.class_axis for s in plan.steps[side] if isinstance(s, (Arrange, OneHot)))
    return next((axis for axis in wanted if axis is not None), -1)


def _build_streams(
    pair: Pair,
    interpretation: Interpretation,
    plan: RepairPlan,
    stored_axes: dict[Side, StoredAxes],
    destinations: dict[Side, Destination],
) -> list[RepairStream]:
    """Return one stream for each side that has steps, the predictions first."""
    return [
        RepairStream(
            side=side,
            source=_get_source(pair, side),
            axes=_get_axes(interpretation, side),
            steps=plan.steps[side],
            stored_axes=stored_axes[side],
            destination=destinations[side],
            templates=list_templates(pair, side, plan.steps[side]),
            stems=_choose_stems(pair, plan),
            unflattened=find_unflattened_shape(interpretation, side),
        )
        for side in destinations
    ]


def _choose_stems(pair: Pair, plan: RepairPlan) -> tuple[str, ...]:
    """Return names by which the copies of listed files pair up with the other side.

    Lists pair files line by line, whatever their names are, and the copies are in a folder.
    """
    sources = pair.y_true, pair.y_pred
    if not all(isinstance(source, FileSeries) and source.is_listed for source in sources):
        return ()
    names = pair.y_pred.names if plan.repaired_sides == (Side.MASKS,) else pair.y_true.names
    return names or ()


def _write_copies(
    streams: list[RepairStream], pair: Pair, *, overwrite: bool, progress: Progress | None
) -> dict[Path, tuple[str, ...]]:
    """Write all copies, or none. Two arrays of one file are written together.

    Returns:
        For each copy what it lacks of what the input has.
    """
    unkept: dict[Path, tuple[str, ...]] = {}
    targets = list(dict.fromkeys(stream.destination.target for stream in streams))
    try:
        with stage(targets, overwrite=overwrite, durable=True) as parts:
            for target in targets:
                of_target = [one for one in streams if one.destination.target == target]
                unkept[target] = write_arrays(
                    parts[target],
                    [stream.open_output(progress) for stream in of_target],
                    format_name=find_copy_format(pair, of_target[0].side),
                    shown=str(target),
                )
            BUS_ERRORS.check()  # before the copies get their names
            check_unchanged(pair.files)
    except OSError as error:
        name, reason = error.filename or "", error.strerror or error
        raise OutputError(f"cannot write `{name}`: {reason}") from error
    return unkept


def _describe_copy(
    stream: RepairStream, plan: RepairPlan, pair: Pair, unkept: Mapping[Path, tuple[str, ...]]
) -> RepairedCopy:
    destination = stream.destination
    left_out = pair.unpaired_true if stream.side is Side.MASKS else pair.unpaired_pred
    return RepairedCopy(
        destination.place, plan.causes[stream.side], left_out, unkept.get(destination.target, ())
    )


def _get_source(pair: Pair, side: Side) -> Source:
    return pair.y_true if side is Side.MASKS else pair.y_pred


def _get_axes(interpretation: Interpretation, side: Side) -> Axes:
    return interpretation.layout.y_true if side is Side.MASKS else interpretation.layout.y_pred

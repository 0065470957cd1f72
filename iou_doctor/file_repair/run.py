"""Mended copies of the arrays: the checkup, its repairs written to new files, the checkup again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from iou_doctor.arrays.interpretation import Interpretation, Options
from iou_doctor.arrays.layout import Axes, Relation
from iou_doctor.arrays.source import Pair, Source
from iou_doctor.atomic_files import stage
from iou_doctor.diagnosis.pipeline import Questions, check
from iou_doctor.diagnosis.selection import Selection
from iou_doctor.errors import OutputError
from iou_doctor.file_repair.plan import RepairPlan, treatment
from iou_doctor.file_repair.storage_axes import StoredAxes, form_of
from iou_doctor.file_repair.stream import Progress, RepairStream
from iou_doctor.file_repair.writers import destinations, write
from iou_doctor.record import record
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.one_hot import OneHot
from iou_doctor.repairs.step import Side, Stage
from iou_doctor.report.finding import Finding
from iou_doctor.report.report import Report
from iou_doctor.sources.opening import open_pair


@record
class Written:
    """One mended array."""

    place: str
    """Where it is now, as a path for `iou-doctor check`."""
    causes: tuple[Finding, ...]
    """The findings whose repairs were made."""
    left_out: tuple[str, ...]
    """Names of images that have no partner, and no mended copy."""


@record
class Fixed:
    """What `fix` did."""

    predictions: str
    """The place of the predictions now: the mended ones, or the input that stays as it is."""
    masks: str
    written: tuple[Written, ...]
    unchanged: tuple[str, ...]
    """Places of inputs that needed no change; empty where nothing was written."""
    report: Report
    """On the arrays as they are now."""


def fix(
    *,
    y_true: str,
    y_pred: str,
    output_dir: Path,
    options: Options,
    metric_call: str | None = None,
    selection: Selection | None = None,
    unsafe: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Fixed:
    """Write mended copies of what the findings can be repaired in, and check the result.

    Args:
        y_true: the masks' path.
        y_pred: the predictions' path.
        output_dir: where the copies go, under the names of the inputs.
        options: what the user said about the arrays.
        metric_call: the metric as written in the user's code; it judges the result too.
        selection: which findings to repair.
        unsafe: whether to make repairs that may lose or invent information.
        overwrite: whether copies that are there already may be replaced.
        progress: called with the samples done and in all, now and then.

    Raises:
        UsageError: options that do not go together, or an output that would replace an input.
        SourceError: a file cannot be read.
        InterpretationError: the arrays cannot be understood.
        OutputError: a file cannot be written.
    """
    pair = open_pair(y_true=y_true, y_pred=y_pred)
    questions = Questions(metric_call=metric_call, selection=selection or Selection())
    before = check(pair, options, questions, progress=progress)
    plan = treatment(before, unsafe=unsafe)
    if not any(plan.steps.values()):
        return Fixed(y_pred, y_true, (), (), before)
    mendings = _mendings(pair, before.reading, plan, output_dir, overwrite=overwrite)
    _write(mendings, overwrite=overwrite, progress=progress)
    places = {Side.MASKS: y_true, Side.PREDICTIONS: y_pred}
    unchanged = tuple(place for side, place in places.items() if not plan.steps[side])
    places |= {mending.side: mending.destination.place for mending in mendings}
    after = check(
        open_pair(y_true=places[Side.MASKS], y_pred=places[Side.PREDICTIONS]),
        _options_after(options, before.reading, plan, _forms(before.reading, plan, pair)),
        questions,
        progress=progress,
    )
    return Fixed(
        predictions=places[Side.PREDICTIONS],
        masks=places[Side.MASKS],
        written=tuple(_written(mending, plan, pair) for mending in mendings),
        unchanged=unchanged,
        report=after,
    )


def _mendings(
    pair: Pair,
    interpretation: Interpretation,
    plan: RepairPlan,
    output_dir: Path,
    *,
    overwrite: bool,
) -> list[RepairStream]:
    sides = [side for side in (Side.PREDICTIONS, Side.MASKS) if plan.steps[side]]
    places = destinations(pair, sides, output_dir, overwrite=overwrite)
    forms = _forms(interpretation, plan, pair)
    return [
        RepairStream(
            side=side,
            source=_source(pair, side),
            axes=_axes(interpretation, side),
            steps=plan.steps[side],
            form=forms[side],
            destination=places[side],
            unflattened=_unflattened(interpretation, side),
        )
        for side in sides
    ]


def _write(mendings: list[RepairStream], *, overwrite: bool, progress: Progress | None) -> None:
    """Write all copies; two that go to the same file go there together."""
    targets = list(dict.fromkeys(mending.destination.target for mending in mendings))
    try:
        with stage(targets, overwrite=overwrite, durable=True) as parts:
            for target in targets:
                here = [mending for mending in mendings if mending.destination.target == target]
                write(
                    parts[target],
                    [mending.output(progress) for mending in here],
                    format=here[0].source.format,
                    shown=str(target),
                )
    except OSError as error:
        name, reason = error.filename or "", error.strerror or error
        raise OutputError(f"cannot write `{name}`: {reason}") from error


def _forms(interpretation: Interpretation, plan: RepairPlan, pair: Pair) -> dict[Side, StoredAxes]:
    def form(side: Side, other: Side) -> StoredAxes:
        return form_of(
            _axes(interpretation, side),
            _axes(interpretation, other),
            arranged=_arranged(plan, side),
            other_arranged=_arranged(plan, other),
            images=_source(pair, side).format == "images",
            class_axis=_class_axis(plan, side),
        )

    return {
        Side.MASKS: form(Side.MASKS, Side.PREDICTIONS),
        Side.PREDICTIONS: form(Side.PREDICTIONS, Side.MASKS),
    }


def _class_axis(plan: RepairPlan, side: Side) -> int:
    wanted = (s.class_axis for s in plan.steps[side] if isinstance(s, (Arrange, OneHot)))
    return next((axis for axis in wanted if axis is not None), -1)


def _arranged(plan: RepairPlan, side: Side) -> bool:
    return any(isinstance(step, Arrange) for step in plan.steps[side])


def _options_after(
    options: Options,
    interpretation: Interpretation,
    plan: RepairPlan,
    forms: dict[Side, StoredAxes],
) -> Options:
    """Return what the user's words mean for the mended arrays."""
    decoded = {
        side: any(step.stage in {Stage.DECODE, Stage.ENCODE} for step in steps)
        for side, steps in plan.steps.items()
    }
    layout = options.layout
    if layout is not None:
        letters = [
            forms[side].letters(dense=_dense_after(interpretation, plan, side))
            if plan.steps[side]
            else _axes(interpretation, side).letters
            for side in (Side.PREDICTIONS, Side.MASKS)
        ]
        layout = ",".join(letters)
    dense = interpretation.layout.y_true.is_dense or interpretation.layout.y_pred.is_dense
    return replace(
        options,
        layout=layout,
        predictions_as=None if decoded[Side.PREDICTIONS] else options.predictions_as,
        masks_as=None if decoded[Side.MASKS] else options.masks_as,
        # the argmax takes away the channels that told how many classes there are
        num_classes=options.num_classes or (interpretation.num_classes if dense else None),
    )


def _dense_after(interpretation: Interpretation, plan: RepairPlan, side: Side) -> bool:
    if any(isinstance(step, OneHot) for step in plan.steps[side]):
        return True
    return _axes(interpretation, side).is_dense and not any(
        step.stage is Stage.DECODE for step in plan.steps[side]
    )


def _written(mending: RepairStream, plan: RepairPlan, pair: Pair) -> Written:
    left_out = pair.unpaired_true if mending.side is Side.MASKS else pair.unpaired_pred
    return Written(mending.destination.place, plan.causes[mending.side], left_out)


def _unflattened(interpretation: Interpretation, side: Side) -> tuple[int, ...] | None:
    other = Side.MASKS if side is Side.PREDICTIONS else Side.PREDICTIONS
    shape = _axes(interpretation, other).spatial_shape
    if interpretation.layout.relation is not Relation.FLATTENED or len(shape) == 1:
        return None
    return tuple(length or 0 for length in shape)


def _source(pair: Pair, side: Side) -> Source:
    return pair.y_true if side is Side.MASKS else pair.y_pred


def _axes(interpretation: Interpretation, side: Side) -> Axes:
    return interpretation.layout.y_true if side is Side.MASKS else interpretation.layout.y_pred

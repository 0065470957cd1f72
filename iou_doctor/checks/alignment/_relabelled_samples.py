"""Report samples whose labels mean other classes than those of the other samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment._sample_faults import Relabelling
from iou_doctor.checks.alignment._sample_tables import LEAST_GREY
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.wording import join_words, name_samples
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity


def report_relabelled(rule: Rule, evidence: Evidence, found: Sequence[Relabelling]) -> Finding:
    """Return the finding on samples whose labels mean other classes."""
    kinds = _group(found)
    clauses = [_describe(evidence, *kind, samples) for kind, samples in kinds.items()]
    worst = min(found, key=lambda one: one.before - one.after)
    repair = _build_repair(evidence, kinds)
    number = len({one.sample for one in found})
    return Finding(
        rule,
        message=f"{count_samples(evidence, number)}: {'; '.join(clauses)}",
        help="; ".join(_write_help(evidence, *kind, samples) for kind, samples in kinds.items()),
        facts={
            "samples": evidence.interpretation.layout.samples,
            "faulty": sorted({one.sample for one in found}),
            "labels": {
                side.value: sorted(
                    {label for one in found if one.side is side for label in one.table}
                )
                for side in Side
            },
        },
        evidence=f"{evidence.name_sample(worst.sample)}: {worst.before:.2f} as given,"
        f" {worst.after:.2f} repaired",
        repair=repair,
        severity_override=Severity.ERROR if _is_certain(evidence, found) else None,
    )


def _is_certain(evidence: Evidence, found: Sequence[Relabelling]) -> bool:
    """Return whether the labels cannot be classes.

    Without a declared number of classes, 2 in place of 1 may be a class that is never predicted.
    Two classes may be exchanged by the model, for instance left and right of a mirrored image.
    """
    if all(_is_exchange(tuple(sorted(one.table.items()))) for one in found):
        return False
    olds = {old for one in found for old in one.table}
    is_small = min(olds) > 1 and max(olds) < LEAST_GREY
    return evidence.interpretation.num_classes_declared or not is_small


Kind = tuple[Side, tuple[tuple[int, int], ...], bool]
"""A side, the labels that were replaced by others, and whether it may be the other side."""


def _group(found: Sequence[Relabelling]) -> dict[Kind, tuple[int, ...]]:
    """Return the samples of each kind of fault."""
    kinds: dict[Kind, tuple[int, ...]] = {}
    for one in found:
        kind = one.side, tuple(sorted(one.table.items())), one.may_be_either
        kinds[kind] = (*kinds.get(kind, ()), one.sample)
    return kinds


def count_samples(evidence: Evidence, number: int) -> str:
    """Return how many samples have a fault, as a clause."""
    samples = evidence.interpretation.layout.samples
    verb = "is" if number == 1 else "are"
    return f"{number:,} of {samples:,} samples {verb} unlike the others"


def _describe(
    evidence: Evidence,
    side: Side,
    table: tuple[tuple[int, int], ...],
    may_be_either: bool,
    samples: tuple[int, ...],
) -> str:
    """Return what is wrong with some samples, as a clause."""
    noun = side.value if len(samples) > 1 else side.value.removesuffix("s")
    what = f"the {noun} of {name_samples(evidence, samples)}"
    verb = "are" if len(samples) > 1 else "is"
    either = "the mask or the prediction of " + name_samples(evidence, samples)
    hold = "hold" if len(samples) > 1 and not may_be_either else "holds"
    if may_be_either:
        what, verb = either, "is"
    if table == ((0, 1), (1, 0)):
        return f"{what} {verb} inverted"
    if _are_numbers(table):
        return f"{what} {'number' if len(samples) > 1 else 'numbers'} the objects from 1"
    if _is_exchange(table):
        return f"classes {table[0][0]} and {table[0][1]} are exchanged in {either}"
    shifts = {old - new for old, new in table}
    if shifts <= {1} or shifts <= {-1}:
        where = "high" if shifts == {1} else "low"
        if len(table) > 1:
            return f"the ids in {what} are one too {where}"
    olds, news = (join_words(part) for part in zip(*table, strict=True))
    return f"{what} {hold} {olds} in place of {news}"


def _are_numbers(table: tuple[tuple[int, int], ...]) -> bool:
    """Return whether several labels stand for the object."""
    return len(table) > 1 and {new for _, new in table} == {1}


def _is_exchange(table: tuple[tuple[int, int], ...]) -> bool:
    """Return whether two classes other than the background stand for each other."""
    return len(table) == 2 and table[0] == table[1][::-1] and table[0][0] > 0


def _write_help(
    evidence: Evidence,
    side: Side,
    table: tuple[tuple[int, int], ...],
    may_be_either: bool,
    samples: tuple[int, ...],
) -> str:
    if _is_exchange(table):
        return (
            "find out which side numbers these classes differently there; in a mirrored image,"
            " left and right change places"
        )
    if may_be_either:
        sure = _write_code(evidence, side, table, samples)
        return f"find out which side numbers the classes differently; if it is the {side}, {sure}"
    return _write_code(evidence, side, table, samples)


def _write_code(
    evidence: Evidence, side: Side, table: tuple[tuple[int, int], ...], samples: tuple[int, ...]
) -> str:
    """Return Python that replaces the labels, or words where none can."""
    source = evidence.pair.y_true if side is Side.MASKS else evidence.pair.y_pred
    axes = evidence.interpretation.layout.y_true
    if source.names is not None or (side is Side.PREDICTIONS and _has_scores(evidence)):
        return f"save the {side} of these samples again, with the ids of the others"
    if side is Side.MASKS and axes.is_dense:
        return "encode the masks of these samples as the others"
    some = f"{side}[{list(samples)}]"
    if table == ((0, 1), (1, 0)):
        return f"{some} = 1 - {some}"
    if _are_numbers(table):
        return f"{some} = np.minimum({some}, 1)"
    if len(table) == 1:
        (old, new), *_ = table
        return f"{some} = np.where({some} == {old}, {new}, {some})"
    olds, news = ([pair[place] for pair in table] for place in (0, 1))
    size = max(*evidence.pairs.count_truths(), *evidence.pairs.count_predictions()) + 1
    if min(olds) < 0:
        return f"replace {join_words(olds)} by {join_words(news)} in {some}"
    return f"lut = np.arange({size}); lut[{olds}] = {news}; {some} = lut[{some}]"


def _has_scores(evidence: Evidence) -> bool:
    encoding = evidence.interpretation.y_pred
    return encoding.is_dense or encoding.is_thresholded


def _build_repair(evidence: Evidence, kinds: Mapping[Kind, tuple[int, ...]]) -> Repair:
    steps = tuple(
        RelabelSome(side, dict(table), samples) for (side, table, _), samples in kinds.items()
    )

    def relabel(pairs: PairCounts) -> PairCounts:
        for step in steps:
            pairs = _relabel_some(pairs, step)
        return pairs

    return Repair(
        name="relabel these samples",
        safe=True,
        steps=steps,
        relabel=relabel,
        num_classes=_count_classes(evidence, kinds),
    )


def _relabel_some(pairs: PairCounts, step: RelabelSome) -> PairCounts:
    def replace_labels(labels: NDArray[np.int64]) -> NDArray[np.int64]:
        return step.apply(labels, spatial=0).astype(np.int64, copy=False)

    chosen = np.isin(pairs.image, step.samples)
    some = pairs.take_rows(chosen)
    if step.side is Side.MASKS:
        changed = some.relabel(truth=replace_labels)
    else:
        changed = some.relabel(prediction=replace_labels)
    return PairCounts.merge([pairs.take_rows(~chosen), changed])


def _count_classes(evidence: Evidence, kinds: Mapping[Kind, tuple[int, ...]]) -> int | None:
    """Return the number of classes after the repair; `None` if it stays or was declared."""
    if evidence.interpretation.num_classes_declared:
        return None
    strange = {old for _, table, _ in kinds for old, _ in table}
    moved = {new for _, table, _ in kinds for _, new in table}
    pairs = evidence.pairs
    labels = {*pairs.count_truths(), *pairs.count_predictions()} - (strange - moved)
    inside = [label for label in labels if 0 <= label < evidence.interpretation.num_classes]
    classes = max(2, max(inside, default=1) + 1)
    return None if classes == evidence.interpretation.num_classes else classes

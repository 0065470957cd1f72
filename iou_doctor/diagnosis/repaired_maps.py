"""Find out what repairs do to label maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from iou_doctor import interpret
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_changes import LabelChanges
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.diagnosis.map_changes import MapChanges
from iou_doctor.diagnosis.what_if import needs_recount
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.rescale import Rescale
from iou_doctor.repairs.step import Side, Step
from iou_doctor.repairs.times_255 import Times255


def find_map_changes(chosen: Sequence[Repair], evidence: Evidence) -> MapChanges | None:
    """Return what repairs do to label maps; `None` if labels cannot be mapped one by one."""
    # steps that move pixels or samples, and were not done before
    steps = [step for repair in chosen for step in repair.steps if needs_recount(step, evidence)]
    pairing = _choose_pairing(chosen, evidence)
    # labels of some samples are changed in the maps, where each sample is by itself
    of_some = [repair for repair in chosen if any(map(_is_of_some, repair.steps))]
    steps += [step for repair in of_some for step in repair.steps if _is_of_some(step)]
    others = [repair for repair in chosen if repair.relabel and repair not in of_some]
    dropped = {id(repair): _find_left_out(repair, evidence.pairs) for repair in others}
    of_all = [repair for repair in others if not dropped[id(repair)]]
    changes = None
    if of_all or LabelDecoding.BINS in {pairing.y_true, pairing.y_pred}:
        changes = _find_label_changes(of_all, pairing, evidence)
        if changes is None:
            return None
    left_out = tuple(sorted({sample for some in dropped.values() for sample in some}))
    return MapChanges(pairing, tuple(steps), changes, left_out)


def _find_left_out(repair: Repair, pairs: PairCounts) -> list[int]:
    """Return the samples that a repair leaves out, if it does nothing else; else none."""
    after = repair.relabel(pairs) if repair.relabel else pairs
    kept = np.isin(pairs.image, after.image)
    if kept.all() or kept.sum() != len(after):
        return []
    same = all(
        np.array_equal(getattr(pairs, name)[kept], getattr(after, name))
        for name in ("truth", "prediction", "count")
    )
    return np.unique(pairs.image[~kept]).tolist() if same else []


def _is_of_some(step: Step) -> bool:
    return isinstance(step, RelabelSome)


def _choose_pairing(chosen: Sequence[Repair], evidence: Evidence) -> Pairing:
    """Return how the labels are decoded that repairs turn into classes."""
    pairing = interpret.choose_doctor_pairing(evidence.interpretation)
    for step in (step for repair in chosen for step in repair.steps):
        if isinstance(step, Times255):
            pairing = replace(pairing, y_true=LabelDecoding.TIMES_255)
        if isinstance(step, Rescale) and step.side is Side.MASKS:
            pairing = replace(pairing, y_true=LabelDecoding.ROUNDED)
    return pairing


def _find_label_changes(
    chosen: Sequence[Repair], pairing: Pairing, evidence: Evidence
) -> LabelChanges | None:
    """Return what thresholds and repairs make of the labels of a pairing; `None` if unknown."""

    def relabel(pairs: PairCounts) -> PairCounts:
        pairs = interpret.decode_doctor_labels(pairs, evidence.interpretation, pairing)
        for repair in chosen:
            pairs = repair.relabel(pairs) if repair.relabel else pairs
        return pairs

    by_value = pairing.y_true is LabelDecoding.ROUNDED
    table = evidence.by_value if by_value else evidence.stats.tables.get(pairing)
    if table is None:
        return None
    exchanged = sum(repair.exchanges_sides for repair in chosen) % 2 == 1
    return LabelChanges.of(relabel, table, exchanges_sides=exchanged)

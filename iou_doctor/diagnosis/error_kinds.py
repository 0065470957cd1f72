"""Count the kinds of errors for the ledger: in the first pass, or in one more after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import DeviceSource, Pair, is_a_view
from iou_doctor.checks.evidence import Evidence
from iou_doctor.choices import LedgerDetail
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.diagnosis.count_plan import CountPlan
from iou_doctor.diagnosis.passes import measure_sample
from iou_doctor.diagnosis.what_if import Recount, needs_recount
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.ledger import Lack, Ledger
from iou_doctor.record import record
from iou_doctor.repairs.repair import Repair
from iou_doctor.scan.native.library import load_kernels

if TYPE_CHECKING:
    from iou_doctor.counts.kind_counts import KindCounts

AUTO_PIXELS = 1_000_000
"""The number of pixels up to which `--ledger auto` finds the kinds of errors. It takes 0.05 s, even
if predictions are noisy."""
AUTO_SAMPLES = 300
"""The number of samples up to which it does so, since each takes 0.1 ms."""
AUTO_DIAGONAL = 150
"""The diagonal of the first sample from which it does so. In smaller ones, contours are not even 2
pixels wide, so that edges are hardly told from parts."""


@record
class Size:
    """The number of samples, and the spatial shape of the first one."""

    samples: int
    shape: tuple[int, ...]
    on_device: bool = False
    """Whether the values may stay where TensorFlow computes them: kinds are found by the processor,
    which would fetch them all."""

    @classmethod
    def of(cls, pair: Pair, layout: Layout) -> Size:
        """Return the size of the arrays, from the side whose pixels are not flattened."""
        on_device = any(isinstance(one, DeviceSource) for one in (pair.y_true, pair.y_pred))
        return cls(layout.samples, measure_sample(pair, layout, 0), on_device)

    @property
    def has_kinds(self) -> bool:
        """Whether these are images or volumes."""
        return len(self.shape) in {2, 3}

    @property
    def is_large(self) -> bool:
        """Whether finding the kinds takes noticeable time."""
        pixels = self.samples * prod(self.shape)
        large = pixels > AUTO_PIXELS or self.samples > AUTO_SAMPLES
        return large or self.on_device or load_kernels() is None

    @property
    def is_small(self) -> bool:
        """Whether the images are too small for contours."""
        return sum(size**2 for size in self.shape) < AUTO_DIAGONAL**2

    def explain_lack(self, detail: LedgerDetail) -> Lack | None:
        """Return why kinds are not to be found, if users would ask."""
        if not self.has_kinds:
            return "shape" if detail == "full" else None
        return None if self.is_small else "time"

    def wants_kinds(self, detail: LedgerDetail) -> bool:
        """Return whether the kinds of errors are to be found."""
        if detail == "off" or not self.has_kinds:
            return False
        return detail == "full" or not (self.is_small or self.is_large)


def add_kinds(plan: CountPlan, detail: LedgerDetail, pair: Pair) -> CountPlan:
    """Return a plan that finds the kinds in the first pass, if reading the arrays again costs time.

    The labels are compared as they are stored, so that is of no use to scores of one channel, and
    where other labels are counted too.

    Args:
        plan: the plan without the kinds.
        detail: how much of the ledger the user wants.
        pair: the arrays.
    """
    if is_a_view(pair.y_true) and is_a_view(pair.y_pred):
        return plan
    if len(plan.pairings) != 1:  # there is none if the values cannot be labels or scores
        return plan
    stored = {LabelDecoding.LABELS, LabelDecoding.ARGMAX}
    (first,) = plan.pairings
    if not {first.y_true, first.y_pred} <= stored:
        return plan
    if not Size.of(pair, plan.layout).wants_kinds(detail):
        return plan
    return replace(plan, kinds=True)


def find_kinds(
    ledger: Ledger,
    chosen: Sequence[Repair],
    counted: Counted,
    evidence: Evidence,
    recount: Recount,
) -> Ledger:
    """Return the ledger with the kinds of errors after some repairs, or why it has none.

    Args:
        ledger: the prices of all wrong pixels.
        chosen: the repairs.
        counted: the label pairs and the score after them.
        evidence: the facts about the arrays.
        recount: counts the arrays again.
    """
    from iou_doctor.ledger.kinds import price_kinds  # only where kinds are wanted

    known = None if changes_maps(chosen, evidence) else evidence.stats.kinds
    priced = None if known is None else price_kinds(ledger, known, counted)
    if priced is not None:
        return priced
    found = count_kinds(chosen, evidence, recount)
    priced = None if found is None else price_kinds(ledger, found, counted)
    return replace(ledger, lacks_kinds="labels") if priced is None else priced


def changes_maps(chosen: Sequence[Repair], evidence: Evidence) -> bool:
    """Return whether repairs change the label maps that were counted."""
    return any(
        repair.relabel or any(needs_recount(step, evidence) for step in repair.steps)
        for repair in chosen
    )


def count_kinds(
    chosen: Sequence[Repair], evidence: Evidence, recount: Recount
) -> KindCounts | None:
    """Return the kinds by one more pass; `None` if the labels cannot be mapped one by one."""
    from iou_doctor.diagnosis.repaired_maps import find_map_changes  # only where it is wanted

    changes = find_map_changes(chosen, evidence)
    return None if changes is None else recount.count_kinds(changes)

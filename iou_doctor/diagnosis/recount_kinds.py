"""Find the kinds of errors with one more pass over the arrays."""

from __future__ import annotations

from collections.abc import Sequence

from iou_doctor.counts.kind_counts import KindCounts
from iou_doctor.diagnosis.count_plan import CountPlan
from iou_doctor.diagnosis.map_changes import MapChanges
from iou_doctor.diagnosis.questions import OpenArrays
from iou_doctor.record import record
from iou_doctor.scan.count_kinds import count_kinds


@record
class RecountKinds:
    """Of which kinds are the errors after repairs?"""

    plan: CountPlan
    """How the arrays were counted before."""
    changes: MapChanges

    def answer(self, arrays: OpenArrays) -> KindCounts | None:
        """Return the counts of some samples; `None` if they are neither images nor volumes."""
        found = self.changes.open(arrays, self.plan).map(
            lambda samples, y_true, y_pred: count_kinds(
                samples, y_true, y_pred, self.changes.labels
            ),
            jobs=arrays.settings.jobs,
            samples=arrays.samples,
        )
        return KindCounts.merge([one for one in found if one is not None])

    def merge(self, answers: Sequence[KindCounts | None]) -> KindCounts | None:
        """Return the counts of all samples."""
        return KindCounts.merge([one for one in answers if one is not None])

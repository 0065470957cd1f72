"""Grey values of known palettes."""

from __future__ import annotations

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._mask_values import by_chance, mask_labels, outside_classes
from iou_doctor.checks.palette import KNOWN_SHARE, Palette, iterate_known_palettes
from iou_doctor.counts.label_decoding import colour_of_code
from iou_doctor.datasets import grey
from iou_doctor.metrics.score import compute_score
from iou_doctor.record import record
from iou_doctor.repairs.repair import build_relabelling
from iou_doctor.repairs.step import Side

LEAST_GREYS = 4
"""Fewer values beside 0 are among the greys of some palette by chance."""


@record
class Greys:
    """The ids behind the grey values of one palette."""

    title: str
    ids: dict[int, tuple[int, ...]]
    """Grey value to the ids whose colours have it, ascending."""
    void: int

    @property
    def table(self) -> dict[int, int]:
        """The id of each grey value; void where it has several."""
        return {value: ids[0] if len(ids) == 1 else self.void for value, ids in self.ids.items()}


def greys_of(evidence: Evidence) -> Greys | None:
    """Return the palette whose greys the masks hold, or `None`."""
    counts = mask_labels(evidence)
    nonzero = [label for label in counts if label != 0]
    if len(nonzero) < LEAST_GREYS or not outside_classes(evidence, nonzero):
        return None
    found = [
        greys
        for palette in iterate_known_palettes(evidence)
        if _fits(greys := _greys(palette), counts, evidence)
    ]
    return max(found, key=lambda greys: _merit(greys, evidence), default=None)


def _greys(palette: Palette) -> Greys:
    ids: dict[int, set[int]] = {}
    for code, label in palette.ids.items():
        ids.setdefault(grey(colour_of_code(code)), set()).add(label)
    return Greys(
        palette.title or "",
        {value: tuple(sorted(some)) for value, some in ids.items()},
        palette.void,
    )


def _fits(greys: Greys, counts: dict[int, int], evidence: Evidence) -> bool:
    known = {label: count for label, count in counts.items() if label in greys.ids}
    if len([label for label in known if label != 0]) < LEAST_GREYS:
        return False
    if len(known) < KNOWN_SHARE * len(counts) or by_chance(set(known) - {255}, len(greys.ids)):
        return False
    declared = (
        evidence.interpretation.num_classes if evidence.interpretation.num_classes_declared else 256
    )
    ids = [label for value in known for label in greys.ids[value] if label != greys.void]
    return bool(ids) and max(ids) < declared


def _merit(greys: Greys, evidence: Evidence) -> tuple[float, float]:
    """Prefer the palette that tells most values apart by the predictions, then the smaller."""
    mapped = build_relabelling("", side=Side.MASKS, table=greys.table, safe=False)
    pairs = mapped.relabel(evidence.pairs) if mapped.relabel else evidence.pairs
    classes = evidence.interpretation.num_classes
    result = compute_score(pairs=pairs, num_classes=classes, ignore_index=greys.void)
    return result.mean_iou or 0.0, -len(greys.ids)

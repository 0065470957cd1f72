"""Grey values of the colours of known palettes, for pictures that were read as greyscale."""

from __future__ import annotations

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._mask_values import (
    GREY_VALUES,
    are_outside_classes,
    count_mask_labels,
    may_fit_by_chance,
)
from iou_doctor.checks.palette import LEAST_KNOWN_SHARE, Palette, iterate_known_palettes
from iou_doctor.counts.label_decoding import decode_colour
from iou_doctor.datasets import convert_to_grey
from iou_doctor.metrics.score import compute_score
from iou_doctor.record import record
from iou_doctor.repairs.repair import build_relabelling
from iou_doctor.repairs.step import Side

FEWEST_GREYS = 4
"""Minimum number of different values, 0 aside, that identify a palette. Fewer are among the greys
of some palette by chance.
"""


@record
class Greys:
    """The class ids behind the grey values of one palette."""

    title: str
    ids: dict[int, tuple[int, ...]]
    """For each grey value the ids whose colours have it, in ascending order."""
    void: int
    """The id for pixels without a class."""

    @property
    def table(self) -> dict[int, int]:
        """The id of each grey value, or void if several ids share the value."""
        return {value: ids[0] if len(ids) == 1 else self.void for value, ids in self.ids.items()}


def find_greys(evidence: Evidence) -> Greys | None:
    """Return the greys of the known palette that fits the masks best; `None` if none fits."""
    counts = count_mask_labels(evidence)
    nonzero = [label for label in counts if label != 0]
    if len(nonzero) < FEWEST_GREYS or not are_outside_classes(evidence, nonzero):
        return None
    found = [
        greys
        for palette in iterate_known_palettes(evidence)
        if _fits(greys := _compute_greys(palette), counts, evidence)
    ]
    return max(found, key=lambda greys: _rate(greys, evidence), default=None)


def _compute_greys(palette: Palette) -> Greys:
    ids: dict[int, set[int]] = {}
    for code, label in palette.ids.items():
        ids.setdefault(convert_to_grey(decode_colour(code)), set()).add(label)
    return Greys(
        palette.title or "",
        {value: tuple(sorted(some)) for value, some in ids.items()},
        palette.void,
    )


def _fits(greys: Greys, counts: dict[int, int], evidence: Evidence) -> bool:
    """Return whether nearly all mask values are greys of a palette with no more classes."""
    known = {label: count for label, count in counts.items() if label in greys.ids}
    if len([label for label in known if label != 0]) < FEWEST_GREYS:
        return False
    if len(known) < LEAST_KNOWN_SHARE * len(counts):
        return False
    if may_fit_by_chance(set(known) - {255}, len(greys.ids)):
        return False
    interpretation = evidence.interpretation
    most = interpretation.num_classes if interpretation.num_classes_declared else GREY_VALUES
    ids = [label for value in known for label in greys.ids[value] if label != greys.void]
    return bool(ids) and max(ids) < most


def _rate(greys: Greys, evidence: Evidence) -> tuple[float, float]:
    """Return a rank: first the mean IoU with the palette's ids, then the fewest greys."""
    mapped = build_relabelling("", side=Side.MASKS, table=greys.table, safe=False)
    pairs = mapped.relabel(evidence.pairs) if mapped.relabel else evidence.pairs
    classes = evidence.interpretation.num_classes
    result = compute_score(pairs=pairs, num_classes=classes, ignore_index=greys.void)
    return result.mean_iou or 0.0, -len(greys.ids)

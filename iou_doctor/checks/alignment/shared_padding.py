"""Masks and predictions share a constant margin that counts as correct.

Padding to a multiple of 32, to a square or to the largest image of a batch fills a margin with
class 0 in the mask, and a model soon predicts it without an error. Each such pixel counts as a hit
of that class, so the mean rises with the amount of padding.

    whole arrays       mean IoU 0.985
    inside the margin  mean IoU 0.90

Crop both arrays to the valid box before you score, or fill the masks with the ignore label. A fixed
frame of the camera (a car's bonnet, the ring of a microscope) looks the same: it is a note.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack, count_different_masks, stack_maps
from iou_doctor.checks.registry import Result
from iou_doctor.record import record
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU505",
    name="shared-padding",
    severity=Severity.NOTE,
    suspicion=Suspicion.ALIGNMENT,
    claim="masks and predictions share a constant margin that counts as correct",
)
FEWEST = 3
"""Different scenes needed: one or two objects may leave the same border free."""
SAMPLES = 12
"""Samples looked at."""
TOUCHING = 0.5
"""Share of the samples whose content must reach the margin; objects on a free background differ."""
AREA = 0.05
"""Share of the pixels that the margin must hold."""
MATTERS = 0.01
"""Difference in mean IoU below which a margin is not worth a word."""
EARLIER = ("height-width-swapped", "shuffled-samples", "flipped-samples", "misplaced-tiles")


@record
class _Margin:
    """A margin of one class round all kept maps."""

    label: int
    top: int
    bottom: int
    left: int
    right: int

    def box(self, maps: Stack) -> Stack:
        """Return the maps without it."""
        height, width = maps.true.shape[1:]
        rows, columns = slice(self.top, height - self.bottom), slice(self.left, width - self.right)
        return Stack(
            maps.samples, maps.true[:, rows, columns], maps.pred[:, rows, columns], maps.classes
        )


def find(evidence: Evidence) -> Result:
    """Look for the same constant margin in all masks and predictions."""
    if evidence.has_found(*EARLIER):
        return Skipped("the pixels do not pair up yet")
    if not _same_corner(evidence):
        return []
    maps = stack_maps(evidence, "fine", samples=SAMPLES)
    if isinstance(maps, Skipped):
        return maps
    if maps.true.ndim != 3:
        return Skipped("only images are looked at")
    if count_different_masks(maps) < FEWEST:
        return Skipped(f"fewer than {FEWEST} different scenes do not show a common margin")
    margins = [_margin(maps, label) for label in _corners(maps)]
    boxes = [(margin.box(maps), margin) for margin in margins]
    if not boxes:
        return []
    box, margin = min(boxes, key=lambda pair: pair[0].true.size)
    before, inside = maps.score_pooled(), box.score_pooled()
    share = 1 - box.true.size / maps.true.size
    if not AREA <= share < 1 or abs(before - inside) <= MATTERS:
        return []
    return [_finding(evidence, maps, margin, share, (before, inside))]


def _same_corner(evidence: Evidence) -> bool:
    """Return whether some corner has one label in all kept masks, before all pixels are read."""
    maps = evidence.sampled.fine.y_true if evidence.sampled else ()
    corners = np.array([[one.flat[0], one.flat[-1], *_others(one)] for one in maps])
    return not maps or bool((corners == corners[0]).all(axis=0).any())


def _others(labels: NDArray[np.int32]) -> tuple[int, int]:
    first, last = (0,) * (labels.ndim - 1), (-1,) * (labels.ndim - 1)
    return int(labels[(*first, -1)]), int(labels[(*last, 0)])


def _corners(maps: Stack) -> list[int]:
    """Return the classes that stand in a corner of all masks and predictions."""
    corners = [
        maps_of[:, row, column]
        for maps_of in (maps.true, maps.pred)
        for row in (0, -1)
        for column in (0, -1)
    ]
    labels = {int(corner[0]) for corner in corners if (corner == corner[0]).all()}
    return sorted(labels - {maps.classes})


def _margin(maps: Stack, label: int) -> _Margin:
    content = (maps.true != label) | (maps.pred != label)
    rows, columns = content.any(axis=2), content.any(axis=1)
    return _Margin(
        label, _shared(rows), _shared(rows[:, ::-1]), _shared(columns), _shared(columns[:, ::-1])
    )


def _shared(content: NDArray[np.bool_]) -> int:
    """Return the length of the margin at the start of (n, length), 0 if it is no shared one."""
    filled = content.any(axis=1)
    if not filled.any():
        return 0
    own = content[filled].argmax(axis=1)
    common = int(own.min())
    return common if (own <= common + 1).mean() >= TOUCHING else 0


def _finding(
    evidence: Evidence,
    maps: Stack,
    margin: _Margin,
    share: float,
    scores: tuple[float, float],
) -> Finding:
    layout = evidence.interpretation.layout
    sizes = max(layout.y_true.spatial_shape, layout.y_pred.spatial_shape, key=len)
    scale = [(size or kept) / kept for size, kept in zip(sizes, maps.true.shape[1:], strict=True)]
    pixels = {
        "top": round(margin.top * scale[0]),
        "bottom": round(margin.bottom * scale[0]),
        "left": round(margin.left * scale[1]),
        "right": round(margin.right * scale[1]),
    }
    about = "" if max(scale) == 1 else "about "
    sides = ", ".join(f"{size} px {side}" for side, size in pixels.items() if size)
    name = evidence.interpretation.class_names[maps.labels[margin.label]]
    return Finding(
        RULE,
        message=f"all {len(maps):,} masks and predictions looked at hold only class {name} in a"
        f" margin of {about}{sides} ({100 * share:.0f} % of the pixels): mean IoU {scores[0]:.4f}"
        f" with it, {scores[1]:.4f} inside",
        help="score the valid box only, or fill the masks' padding with the ignore label",
        facts={
            "samples": len(maps),
            "margin": pixels,
            "share": round(share, 4),
            "mean_iou_with_margin": round(scores[0], 4),
            "mean_iou_inside": round(scores[1], 4),
        },
    )

"""Masks and predictions share a constant margin that counts as correct.

Padding to a multiple of 32, to a square or to the largest image of a batch fills a margin of the
mask with class 0, and a model soon predicts it without errors. Each of its pixels counts as a hit
of class 0, so the mean IoU rises with the amount of padding.

    whole arrays       mean IoU 0.985
    inside the margin  mean IoU 0.90

Crop both arrays to the valid area before you score, or fill the padding of the masks with the
ignore label. A constant frame in the images themselves, such as a car's bonnet or the ring of a
microscope, looks the same, so this is only a note.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack, count_different_masks
from iou_doctor.checks.registry import Result
from iou_doctor.checks.stack_maps import stack_maps
from iou_doctor.checks.symptoms import FORMAT_FAULTS
from iou_doctor.checks.wording import join_words
from iou_doctor.record import record
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU505",
    name="shared-padding",
    severity=Severity.NOTE,
    suspicion=Suspicion.ALIGNMENT,
    claim="masks and predictions share a constant margin that counts as correct",
    after=(*FORMAT_FAULTS, "shuffled-samples", "flipped-samples", "misplaced-tiles"),
    needs=Needs.WHOLE_DATA_SET,
)

FEWEST_PADDED_SCENES = 3
"""Minimum number of different scenes. One or two may happen to leave the same border free."""
MOST_PADDED_SAMPLES = 12
"""Maximum number of samples that are examined."""
LEAST_TOUCHING = 0.5
"""Minimum share of the samples whose content reaches the margin. Around objects on a free
background the margin differs from sample to sample.
"""
LEAST_AREA = 0.05
"""Minimum share of the pixels that the margin must hold."""
LEAST_DIFFERENCE = 0.01
"""Minimum difference in mean IoU. A margin that changes less is not worth reporting."""
RULES_BEFORE_PADDING = (
    "height-width-swapped",
    "shuffled-samples",
    "flipped-samples",
    "misplaced-tiles",
)
"""Rules whose faults move pixels, so that the margins of masks and predictions do not match."""
PLACES = {
    "top": "at the top",
    "bottom": "at the bottom",
    "left": "on the left",
    "right": "on the right",
}
"""How a message names each side of an image."""


@record
class _Margin:
    """A margin of one class around all kept maps, in pixels of these maps."""

    label: int
    top: int
    bottom: int
    left: int
    right: int

    def crop(self, maps: Stack) -> Stack:
        """Return the maps without the margin."""
        height, width = maps.y_true.shape[1:]
        rows, columns = slice(self.top, height - self.bottom), slice(self.left, width - self.right)
        return Stack(
            maps.samples, maps.y_true[:, rows, columns], maps.y_pred[:, rows, columns], maps.classes
        )


def find(evidence: Evidence) -> Result:
    """Look for the same constant margin in all masks and predictions."""
    if evidence.has_found(*RULES_BEFORE_PADDING):
        return Skipped("another misalignment was found first")
    if not _has_common_corner(evidence):
        return []
    maps = stack_maps(evidence, "fine", samples=MOST_PADDED_SAMPLES)
    if isinstance(maps, Skipped):
        return maps
    if maps.y_true.ndim != 3:
        return Skipped("only two-dimensional images are examined for padding")
    if count_different_masks(maps) < FEWEST_PADDED_SCENES:
        return Skipped(
            f"a common margin cannot be recognised in fewer than {FEWEST_PADDED_SCENES} scenes"
        )
    margins = [_measure_margin(maps, label) for label in _list_corner_classes(maps)]
    boxes = [(margin.crop(maps), margin) for margin in margins]
    if not boxes:
        return []
    box, margin = min(boxes, key=lambda pair: pair[0].y_true.size)
    before, inside = maps.score_pooled(), box.score_pooled()
    share = 1 - box.y_true.size / maps.y_true.size
    if not LEAST_AREA <= share < 1 or abs(before - inside) <= LEAST_DIFFERENCE:
        return []
    return [_report(evidence, maps, margin, share, (before, inside))]


def _has_common_corner(evidence: Evidence) -> bool:
    """Return whether some corner has one label in all kept masks.

    This quick test spares most data the stacking of all kept maps.
    """
    maps = evidence.sampled.fine.y_true if evidence.sampled else ()
    corners = np.array([[one.flat[0], one.flat[-1], *_get_other_corners(one)] for one in maps])
    return not maps or bool((corners == corners[0]).all(axis=0).any())


def _get_other_corners(labels: NDArray[np.int32]) -> tuple[int, int]:
    first, last = (0,) * (labels.ndim - 1), (-1,) * (labels.ndim - 1)
    return int(labels[(*first, -1)]), int(labels[(*last, 0)])


def _list_corner_classes(maps: Stack) -> list[int]:
    """Return the classes that fill one corner of all masks or of all predictions."""
    corners = [
        labels[:, row, column]
        for labels in (maps.y_true, maps.y_pred)
        for row in (0, -1)
        for column in (0, -1)
    ]
    classes = {int(corner[0]) for corner in corners if (corner == corner[0]).all()}
    return sorted(classes - {maps.classes})


def _measure_margin(maps: Stack, label: int) -> _Margin:
    content = (maps.y_true != label) | (maps.y_pred != label)
    rows, columns = content.any(axis=2), content.any(axis=1)
    return _Margin(
        label,
        top=_measure_common_start(rows),
        bottom=_measure_common_start(rows[:, ::-1]),
        left=_measure_common_start(columns),
        right=_measure_common_start(columns[:, ::-1]),
    )


def _measure_common_start(content: NDArray[np.bool_]) -> int:
    """Return the length of the empty start that all rows of (n, length) share; 0 if they differ."""
    filled = content.any(axis=1)
    if not filled.any():
        return 0
    own = content[filled].argmax(axis=1)
    common = int(own.min())
    return common if (own <= common + 1).mean() >= LEAST_TOUCHING else 0


def _report(
    evidence: Evidence, maps: Stack, margin: _Margin, share: float, scores: tuple[float, float]
) -> Finding:
    sides, is_exact = _scale_to_stored(evidence, maps, margin)
    about = "" if is_exact else "about "
    margins = join_words(f"{pixels} px {PLACES[side]}" for side, pixels in sides.items() if pixels)
    name = evidence.interpretation.class_names[maps.labels[margin.label]]
    return Finding(
        RULE,
        message=f"all {len(maps):,} masks and predictions examined hold only class {name} in a"
        f" margin of {about}{margins} ({100 * share:.0f} % of the pixels): the mean IoU is"
        f" {scores[0]:.4f} with the margin and {scores[1]:.4f} inside",
        help="score only the valid area, or fill the padding of the masks with the ignore label",
        facts={
            "samples": len(maps),
            "margin": sides,
            "share": round(share, 4),
            "mean_iou_with_margin": round(scores[0], 4),
            "mean_iou_inside": round(scores[1], 4),
        },
    )


def _scale_to_stored(
    evidence: Evidence, maps: Stack, margin: _Margin
) -> tuple[dict[str, int], bool]:
    """Return the margin at each side in stored pixels, and whether the maps are not thinned."""
    layout = evidence.interpretation.layout
    sizes = max(layout.y_true.spatial_shape, layout.y_pred.spatial_shape, key=len)
    scale = [(size or kept) / kept for size, kept in zip(sizes, maps.y_true.shape[1:], strict=True)]
    sides = {
        "top": round(margin.top * scale[0]),
        "bottom": round(margin.bottom * scale[0]),
        "left": round(margin.left * scale[1]),
        "right": round(margin.right * scale[1]),
    }
    return sides, max(scale) == 1

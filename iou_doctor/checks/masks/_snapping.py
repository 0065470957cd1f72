"""The repair that snaps scattered mask values to the nearest of a few frequent ones."""

from __future__ import annotations

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._jpeg_levels import find_nearest_level, map_visible_levels
from iou_doctor.checks.masks._mask_values import (
    build_value_repair,
    count_mask_labels,
    infer_num_classes,
    suggest_mapping,
)
from iou_doctor.checks.wording import join_words
from iou_doctor.repairs.repair import Repair


def build_snapping(evidence: Evidence, levels: list[int]) -> Repair:
    """Return the repair that snaps the masks to levels, and maps these to ids."""
    ids = _map_to_ids(evidence, levels)
    return build_value_repair(
        evidence,
        f"snap the masks to {join_words(levels)}"
        + ("" if ids == levels else ", then map them to ids"),
        {
            label: ids[levels.index(find_nearest_level(label, levels))]
            for label in count_mask_labels(evidence)
        },
        safe=False,
    )


def suggest_snapping(evidence: Evidence, levels: list[int]) -> str:
    """Return the statement that maps each mask value to the id of the nearest level."""
    ids = _map_to_ids(evidence, levels)
    if (levels, ids) == ([0, 255], [0, 1]):
        expression = "(masks > 127)"
    else:
        expression = f"np.abs(masks[..., None] - np.array({levels})).argmin(-1)"
        if ids != list(range(len(ids))):
            expression = f"np.array({ids})[{expression}]"
    return suggest_mapping(evidence, expression, count_mask_labels(evidence))


def are_classes(evidence: Evidence, levels: list[int]) -> bool:
    """Return whether all levels are class ids."""
    return all(level < infer_num_classes(evidence) for level in levels)


def _map_to_ids(evidence: Evidence, levels: list[int]) -> list[int]:
    """Return the class id of each level; the levels themselves unless they are stretched ids."""
    for classes in dict.fromkeys((len(levels), infer_num_classes(evidence))):
        table = map_visible_levels(classes)
        if set(levels) <= set(table):
            return [table[level] for level in levels]
    return levels

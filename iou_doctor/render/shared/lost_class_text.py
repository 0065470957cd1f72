"""The class doctor: what is the matter with a class whose IoU is near 0, in one sentence."""

from __future__ import annotations

from iou_doctor.ledger.lost_class import LostClass, Taken
from iou_doctor.render.shared.kinds_text import describe_lost_regions
from iou_doctor.render.shared.wording import format_share, name_class
from iou_doctor.report.report import Report

COARSE_IOU = 0.3
"""The greatest IoU in cells of several pixels below which these are what a class is lost by."""
FEW_IMAGES = 0.05
"""Share of the images that have a class up to which this is told."""
MOSTLY = 0.5
"""The share of pixels beyond which something is true of most of them."""


def explain_lost_class(one: LostClass, report: Report) -> str:
    """Return the sentence that the account of a class carries."""
    name = name_class(one.id, report.reading.class_names)
    if not one.truth_pixels:
        return f"{name} is in no mask, {_describe_predicted(one)}"
    how = "is never predicted" if not one.predicted_pixels else f"has an IoU of {one.iou:.4f}"
    if one.cell and one.best_iou is not None and one.best_iou < COARSE_IOU:
        height, width = one.cell
        return (
            f"{name} {how}: predictions consist of cells of {height} × {width} pixels, in which it"
            f" can reach about {one.best_iou:.2f} at best"
        )
    alarms, missed = (
        one.predicted_pixels - one.right_pixels,
        one.truth_pixels - one.right_pixels,
    )
    if alarms > missed and one.alarms_of:
        share = format_share(one.alarms_of.pixels, one.predicted_pixels)
        other = _name_label(one.alarms_of, report)
        if one.alarms_of.pixels > MOSTLY * one.predicted_pixels:
            return f"{name} {how}: {share} of the pixels predicted as it are {other} in the masks"
        wrong = format_share(alarms, one.predicted_pixels)
        return (
            f"{name} {how}: {wrong} of the pixels predicted as it are wrong, most often {other}"
            f" ({share})"
        )
    if one.missed_as is None:
        return f"{name} {how}"
    share = format_share(one.missed_as.pixels, one.truth_pixels)
    other, remark = _name_label(one.missed_as, report), _add_remark(one, report)
    if one.missed_as.pixels > MOSTLY * one.truth_pixels:
        return f"{name} {how}: {share} of it is predicted as {other}{remark}"
    all_missed = format_share(missed, one.truth_pixels)
    return f"{name} {how}: {all_missed} of it is missed, most often as {other} ({share}){remark}"


def _describe_predicted(one: LostClass) -> str:
    """Return on what a class is predicted that is in no mask."""
    if _lies_mostly_on_void(one):
        pixels = one.void_pixels + one.predicted_pixels
        share = format_share(one.void_pixels, pixels)
        return (
            f"and {share} of the {pixels:,} pixels predicted as it lie on void; for the others it"
            " counts as 0"
        )
    many = "1 pixel" if one.predicted_pixels == 1 else f"{one.predicted_pixels:,} pixels"
    return f"but is predicted on {many} and therefore counts as 0"


def _lies_mostly_on_void(one: LostClass) -> bool:
    return one.void_pixels > MOSTLY * (one.void_pixels + one.predicted_pixels)


def _name_label(taken: Taken, report: Report) -> str:
    """Return the name of a class, or that a label is none."""
    label, reading = taken.label, report.reading
    if label is None:
        return "no class"
    if label == reading.ignore_index:
        return f"the ignore label {label}"
    if not taken.is_class:
        return f"label {label}, which is no class"
    return name_class(label, reading.class_names)


def _add_remark(one: LostClass, report: Report) -> str:
    """Return what else the account says of a class that is missed, if it says more."""
    ledger = report.ledger
    if ledger is None:
        return ""
    if one.images <= FEW_IMAGES * ledger.images:
        has = "has" if one.images == 1 else "have"
        return f"; only {one.images:,} of {ledger.images:,} images {has} it"
    if _lies_mostly_on_void(one):
        share = format_share(one.void_pixels, one.void_pixels + one.predicted_pixels)
        return f"; {share} of what is predicted as it lies on void"
    if not one.right_pixels:  # all of its objects are missed
        return ""
    return describe_lost_regions(next(entry for entry in ledger.by_class if entry.id == one.id))

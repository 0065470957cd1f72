"""Flips of whole volumes, along any of their three axes."""

from __future__ import annotations

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.orientations import AXES, NATURAL_ORDER, describe_silent
from iou_doctor.checks.volume_orientation import Orientation, find_orientation
from iou_doctor.checks.wording import join_words
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule


def find_flipped_volume(evidence: Evidence) -> Orientation | None:
    """Return the flip of a volume that fits far better than the volume as given."""
    found = find_orientation(evidence)
    return None if found is None or found.order != NATURAL_ORDER else found


def report_volume(rule: Rule, evidence: Evidence, found: Orientation) -> Finding:
    """Return the finding on a flipped volume."""
    spatial = evidence.interpretation.layout.y_pred.spatial
    axes = (0, *spatial) if found.volumes.has_slices else spatial
    places = tuple(axes[axis] for axis in found.flipped)
    name = _name_flip(evidence, found, places)
    before, after = found.scores
    better, told = found.fits.count_better(found.best)
    count = len(found.fits.images[0])
    return Finding(
        rule,
        message=f"the predictions are {name}: the mean IoU is {before:.4f} as given and"
        f" {after:.4f} turned back, better in {better:,} of {told:,} slices"
        f" compared{describe_silent(count - told)}",
        help=_write_help(evidence, places),
        facts={
            "turn": name,
            "axes": list(places),
            "slices": told,
            "turned": better,
            "mean_iou_given": round(before, 4),
            "mean_iou_turned_back": round(after, 4),
        },
        evidence=found.describe_reading(),
        repair=Repair("turn the predictions back", safe=True, steps=found.build_steps()),
    )


def _name_flip(evidence: Evidence, found: Orientation, places: tuple[int, ...]) -> str:
    if evidence.pair.y_pred.names is not None and not found.volumes.has_slices:
        axes = "axis" if len(found.flipped) == 1 else "axes"
        return f"flipped along {axes} {join_words(found.flipped)} of each volume"
    if found.within_slices or not found.volumes.has_slices:
        return "flipped " + join_words(AXES[3][axis] for axis in found.flipped)
    return f"flipped along {'axis' if len(places) == 1 else 'axes'} {join_words(places)}"


def _write_help(evidence: Evidence, places: tuple[int, ...]) -> str:
    if evidence.pair.stated_turn is not None:
        return (
            "bring both to one orientation before they are compared, for instance with"
            " `nibabel.as_closest_canonical`"
        )
    if evidence.pair.y_pred.names is not None:
        return "save the predicted slices in the order and the orientation of the masks"
    return f"predictions = np.flip(predictions, {places[0] if len(places) == 1 else places})"

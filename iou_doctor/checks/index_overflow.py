"""Scripts that index a confusion matrix with `C * label + prediction` in uint8 wrap at 256.

The idiom (`fast_hist`) is in many repositories. When both maps are uint8 and nobody casts them,
NumPy and torch compute the index in uint8: from 17 classes on it passes 255 and lands in a wrong
cell, without a word.

    np.bincount(C * labels[k] + predictions[k], minlength=C**2)                   wraps
    np.bincount(C * labels[k].astype(int) + predictions[k], minlength=C**2)       right

A note, since these arrays do not tell how you score them. The replayed value is what such a script
prints for them; if you know it from your logs, cast.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.checks import Result
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Rule, Severity, Skipped, Suspicion
from iou_doctor.reading import Encoding

RULE = Rule(
    code="IOU604",
    name="index-overflow",
    severity=Severity.NOTE,
    suspicion=Suspicion.DEFINITIONS,
    claim="an index into the confusion matrix computed in uint8 would wrap",
)

FEWEST_CLASSES = 17
"""16 * 15 + 15 is 255, the last number of uint8."""
MOST_CLASSES = 255
"""NumPy refuses to multiply a uint8 array by a number beyond uint8."""
TOLERANCE = 5e-5
"""Half a unit of the fourth digit: less nobody sees."""


def find(evidence: Evidence) -> Result:
    """Replay the idiom where both arrays are label maps of uint8."""
    if evidence.error_found:
        return Skipped("an error was found: a replay matters once it is cured")
    reading = evidence.reading
    ours = evidence.score.mean_iou if evidence.score else None
    if ours is None or not FEWEST_CLASSES <= reading.num_classes <= MOST_CLASSES:
        return []
    if {evidence.pair.y_true.dtype, evidence.pair.y_pred.dtype} != {np.dtype(np.uint8)}:
        return []
    if {reading.y_true, reading.y_pred} != {Encoding.LABELS}:
        return []
    wrapped = _replayed(evidence)
    if wrapped is None or abs(wrapped - ours) <= TOLERANCE:
        return []
    return [
        Finding(
            RULE,
            message=f"masks and predictions are uint8 with {reading.num_classes} classes:"
            f" `C * label + prediction` without a cast wraps at 256 and gives {wrapped:.4f},"
            f" not {ours:.4f}",
            help="np.bincount(C * labels.astype(int) + predictions, minlength=C**2)",
            facts={"num_classes": reading.num_classes, "wrapped": wrapped, "mean_iou": ours},
        )
    ]


def _replayed(evidence: Evidence) -> float | None:
    """Return the mean IoU of `fast_hist` and `np.nanmean` in uint8; `None` where all is NaN."""
    classes, pairs = evidence.reading.num_classes, evidence.pairs
    counted = (pairs.truth < classes) & (pairs.truth != evidence.reading.ignore_index)
    kept = pairs.where(counted)
    cells = np.zeros(classes * classes, dtype=np.int64)
    np.add.at(cells, (classes * kept.truth + kept.prediction) % 256, kept.count)
    matrix = cells.reshape(classes, classes)
    right = np.diag(matrix)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - right
    valid = union > 0
    return float((right[valid] / union[valid]).mean()) if valid.any() else None

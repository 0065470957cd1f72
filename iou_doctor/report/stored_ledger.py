"""The ledger that a JSON report holds, as far as a comparison needs it."""

from __future__ import annotations

from typing import Any

from iou_doctor.ledger.difference import PairChange, SampleChange
from iou_doctor.record import record
from iou_doctor.report.stored_values import read_count, read_list, read_number, read_text

Document = dict[str, Any]
"""As `json.loads` returns it."""


@record
class StoredLedger:
    """What costs the most of a mean IoU."""

    missing: float
    """1 minus the mean IoU after all repairs."""
    pairs: dict[tuple[int, int | None], tuple[int, float]]
    """The pixels and the points of true and predicted classes; `None` is no class."""
    other_pairs: float
    samples: dict[int, tuple[str, float]]
    """The names and the points of samples."""
    other_samples: float


def read_ledger(document: Document) -> StoredLedger:
    """Return the ledger in a JSON object.

    Raises:
        KeyError, TypeError, ValueError, OverflowError: it is no ledger.
    """
    return StoredLedger(
        missing=read_number(document["missing"]),
        pairs=dict(map(_read_pair, read_list(document["pairs"]))),
        other_pairs=read_number(document["other_pairs"]),
        samples=dict(map(_read_sample, read_list(document["samples"]))),
        other_samples=read_number(document["other_samples"]),
    )


def _read_pair(document: Document) -> tuple[tuple[int, int | None], tuple[int, float]]:
    prediction = document["prediction"]
    key = read_count(document["truth"]), None if prediction is None else read_count(prediction)
    return key, (read_count(document["pixels"]), read_number(document["points"]))


def _read_sample(document: Document) -> tuple[int, tuple[str, float]]:
    entry = read_text(document["name"]), read_number(document["points"])
    return read_count(document["sample"]), entry


def compare_pairs(before: StoredLedger, after: StoredLedger) -> tuple[PairChange, ...]:
    """Return the class pairs whose prices differ, those that differ most first."""
    none = 0, 0.0
    changes = []
    for truth, prediction in {**before.pairs, **after.pairs}:
        key = truth, prediction
        (pixels, points), (pixels_after, points_after) = (
            before.pairs.get(key, none),
            after.pairs.get(key, none),
        )
        if points != points_after:
            gain = points - points_after
            changes.append(PairChange(truth, prediction, (pixels, pixels_after), gain))
    return tuple(sorted(changes, key=lambda one: -abs(one.gain)))


def compare_samples(before: StoredLedger, after: StoredLedger) -> tuple[SampleChange, ...]:
    """Return the samples whose prices differ, those that differ most first."""
    none = "", 0.0
    changes = []
    for sample, (name, _) in {**after.samples, **before.samples}.items():
        gain = before.samples.get(sample, none)[1] - after.samples.get(sample, none)[1]
        if gain:
            changes.append(SampleChange(sample, name, gain))
    return tuple(sorted(changes, key=lambda one: -abs(one.gain)))

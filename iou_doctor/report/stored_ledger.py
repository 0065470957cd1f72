"""The ledger that a JSON report holds, as far as a comparison needs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iou_doctor.ledger.difference import PairChange, SampleChange
from iou_doctor.record import record
from iou_doctor.report.stored_values import (
    read_count,
    read_list,
    read_number,
    read_optional_number,
    read_text,
)

Document = dict[str, Any]
"""As `json.loads` returns it."""


@record
class StoredSample:
    """What the wrong pixels of one sample cost."""

    name: str
    points: float
    mean_iou: float | None
    """The mean IoU of this sample alone."""


NO_PIXELS = 0, 0.0
"""The pixels and points of a class pair that is not in a report which lists all."""
NOTHING_WRONG = StoredSample("", 0.0, 1.0)
"""A sample that is not in a report which lists all."""


@record
class StoredLedger:
    """What costs the most of a mean IoU."""

    missing: float
    """1 minus the mean IoU after all repairs."""
    pairs: dict[tuple[int, int | None], tuple[int, float]]
    """The pixels and the points of true and predicted classes; `None` is no class."""
    other_pairs: float
    class_iou: dict[int, float]
    """The IoU of each class in the mean, after all repairs."""
    samples: dict[int, StoredSample]
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
        class_iou=dict(_read_class_ious(document)),
        samples=dict(map(_read_sample, read_list(document["samples"]))),
        other_samples=read_number(document["other_samples"]),
    )


def _read_pair(document: Document) -> tuple[tuple[int, int | None], tuple[int, float]]:
    prediction = document["prediction"]
    key = read_count(document["truth"]), None if prediction is None else read_count(prediction)
    return key, (read_count(document["pixels"]), read_number(document["points"]))


def _read_class_ious(document: Document) -> Iterator[tuple[int, float]]:
    """Yield the class ids and IoUs: what a class costs is 1 - IoU, over the number of classes."""
    classes = read_count(document["classes"])
    for one in read_list(document["by_class"]):
        points = read_number(one["missed"]) + read_number(one["false_alarms"])
        yield read_count(one["id"]), max(0.0, 1 - points * classes)


def _read_sample(document: Document) -> tuple[int, StoredSample]:
    entry = StoredSample(
        read_text(document["name"]),
        read_number(document["points"]),
        read_optional_number(document["mean_iou"]),
    )
    return read_count(document["sample"]), entry


def compare_pairs(before: StoredLedger, after: StoredLedger) -> tuple[PairChange, ...]:
    """Return the class pairs whose prices differ, those that differ most first."""
    changes = []
    for truth, prediction in {**before.pairs, **after.pairs}:
        key = truth, prediction
        one = before.pairs.get(key, None if before.other_pairs else NO_PIXELS)
        other = after.pairs.get(key, None if after.other_pairs else NO_PIXELS)
        if one is None or other is None:  # among those that a report does not list
            continue
        if gain := one[1] - other[1]:
            changes.append(PairChange(truth, prediction, (one[0], other[0]), gain))
    return tuple(sorted(changes, key=lambda one: -abs(one.gain)))


def compare_samples(before: StoredLedger, after: StoredLedger) -> tuple[SampleChange, ...]:
    """Return the samples that have changed, those whose prices differ most first.

    A sample with the same mean IoU is as before. It may cost something else, because the unions of
    its classes have changed.
    """
    changes = []
    for sample, entry in {**after.samples, **before.samples}.items():
        one = before.samples.get(sample, None if before.other_samples else NOTHING_WRONG)
        other = after.samples.get(sample, None if after.other_samples else NOTHING_WRONG)
        if one is None or other is None or one.mean_iou == other.mean_iou:
            continue
        if gain := one.points - other.points:
            changes.append(SampleChange(sample, entry.name, gain))
    return tuple(sorted(changes, key=lambda one: -abs(one.gain)))

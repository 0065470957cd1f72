"""Compare two JSON reports: their scores, and the ledgers that they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from iou_doctor.errors import UsageError
from iou_doctor.ledger.difference import ClassChange, Difference, PairChange, SampleChange
from iou_doctor.ledger.interval import CONFIDENCE, Intervals, estimate_change
from iou_doctor.ledger.stored_areas import StoredAreas, decode
from iou_doctor.record import record
from iou_doctor.report.comparison import Comparison, Side
from iou_doctor.safety.safe_text import escape_name
from iou_doctor.safety.text_files import read_text

Document = dict[str, Any]
"""A report as `json.loads` returns it. A missing key is an error where it is looked up."""


@record
class StoredReport:
    """What a comparison needs of a JSON report."""

    side: Side
    right: float | None
    """The mean IoU after all repairs."""
    ledger: Document | None
    class_iou: dict[int, float | None]
    truth_pixels: dict[int, int]
    areas: StoredAreas | None


def compare_reports(before: str, after: str, *, confidence: float = CONFIDENCE) -> Comparison:
    """Return where the numbers of two JSON reports differ.

    There is an interval of the difference if both reports hold the areas of the same images.

    Args:
        before: the path of the one report.
        after: the path of the other.
        confidence: the share of the drawn data sets that an interval holds.

    Raises:
        UsageError: a file is no such report, or the reports are of other masks.
    """
    first, second = load_report(before), load_report(after)
    if _are_of_other_masks(first, second):
        raise UsageError(
            f"{escape_name(before)} and {escape_name(after)} are of other masks: the pixels of the"
            " classes differ; give two reports on the same masks"
        )
    return Comparison(
        first.side,
        second.side,
        _are_of_same_predictions(first, second),
        _build_difference(first, second, confidence),
    )


def load_report(path: str) -> StoredReport:
    """Return a report that `check --output-format json` has written.

    Raises:
        UsageError: there is no such report.
    """
    name = escape_name(path)
    try:
        document = json.loads(read_text(Path(path)))
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not valid JSON") from error
    try:
        return _read_report(document)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UsageError(
            f"{name} is not a report with a ledger; write one with `iou-doctor check … --report"
            " json=FILE`"
        ) from error


def _read_report(document: Document) -> StoredReport:
    scores, ledger = document["scores"], document["ledger"]
    classes = scores["per_class"]
    if document["schema_version"] != 1 or document["tool"]["name"] != "iou-doctor":
        raise ValueError("it is of another tool")
    right = None if ledger is None else 1 - float(ledger["missing"])
    return StoredReport(
        side=_read_side(document),
        right=right,
        ledger=ledger,
        class_iou={int(one["id"]): one["iou"] for one in classes},
        areas=None if ledger is None else decode(ledger.get("areas")),
        truth_pixels={int(one["id"]): int(one["truth_pixels"]) for one in classes},
    )


def _read_side(document: Document) -> Side:
    verdict, metric = document["verdict"], document["metric"]
    primary = next((one for one in document["findings"] if one["name"] == verdict["primary"]), None)
    return Side(
        predictions=str(document["inputs"]["predictions"]["path"]),
        masks=str(document["inputs"]["masks"]["path"]),
        metric_call=str(metric["name"]),
        value=_read_number(metric["value"]),
        error=metric["error"],
        note=metric["note"],
        sick=verdict["status"] == "sick",
        primary=verdict["primary"],
        cause=primary and f"{primary['name']} ({primary['code']})",
        summary=str(verdict["summary"]),
        mean_iou=_read_number(document["scores"]["mean_iou"]),
        mean_iou_after_all=_read_number(verdict["mean_iou_after_all"]),
        is_scored=document["ledger"] is not None,
        class_names=tuple(str(one["name"]) for one in document["scores"]["per_class"]),
    )


def _read_number(value: object) -> float | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return None if value is None else float(value)
    raise ValueError("it is no number")


def _are_of_same_predictions(one: StoredReport, other: StoredReport) -> bool:
    """Return whether two reports are of the same predictions: a path alone may hold new ones."""
    same_path = one.side.predictions == other.side.predictions
    return same_path and one.ledger == other.ledger and one.class_iou == other.class_iou


def _are_of_other_masks(one: StoredReport, other: StoredReport) -> bool:
    """Return whether two reports cannot be of the same masks. One path may be read in two ways."""
    if one.side.masks == other.side.masks or not (one.truth_pixels and other.truth_pixels):
        return False
    return one.truth_pixels != other.truth_pixels


def _build_difference(
    before: StoredReport, after: StoredReport, confidence: float
) -> Difference | None:
    if before.right is None or after.right is None:
        return None
    intervals = _estimate_intervals(before, after, confidence)
    ledgers = before.ledger, after.ledger
    pairs, samples = _merge_pairs(ledgers), _merge_samples(ledgers)
    return Difference(
        mean_iou=(before.right, after.right),
        pairs=pairs,
        other_pairs=_subtract(ledgers, "other_pairs"),
        classes=tuple(
            ClassChange(
                one,
                (before.class_iou.get(one), after.class_iou.get(one)),
                intervals.classes.get(one),
            )
            for one in sorted({*before.class_iou, *after.class_iou})
        ),
        samples=samples,
        other_samples=_subtract(ledgers, "other_samples"),
        better=sum(one.gain > 0 for one in samples),
        worse=sum(one.gain < 0 for one in samples),
        interval=intervals.mean,
    )


def _estimate_intervals(before: StoredReport, after: StoredReport, confidence: float) -> Intervals:
    """Return the paired intervals of the difference; none if the reports lack single images."""
    if before.areas is None or after.areas is None:
        return Intervals(None, {})
    both = before.areas.pair_with_stored(after.areas)
    return Intervals(None, {}) if both is None else estimate_change(*both, confidence)


def _subtract(ledgers: tuple[Any, Any], key: str) -> float:
    before, after = (float(ledger[key]) for ledger in ledgers)
    return before - after


def _merge_pairs(ledgers: tuple[Any, Any]) -> tuple[PairChange, ...]:
    found: dict[tuple[int, int | None], list[Any]] = {}
    for side, ledger in enumerate(ledgers):
        for pair in ledger["pairs"]:
            entry = found.setdefault((pair["truth"], pair["prediction"]), [0, 0, 0.0])
            entry[side] = int(pair["pixels"])
            entry[2] += (1 - 2 * side) * float(pair["points"])
    changes = [
        PairChange(truth, prediction, (entry[0], entry[1]), entry[2])
        for (truth, prediction), entry in found.items()
        if entry[2]
    ]
    return tuple(sorted(changes, key=lambda one: -abs(one.gain)))


def _merge_samples(ledgers: tuple[Any, Any]) -> tuple[SampleChange, ...]:
    found: dict[int, list[Any]] = {}
    for side, ledger in enumerate(ledgers):
        for sample in ledger["samples"]:
            entry = found.setdefault(int(sample["sample"]), [str(sample["name"]), 0.0])
            entry[1] += (1 - 2 * side) * float(sample["points"])
    changes = [SampleChange(sample, name, gain) for sample, (name, gain) in found.items() if gain]
    return tuple(sorted(changes, key=lambda one: -abs(one.gain)))

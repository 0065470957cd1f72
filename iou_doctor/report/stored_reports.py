"""Compare two JSON reports: their scores, and the ledgers that they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from iou_doctor.errors import UsageError
from iou_doctor.ledger.difference import ClassChange, Difference
from iou_doctor.ledger.interval import CONFIDENCE, Intervals, estimate_change
from iou_doctor.ledger.stored_areas import StoredAreas, decode
from iou_doctor.record import record
from iou_doctor.report.comparison import Comparison, OtherSamples, Side
from iou_doctor.report.shared_reports import SharedAreas, find_shared_areas, subtract_shared
from iou_doctor.report.stored_ledger import (
    StoredLedger,
    compare_pairs,
    compare_samples,
    read_ledger,
)
from iou_doctor.report.stored_values import (
    read_count,
    read_optional_number,
    read_optional_text,
    read_text,
)
from iou_doctor.safety.safe_text import escape_name
from iou_doctor.safety.text_files import read_text as read_text_file

Document = dict[str, Any]
"""A report as `json.loads` returns it. A missing key is an error where it is looked up."""


@record
class StoredReport:
    """What a comparison needs of a JSON report."""

    side: Side
    ledger: StoredLedger | None
    """`None` if the arrays have no score that means something."""
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
    same_void = first.side.ignore_index == second.side.ignore_index
    shared = find_shared_areas(first.areas, second.areas, same_void=same_void)
    if shared is not None:
        return _compare_shared(first, second, shared, confidence)
    if _are_of_other_masks(first, second):
        raise UsageError(
            f"{escape_name(before)} and {escape_name(after)} are of other masks: the pixels of the"
            " classes differ; give two reports on the same masks, or on images with names"
        )
    return Comparison(
        first.side,
        second.side,
        _are_of_same_predictions(first, second),
        _build_difference(first, second, confidence),
    )


def _compare_shared(
    before: StoredReport, after: StoredReport, shared: SharedAreas, confidence: float
) -> Comparison:
    """Return where the numbers differ, if each report has samples that the other lacks."""
    difference = samples = None
    if before.ledger is not None and after.ledger is not None:
        difference = subtract_shared(shared, confidence)
        whole = 1 - before.ledger.missing, 1 - after.ledger.missing
        samples = OtherSamples(shared.left_out, whole)
    return Comparison(before.side, after.side, False, difference, samples=samples)


def load_report(path: str) -> StoredReport:
    """Return a report that `check --output-format json` has written.

    Raises:
        UsageError: there is no such report.
    """
    name = escape_name(path)
    try:
        document = json.loads(read_text_file(Path(path)), parse_constant=_refuse_constant)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not valid JSON") from error
    try:
        return _read_report(document)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UsageError(
            f"{name} is not a report with a ledger; write one with `iou-doctor check … --report"
            " json=FILE`"
        ) from error


def _read_report(document: Document) -> StoredReport:
    scores, ledger = document["scores"], document["ledger"]
    classes = scores["per_class"]
    if document["schema_version"] != 1 or document["tool"]["name"] != "iou-doctor":
        raise ValueError("it is of another tool")
    return StoredReport(
        side=_read_side(document),
        ledger=None if ledger is None else read_ledger(ledger),
        class_iou={read_count(one["id"]): read_optional_number(one["iou"]) for one in classes},
        areas=None if ledger is None else decode(ledger.get("areas")),
        truth_pixels={read_count(one["id"]): read_count(one["truth_pixels"]) for one in classes},
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _read_side(document: Document) -> Side:
    verdict, metric = document["verdict"], document["metric"]
    summary = read_text(verdict["summary"])
    primary = next((one for one in document["findings"] if one["name"] == verdict["primary"]), None)
    return Side(
        predictions=read_text(document["inputs"]["predictions"]["path"]),
        masks=read_text(document["inputs"]["masks"]["path"]),
        metric_call=read_text(metric["name"]),
        value=read_optional_number(metric["value"]),
        error=read_optional_text(metric["error"]),
        note=read_optional_text(metric["note"]),
        sick=verdict["status"] == "sick",
        primary=read_optional_text(verdict["primary"]),
        cause=primary and f"{summary.rpartition(': ')[2]} ({read_text(primary['code'])})",
        summary=summary,
        mean_iou=read_optional_number(document["scores"]["mean_iou"]),
        mean_iou_after_all=read_optional_number(verdict["mean_iou_after_all"]),
        is_scored=document["ledger"] is not None,
        num_classes=read_count(document["reading"]["num_classes"]),
        ignore_index=_read_label(document["reading"]["ignore_index"]),
        class_names=tuple(read_text(one["name"]) for one in document["scores"]["per_class"]),
    )


def _read_label(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError("it is no label")


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
    one, other = before.ledger, after.ledger
    if one is None or other is None:
        return None
    intervals = _estimate_intervals(before, after, confidence)
    pairs, samples = compare_pairs(one, other), compare_samples(one, other)
    gain, gains = one.missing - other.missing, [sample.gain for sample in samples]
    return Difference(
        mean_iou=(1 - one.missing, 1 - other.missing),
        pairs=pairs,
        other_pairs=gain - sum(pair.gain for pair in pairs),
        classes=tuple(
            ClassChange(
                class_id,
                (one.class_iou.get(class_id), other.class_iou.get(class_id)),
                intervals.classes.get(class_id),
            )
            for class_id in sorted({*one.class_iou, *other.class_iou})
        ),
        samples=samples,
        other_samples=gain - sum(gains),
        better=sum(one > 0 for one in gains),
        worse=sum(one < 0 for one in gains),
        won=sum(one for one in gains if one > 0),
        lost=sum(one for one in gains if one < 0),
        interval=intervals.mean,
        knows_all=not (one.other_samples or other.other_samples),
    )


def _estimate_intervals(before: StoredReport, after: StoredReport, confidence: float) -> Intervals:
    """Return the paired intervals of the difference; none if the reports lack single images."""
    if before.areas is None or after.areas is None:
        return Intervals(None, {})
    both = before.areas.pair_with_stored(after.areas)
    return Intervals(None, {}) if both is None else estimate_change(*both, confidence)

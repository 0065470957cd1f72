"""Gather what a page shows beside the report, from the counts and by reading some samples again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from iou_doctor.errors import IouDoctorError, ReadingError, RepairError
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.prices import Prices
from iou_doctor.pictures.choose import FAULTY, choose_faulty, find_dearest_pair
from iou_doctor.pictures.image_scores import score_all_images
from iou_doctor.pictures.sample_reader import SampleReader, build_reader, has_rows
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Severity, Suspicion
from iou_doctor.report.gallery import DearestPair, Gallery, PicturedSample, WorstSample
from iou_doctor.report.report import CheckedArrays, Report
from iou_doctor.safety.safe_text import escape_name
from iou_doctor.sources.files.bus_errors import BUS_ERRORS
from iou_doctor.sources.files.stamps import check_unchanged

OVERLAPPING = "There are no pictures, because the channels overlap."
SEEN = frozenset(Suspicion) - {Suspicion.DEFINITIONS, Suspicion.COLLAPSE}
"""The kinds of causes that label maps show, also if there is no repair."""
FLAT = "There are no pictures, because the pixels of an array are not in rows and columns."


@np.errstate(over="ignore", invalid="ignore")  # huge and signalling values are data as well
def build_gallery(report: Report, pictures: int) -> Gallery:
    """Return what a page shows beside the report.

    Args:
        report: the report, with its arrays.
        pictures: the number of samples that cost most to show; 0 for no pictures at all.
    """
    arrays = report.arrays
    if arrays is None:
        return Gallery()
    counted = arrays.counted
    gallery = Gallery() if counted is None else _describe_counts(report, arrays, counted)
    if not pictures:
        return gallery
    if why := explain_no_maps(report):
        return replace(gallery, notes=(why,))
    try:
        with BUS_ERRORS.catch():
            return _add_pictures(gallery, report, arrays, pictures)
    except IouDoctorError as error:
        return replace(gallery, notes=(f"The pictures are left out: {error}",))


def _describe_counts(report: Report, arrays: CheckedArrays, counted: Counted) -> Gallery:
    dearest = () if report.ledger is None else report.ledger.samples
    return Gallery(
        score=counted.score,
        pairs=counted.scored.pool(),
        images=score_all_images(counted, arrays.name_sample),
        worst=tuple(WorstSample(price, None, None) for price in dearest),
    )


def explain_no_maps(report: Report) -> str | None:
    """Return why the arrays are no maps of labels; `None` if they are."""
    if report.reading.is_multilabel:
        return OVERLAPPING
    return None if all(has_rows(report.reading, side) for side in Side) else FLAT


def _add_pictures(
    gallery: Gallery, report: Report, arrays: CheckedArrays, pictures: int
) -> Gallery:
    counted, samples = arrays.counted, report.reading.layout.samples
    shows_fault = report.primary is not None and report.primary.severity is not Severity.NOTE
    pairs = None if counted is None else counted.pairs
    faulty = choose_faulty(report, pairs, samples)[:pictures] if shows_fault else []
    worst = gallery.worst[:pictures]
    wanted = {*faulty, *(one.price.sample for one in worst)}
    pair = arrays.open()
    reader = build_reader(report, arrays, pair, len(wanted))
    read, notes = read_samples(reader, wanted)
    check_unchanged(pair.files)
    seen = [read[one] for one in faulty if one in read and _is_seen(read[one], report)]
    return replace(
        gallery,
        faulty=tuple(seen)[:FAULTY],
        reads=reader.y_pred.reading.words,
        worst=tuple(
            replace(
                one,
                dearest=_find_dearest(counted, one.price.sample),
                picture=read.get(one.price.sample),
            )
            for one in worst
        ),
        notes=(*notes, *reader.photographs.list_notes()),
    )


def _find_dearest(counted: Counted | None, sample: int) -> DearestPair | None:
    if counted is None:
        return None
    return find_dearest_pair(counted, Prices.of(counted.score), sample)


def read_samples(
    reader: SampleReader, wanted: Iterable[int]
) -> tuple[dict[int, PicturedSample], tuple[str, ...]]:
    """Return samples by their numbers, and why some cannot be shown.

    They are read in ascending order, as a compressed file is read best.
    """
    read: dict[int, PicturedSample] = {}
    notes: dict[str, None] = {}
    for sample in sorted(wanted):
        try:
            read[sample] = reader.read(sample)
        except (ReadingError, RepairError) as error:
            notes[f"Sample {escape_name(reader.name(sample))} is not shown: {error}"] = None
    return read, tuple(notes)


def _is_seen(picture: PicturedSample, report: Report) -> bool:
    """Return whether the maps show that something is wrong with how the arrays are read."""
    given, repaired = picture.given, picture.repaired
    if repaired is None:
        return report.primary is not None and report.primary.rule.suspicion in SEEN
    if not np.array_equal(given.truth, repaired.truth):
        return True
    if not np.array_equal(given.prediction, repaired.prediction):
        return True
    return given.errors is not repaired.errors and not (
        given.errors is not None
        and repaired.errors is not None
        and np.array_equal(given.errors, repaired.errors)
    )

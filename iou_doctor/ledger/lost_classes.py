"""Find out what is the matter with classes whose IoU is near 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.map_samples import LabelMaps
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger.cells import find_cells
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.ledger import Ledger
from iou_doctor.ledger.lost_class import LostClass, Taken
from iou_doctor.metrics.score import ClassScore

MOST_CLASSES = 20
"""The number of classes that are looked into, those that cost most."""


def find_lost_classes(
    ledger: Ledger, counted: Counted, maps: LabelMaps | None = None
) -> tuple[LostClass, ...]:
    """Return the facts about classes with an IoU near 0, those that cost most first.

    Args:
        ledger: the prices of all wrong pixels.
        counted: the label pairs and the score that the ledger is of.
        maps: parts of a few label maps with all of their pixels; `None` if these are unknown.
    """
    points = {entry.id: entry.points for entry in ledger.by_class}
    lost = sorted(counted.lost, key=lambda one: (-points[one.id], one.id))[:MOST_CLASSES]
    scored, void = counted.scored, counted.pairs.pool()
    void = void.keep_rows(void.truth == counted.ignore_index)
    images, pool = _count_images(scored, [one.id for one in lost]), scored.pool()
    cells = None if maps is None else find_cells(maps.y_pred)
    found = []
    for one in lost:
        best = None if cells is None or maps is None else cells.limit_iou(maps.y_true, one.id)
        facts = _look_into(one, pool, void, len(counted.score.per_class))
        cell = None if best is None or cells is None else cells.size
        found.append(replace(facts, images=images[one.id], cell=cell, best_iou=best))
    return tuple(found)


def _look_into(one: ClassScore, pool: PairCounts, void: PairCounts, classes: int) -> LostClass:
    """Return what the pixels of all images together tell about a class.

    Args:
        one: the class.
        pool: the label pairs that count, of all images together.
        void: those on void, which do not count.
        classes: the number of classes.
    """
    missed = pool.keep_rows((pool.truth == one.id) & (pool.prediction != one.id))
    alarms = pool.keep_rows((pool.truth != one.id) & (pool.prediction == one.id))
    return LostClass(
        id=one.id,
        iou=one.iou or 0.0,
        truth_pixels=one.truth_pixels,
        predicted_pixels=one.predicted_pixels,
        right_pixels=one.intersection,
        missed_as=_find_largest(missed.prediction, missed, classes),
        alarms_of=_find_largest(alarms.truth, alarms, classes),
        void_pixels=int(void.count[void.prediction == one.id].sum()),
    )


def _find_largest(labels: NDArray[np.int64], rows: PairCounts, classes: int) -> Taken | None:
    """Return the label with the most pixels in some rows; `None` if there are none."""
    if not len(rows):
        return None
    names, place = np.unique(np.where(is_no_class(labels), -1, labels), return_inverse=True)
    pixels = np.bincount(place, rows.count)
    largest = int(pixels.argmax())
    label = int(names[largest])
    name = None if label < 0 else label
    return Taken(name, int(pixels[largest]), is_class=0 <= label < classes)


def _count_images(scored: PairCounts, classes: Sequence[int]) -> dict[int, int]:
    """Return the number of images whose masks hold each of some classes."""
    images = dict.fromkeys(classes, 0)
    for block in scored.iterate_blocks():
        for label in classes:
            images[label] += len(np.unique(block.image[block.truth == label]))
    return images

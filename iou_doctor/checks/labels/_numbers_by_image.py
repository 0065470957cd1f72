"""Recognise numbers of segments that start again in each image, beside class ids.

Number 5 is then a car in one image and the sky in the next one. If the segments are numbered class
by class, one table of ids fits the commonest classes of all images, and no other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import count_class_ids, list_labels_by_image
from iou_doctor.checks.labels._instances import is_restarting_in_each_image
from iou_doctor.checks.wording import format_percent
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule

LEAST_OF_SINGLE_IMAGES = 0.75
"""Minimum share of the pixels that agree if each image has a table of its own. In a weak model, at
most 0.6 agree."""
LEAST_LEAD, LEAST_MORE_ERRORS = 0.02, 1.4
"""Minimum share of the pixels that agree only with such tables, and how many times as many pixels
disagree with one table for all images. Classes gain 0.01 by chance, and segments that are numbered
class by class 0.03 and more, 1.5 times."""
FEWEST_NUMBERS = 5
"""Minimum number of segments in the fullest image. Images may hold the classes 1..2 and 1..3."""


class Segments(NamedTuple):
    """The evidence that the ids of one array number segments."""

    side: Side
    numbers: int
    """The number of segments in the fullest image."""
    single: int
    """The pixels that agree if each image has a table of its own."""
    together: int
    """The pixels that agree if one table serves for all images."""
    total: int


def find_numbers_by_image(evidence: Evidence) -> Segments | None:
    """Return the evidence that ids mean other classes in each image; `None` if they do not."""
    for side, other in ((Side.MASKS, Side.PREDICTIONS), (Side.PREDICTIONS, Side.MASKS)):
        numbers = max(count_class_ids(evidence, side), default=0)
        if numbers < FEWEST_NUMBERS or numbers <= len(count_class_ids(evidence, other)):
            continue
        labels, in_image = list_labels_by_image(evidence, side)
        are_ids = (labels > 0) & np.isin(labels, [*count_class_ids(evidence, side)])
        if is_restarting_in_each_image(labels[are_ids], in_image[are_ids], FEWEST_NUMBERS):
            found = _compare_tables(evidence, side, numbers)
            if found is not None:
                return found
    return None


def _compare_tables(evidence: Evidence, side: Side, numbers: int) -> Segments | None:
    """Return the pixels that agree with tables of either kind if the difference is plain."""
    pairs = evidence.pairs.keep_rows(
        ~is_no_class(evidence.pairs.truth) & ~is_no_class(evidence.pairs.prediction)
    )
    given = pairs.keep_rows(pairs.truth == pairs.prediction).total
    pairs = pairs if side is Side.MASKS else pairs.swap_sides()
    single, together, total = _count_agreeing(pairs), _count_agreeing(pairs.pool()), pairs.total
    least = max(LEAST_OF_SINGLE_IMAGES * total, together + LEAST_LEAD * total, 2 * given)
    if single < least or total - together < LEAST_MORE_ERRORS * (total - single):
        return None
    return Segments(side, numbers, single, together, total)


def _count_agreeing(pairs: PairCounts) -> int:
    """Return how many pixels agree if each id means its most frequent partner in its image."""
    blocks = pairs.iterate_blocks() if len(pairs) else ()
    return sum(int(np.maximum.reduceat(it.count, it.truth_starts).sum()) for it in blocks)


def report_numbers_by_image(rule: Rule, segments: Segments) -> Finding:
    """Return the finding, which has no repair: which class a number means is stored elsewhere."""
    side, total = segments.side, segments.total
    return Finding(
        rule,
        message=f"{side} hold the numbers 1..{segments.numbers}, which start again in each image:"
        f" with a table of its own for each image, {format_percent(segments.single, total)} of the"
        f" pixels agree, and with one table for all images"
        f" {format_percent(segments.together, total)}",
        help="a number means another class in each image, so no table of ids repairs this: use"
        f" semantic {side}, or look each number up in the list of segments of its image"
        " (segments_info in panoptic formats)",
        facts={
            "array": side.value,
            "distinct_ids": segments.numbers,
            "pixels_agreeing_by_image": segments.single,
            "pixels_agreeing_together": segments.together,
            "pattern": "numbers of segments that start again in each image",
        },
    )

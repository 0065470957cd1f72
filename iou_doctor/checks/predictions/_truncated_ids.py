"""Recognize class ids among predictions that mostly hold fractions, by what a cast leaves."""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing, decode_no_class, is_no_class

LEAST_AGREEING = 0.25
"""Minimum share of the pixels of which the cast value, or the next one, is the id in the masks."""
LEAST_LIFT = 2.0
"""How many times as many pixels these are as by chance."""
FEWEST_IDS = 3
"""Minimum number of ids in the masks. Scores of two classes are between two ids by nature."""


def have_truncated_ids(evidence: Evidence) -> bool:
    """Return whether predictions that were taken for scores of two classes are ids of several."""
    table = evidence.stats.tables.get(Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS))
    if table is None or not len(table):
        return False
    pairs = table.pool()
    pairs = pairs.keep_rows(~is_no_class(pairs.truth))
    if len(pairs.count_truths()) < FEWEST_IDS:
        return False
    truth, cast = pairs.truth, decode_no_class(pairs.prediction)
    agreeing = int(pairs.count[(truth == cast) | (truth == cast + 1)].sum())
    known = pairs.count_truths()
    values, places = np.unique(cast, return_inverse=True)
    often = np.bincount(places, pairs.count)
    near = [known.get(int(value), 0) + known.get(int(value) + 1, 0) for value in values]
    by_chance = float(often @ np.array(near)) / pairs.total
    return agreeing >= max(LEAST_AGREEING * pairs.total, LEAST_LIFT * by_chance)

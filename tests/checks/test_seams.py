from types import SimpleNamespace

import numpy as np
import pytest

from iou_doctor.checks.seams import Seam, list_learnt_labels, list_seam_candidates, measure_seams
from iou_doctor.counts.pair_counts import PairCounts


@pytest.mark.parametrize(
    ("seam", "thin"),
    [
        (Seam(100, 90, 0), True),
        (Seam(100, 89, 0), False),
        (Seam(1000, 1000, 20), True),
        (Seam(1000, 1000, 21), False),
        (Seam(12, 12, 0), True),
        (Seam(11, 11, 0), False),
    ],
)
def test_a_seam_is_thin_and_lies_between_bodies(seam, thin):
    assert seam.is_thin is thin


@pytest.mark.parametrize(("width", "between"), [(1, 20), (2, 40), (3, 20), (4, 0)])
def test_a_body_begins_at_most_three_pixels_away(width, between):
    image = np.array([[0] * 6 + [3] * width + [9] * 6] * 20, dtype=np.int32)
    assert measure_seams([image])[3].between == between


def evidence_of(rows):
    """Return what has these rows of truth, prediction and number of pixels."""
    truth, prediction, count = np.array(rows).T
    table = PairCounts.from_rows(
        image=np.zeros_like(truth), truth=truth, prediction=prediction, count=count
    )
    return SimpleNamespace(pairs=table)


def test_a_label_is_learnt_if_a_fifth_of_its_pixels_agree():
    evidence = evidence_of([(1, 0, 80), (1, 1, 20), (2, 0, 81), (2, 2, 19)])
    assert list_learnt_labels(evidence, {0: 0, 1: 100, 2: 100}) == {0, 1}


def test_candidates_are_rare_and_between_others():
    evidence = evidence_of([(0, 9, 850), (1, 9, 50), (2, 9, 51), (9, 0, 49)])
    assert list_seam_candidates(evidence, {0: 850, 1: 50, 2: 51, 9: 49}) == [1]

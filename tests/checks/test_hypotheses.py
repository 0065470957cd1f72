from types import SimpleNamespace

import pytest

from iou_doctor.checks import hypotheses
from iou_doctor.checks.hypotheses import is_far_better

REPAIR = object()


@pytest.mark.parametrize(
    ("before", "after", "better"),
    [
        (0.0, 0.1, True),
        (0.0, 0.0999, False),
        (0.05, 0.151, True),
        (0.05, 0.149, False),
        (0.3, 0.6, True),
        (0.3, 0.599, False),
        (None, 0.1, True),
    ],
)
def test_far_better_is_a_tenth_more_and_twice_as_much(monkeypatch, before, after, better):
    monkeypatch.setattr(hypotheses, "score_repaired", lambda *_: after)
    evidence = SimpleNamespace(repaired=SimpleNamespace(mean_iou=before))
    assert is_far_better(evidence, REPAIR) is better

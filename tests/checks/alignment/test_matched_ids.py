from types import SimpleNamespace

import pytest

from iou_doctor.checks.alignment._matched_ids import is_convincing, is_worth_trying


def evidence(mean_iou=0.1, num_classes=3, *, error=False):
    return SimpleNamespace(
        repaired=SimpleNamespace(mean_iou=mean_iou),
        interpretation=SimpleNamespace(num_classes=num_classes, is_multilabel=False),
        has_found_error=error,
    )


@pytest.mark.parametrize(
    ("given", "tried"),
    [
        (evidence(0.2), True),
        (evidence(0.201), False),
        (evidence(None), False),
        (evidence(num_classes=2), False),
        (evidence(error=True), False),
    ],
    ids=["0.2", "0.201", "no score", "two classes", "an error"],
)
def test_ids_are_matched_where_arrays_of_several_classes_hardly_agree(given, tried):
    assert is_worth_trying(given) is tried


@pytest.mark.parametrize(
    ("after", "before", "convincing"),
    [(0.4, 0.2, True), (0.399, 0.2, False), (0.45, 0.299, True), (0.45, 0.301, False)],
)
def test_matched_maps_must_fit_well_and_much_better(after, before, convincing):
    assert is_convincing(after, before) is convincing

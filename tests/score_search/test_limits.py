"""Each limit of the search, just inside and just outside."""

from __future__ import annotations

import pytest
from score_search.faults.test_label_faults import CLASSES, inputs

from iou_doctor.report.score_lookup import Cause, parse_score
from iou_doctor.score_search import evaluate_contracts as search
from iou_doctor.score_search.candidate import Candidate, Candidates
from iou_doctor.score_search.evaluate_contracts import evaluate_contracts
from iou_doctor.score_search.faults.conditions import list_conditions
from iou_doctor.score_search.faults.label_faults import list_faults
from iou_doctor.score_search.search import look_up

CAUSE = Cause("as-given", "the arrays as they are", "nothing", prior=1.0)


def claims_of(name, classes):
    return [cause.claim for cause, _ in list_faults(inputs(classes=classes)) if cause.name == name]


@pytest.mark.parametrize(("classes", "swaps"), [(12, 66), (13, 0)])
def test_every_two_classes_are_swapped_up_to_12(classes, swaps):
    claims = claims_of("permuted-classes", classes)
    assert sum(claim.startswith("classes ") for claim in claims) == swaps


@pytest.mark.parametrize(("classes", "orders"), [(2, False), (3, True)])
def test_other_orders_of_classes_need_three(classes, orders):
    assert bool(claims_of("permuted-classes", classes)) is orders


@pytest.mark.parametrize("spare", [0, -1])
def test_averages_over_images_are_left_out_of_large_tables(spare, monkeypatch):
    arrays = inputs()
    monkeypatch.setattr(search, "MOST_PAIR_ROWS", len(arrays.labels.count) + spare)
    found = evaluate_contracts(CAUSE, arrays, all_implementations=False)
    names = [candidate.implementation for candidate in found]
    assert ("mean IoU of each image" in names) is (spare == 0)
    assert "Keras MeanIoU" in names


@pytest.mark.parametrize(("prior", "all_tried"), [(0.1, True), (0.09, False)])
def test_rare_faults_are_tried_with_common_implementations(prior, all_tried):
    cause = Cause("permuted-classes", "rare", "nothing", prior=prior)
    names = {
        one.implementation for one in evaluate_contracts(cause, inputs(), all_implementations=True)
    }
    assert ("sklearn micro" in names) is all_tried
    assert {"Keras MeanIoU", "mean Dice"} <= names


@pytest.mark.parametrize(("difference", "matches"), [(0.9e-6, 1), (1.1e-6, 2)])
def test_values_that_differ_by_rounding_are_one(difference, matches):
    values = (0.33331, 0.33331 + difference)
    found = tuple(Candidate(value, CAUSE, str(value), 1.0) for value in values)
    lookup = look_up(parse_score("0.3333"), Candidates(found, with_arrays=True))
    assert len(lookup.matches) == matches
    assert lookup.values_tried == matches


@pytest.mark.parametrize(("distance", "near"), [(0.0499, 1), (0.0501, 0)])
def test_the_neighbourhood_of_a_score_says_what_to_expect_by_chance(distance, near):
    for value in (0.3333 - distance, 0.3333 + distance):
        found = (Candidate(value, CAUSE, "one", 1.0),)
        lookup = look_up(parse_score("0.3333"), Candidates(found, with_arrays=True))
        assert lookup.expected_by_chance == pytest.approx(near * 0.0001 / 0.1)


@pytest.mark.parametrize(
    ("score", "possible"),
    [("0.0034", False), ("0.0035", True), ("0.0065", True), ("0.0066", False)],
)
def test_train_ids_in_cityscapes_evaluation_give_a_small_score(score, possible):
    names = [one.cause.name for one in list_conditions(parse_score(score), num_classes=CLASSES)]
    assert ("foreign-label-ids" in names) is possible

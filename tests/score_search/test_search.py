"""From a printed score back to its causes."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, noisy, one_hot, probabilities, scene

from iou_doctor.report.score_lookup import parse_score
from iou_doctor.score_search.formula_candidates import collect_formulas
from iou_doctor.score_search.search import look_up

MASKS = scene(1)
LABELS = noisy(MASKS, 2)


def looked_up(score, **arrays):
    return diagnose(score_to_explain=parse_score(score), num_classes=3, **arrays).lookup


def printed(value):
    return f"{value:.4f}"


def suspects(lookup, first=3):
    return [suspect for match in lookup.matches[:first] for suspect in match.suspects]


def causes(lookup, first=3):
    return [suspect.cause.name for suspect in suspects(lookup, first)]


def test_the_classic_third_is_named_without_arrays():
    lookup = look_up(parse_score("0.3333"), collect_formulas(3))
    assert causes(lookup, first=1)[0] == "one-hot-masks"
    assert not lookup.with_arrays
    assert lookup.conditions


def test_sick_arrays_are_named_by_their_fault():
    softmax = probabilities(LABELS, 3, classes=3)
    lookup = looked_up("0.3333", y_true=one_hot(MASKS, 3), y_pred=softmax)
    best = lookup.matches[0].suspects[0]
    assert best.cause.name == "unargmaxed-probabilities"
    assert "keras.metrics.MeanIoU(num_classes=3)" in best.implementations
    assert "sparse_y_pred=False" in best.cause.next_step


def test_the_number_after_the_repair_is_found_too():
    softmax = probabilities(LABELS, 3, classes=3)
    arrays = {"y_true": MASKS + 1, "y_pred": softmax}
    report = diagnose(num_classes=3, **arrays)
    assert report.verdict.primary
    lookup = looked_up(printed(report.verdict.mean_iou_after_all), **arrays)
    assert "mended" in causes(lookup) or "class-ids" in causes(lookup)


@pytest.mark.parametrize(
    ("cause", "masks", "labels", "call"),
    [
        ("labels-off-by-one", MASKS + 1, LABELS, "keras.metrics.MeanIoU(3)"),
        ("unargmaxed-probabilities", MASKS, LABELS * 0, "keras.metrics.MeanIoU(3)"),
        ("zero-label-reduced", np.where(MASKS == 0, 255, MASKS - 1), LABELS, "MeanIoU(3)"),
        ("ignored-class-in-range", MASKS, LABELS, "keras.metrics.MeanIoU(3, ignore_class=0)"),
        ("permuted-classes", MASKS, np.array([0, 2, 1])[LABELS], "keras.metrics.MeanIoU(3)"),
    ],
)
def test_somebody_elses_fault_is_found_from_good_arrays(cause, masks, labels, call):
    value = diagnose(y_true=masks, y_pred=labels, metric=call).metric.value
    assert cause in causes(looked_up(printed(value), y_true=MASKS, y_pred=LABELS))


def test_equal_values_are_one_match_and_others_are_not():
    report = diagnose(y_true=MASKS, y_pred=LABELS, num_classes=3)
    lookup = looked_up(printed(report.mean_iou), y_true=MASKS, y_pred=LABELS)
    names = lookup.matches[0].suspects[0].implementations
    assert {"Keras MeanIoU", "torchmetrics macro", "mmseg mIoU"} <= set(names)
    assert "torchmetrics micro" not in names
    values = [match.value for match in lookup.matches]
    assert len({round(value, 6) for value in values}) == len(values)


def test_a_fault_that_changes_nothing_is_no_explanation():
    # no void in these masks: whether it is declared makes no difference
    report = diagnose(y_true=MASKS, y_pred=LABELS, num_classes=3, ignore_index=255)
    lookup = looked_up(printed(report.mean_iou), y_true=MASKS, y_pred=LABELS, ignore_index=255)
    assert "undeclared-void-label" not in causes(lookup)


def test_more_digits_leave_fewer_matches_and_less_to_chance():
    report = diagnose(y_true=MASKS, y_pred=LABELS, num_classes=3)
    value = report.score.per_image_mean_iou
    rough = looked_up(f"{value:.2f}", y_true=MASKS, y_pred=LABELS)
    fine = looked_up(f"{value:.7f}", y_true=MASKS, y_pred=LABELS)
    assert len(fine.matches) < len(rough.matches)
    assert fine.expected_by_chance < rough.expected_by_chance
    assert fine.values_tried == rough.values_tried


def test_a_number_that_nothing_gives_matches_nothing():
    assert looked_up("0.00031", y_true=MASKS, y_pred=LABELS).matches == ()


def test_a_lookup_is_the_same_every_time():
    one, other = (looked_up("0.5000", y_true=MASKS, y_pred=LABELS) for _ in range(2))
    assert one == other


def test_closed_forms_are_worked_out_from_arrays():
    masks, labels = (MASKS > 0).astype(int), (LABELS > 0).astype(int)
    recall = (masks & labels).sum() / masks.sum()
    shares = np.array([[1 - mask.mean(), mask.mean()] for mask in masks])
    wanted = {
        ("ignored-class-in-range", "Keras IoU[target=1]"): recall,
        ("ignored-class-in-range", "Keras MeanIoU"): recall / 2,
        ("averaging-gap", "sklearn jaccard_similarity_score"): (masks == labels).mean(),
        ("unargmaxed-probabilities", "MONAI DiceMetric"): (2 * shares / (1 + shares)).mean(),
        ("masks-divided-by-255", "Keras MeanIoU"): (labels == 0).mean() / 2,
        ("unthresholded-sigmoid", "np.logical_and"): masks.mean(),
    }
    report_of = {"y_true": masks, "y_pred": labels, "num_classes": 2}
    for (cause, implementation), value in wanted.items():
        lookup = diagnose(score_to_explain=parse_score(f"{value:.6f}"), **report_of).lookup
        found = {
            (suspect.cause.name, name)
            for match in lookup.matches
            for suspect in match.suspects
            for name in suspect.implementations
        }
        assert (cause, implementation) in found, (cause, value, found)


def test_fractions_in_both_arrays_are_explained_too():
    random = np.random.default_rng(0)
    masks, scores = (random.random((3, 12, 10)).astype(np.float32) for _ in range(2))
    lookup = diagnose(y_true=masks, y_pred=scores, score_to_explain=parse_score("0.5")).lookup
    assert lookup.values_tried > 10

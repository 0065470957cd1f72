from types import SimpleNamespace

import numpy as np
import pytest
from build import diagnose, found, names, noisy, probabilities, roots, scene

from iou_doctor.checks.predictions.argmax_over_wrong_axis import _are_positions, _infer_num_classes
from iou_doctor.counts.value_counts import ValueCounts

TRUTH = scene(1, samples=5, height=24, width=30)
LAST = probabilities(noisy(TRUTH, 2), 3, classes=3)
FIRST = np.moveaxis(LAST, -1, 1)


@pytest.mark.parametrize("num_classes", [3, None])
@pytest.mark.parametrize(
    ("scores", "axis", "right"), [(LAST, 1, 3), (LAST, 2, 3), (FIRST, 2, 1), (FIRST, 3, 1)]
)
def test_what_an_argmax_over_rows_or_columns_leaves(scores, axis, right, num_classes):
    report = diagnose(y_true=TRUTH, y_pred=scores.argmax(axis=axis), num_classes=num_classes)
    assert [f.rule.name for f in roots(report)] == ["argmax-over-wrong-axis"]
    finding = found(report, "argmax-over-wrong-axis")
    assert finding.facts["argmaxed_axis"] == axis
    assert finding.facts["argmaxed_length"] == scores.shape[axis]
    assert f"argmax(axis={right})" in finding.help


def test_one_image_and_samples():
    report = diagnose(y_true=TRUTH[0], y_pred=LAST[0].argmax(axis=0), num_classes=3)
    assert "argmax-over-wrong-axis" in names(report)
    report = diagnose(y_true=TRUTH, y_pred=LAST.argmax(axis=0), num_classes=3)
    assert found(report, "argmax-over-wrong-axis").facts["argmaxed_axis"] == 0


@pytest.mark.parametrize(
    ("y_pred", "num_classes"),
    [
        (LAST.argmax(axis=-1), 3),
        (noisy(TRUTH, 2)[:, :, :-1], 3),
        (noisy(TRUTH, 2)[:, :, :3], None),
        (noisy(TRUTH, 2)[:, ::2, ::2], 3),
        (noisy(TRUTH, 2)[:3], 3),
        (LAST.argmax(axis=1) + 24, 3),
    ],
    ids=["right", "cropped", "cropped to C", "halved", "fewer", "ids beyond the rows"],
)
def test_other_shapes_pass(y_pred, num_classes):
    report = diagnose(y_true=TRUTH, y_pred=y_pred, num_classes=num_classes)
    assert "argmax-over-wrong-axis" not in names(report)


@pytest.mark.parametrize(("highest", "classes"), [(1, 2), (254, 255), (255, None), (0, None)])
def test_the_number_of_classes_is_inferred_from_ids_up_to_254(highest, classes):
    layout = SimpleNamespace(y_true=SimpleNamespace(is_per_class=False))
    evidence = SimpleNamespace(
        interpretation=SimpleNamespace(num_classes_declared=False, layout=layout),
        stats=SimpleNamespace(y_true=ValueCounts(maximum=highest)),
    )
    assert _infer_num_classes(evidence) == classes


@pytest.mark.parametrize(
    ("highest", "declared", "positions"),
    [(50, False, True), (49, False, False), (49, True, True), (99, True, True), (100, True, False)],
)
def test_positions_reach_half_of_the_axis_unless_classes_are_declared(highest, declared, positions):
    evidence = SimpleNamespace(interpretation=SimpleNamespace(num_classes_declared=declared))
    values = ValueCounts(maximum=highest)
    assert _are_positions(evidence, values, 100, 3) is positions

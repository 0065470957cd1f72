import numpy as np
import pytest
from build import diagnose, found, names, noisy
from scenes import boxes, model

from iou_doctor.checks.alignment._sample_tables import SampleScores
from iou_doctor.checks.alignment.outlying_samples import find_outlying
from iou_doctor.checks.map_stack import MOST_IMPROVABLE_IOU
from iou_doctor.report.finding import Severity

RULE = "outlying-samples"
T = boxes(1, samples=10)
P = model(T, 2)


def score(values):
    scores = np.array(values)
    return SampleScores(np.arange(len(scores)), scores, float(np.sort(scores)[-2]))


@pytest.mark.parametrize(
    ("scores", "outlying"),
    [
        ([0.8, 0.02, 0.7, 0.75, 0.83], [1]),
        ([0.8, 0.02, 0.75, 0.83], [1]),
        ([0.8, 0.02, 0.83], []),
        ([0.8, 0.41, 0.7, 0.75, 0.8], []),
        ([0.8, 0.39, 0.6, 0.75, 0.8], [1]),
        ([0.8, 0.39, 0.45, 0.75, 0.8], []),
        ([0.8, 0.02, 0.03, 0.75, 0.83], []),
        ([0.8, 0.02, 0.03] + 10 * [0.75], []),
        ([0.8, 0.02, 0.03] + 11 * [0.75], [1, 2]),
        ([0.8, 0.2, 0.42, 0.81, 0.8], [1]),
        ([0.8, 0.3, 0.42, 0.81, 0.8], []),
    ],
    ids=str,
)
def test_a_few_samples_lie_far_below_all_others(scores, outlying):
    assert find_outlying(score(scores)) == outlying


def test_a_prediction_of_another_scene_is_named_and_not_explained():
    other = P.copy()
    other[4] = model(boxes(7, samples=1), 3)[0]
    report = diagnose(y_true=T, y_pred=other, num_classes=5)
    finding = found(report, RULE)
    assert report.verdict.primary is None
    assert finding.severity is Severity.NOTE
    assert list(finding.facts["outlying"]) == ["4"]
    assert finding.message.startswith("sample 4 scores 0.")
    assert "and the other 9 score 0." in finding.message
    assert finding.message.endswith(
        "; other class ids, flips and turns, shifts and the predictions of other samples do not"
        " restore it beyond doubt"
    )


@pytest.mark.parametrize(
    ("places", "turn", "rule"),
    [([4], -1, "flipped-samples"), ([4, 9], 1, "shuffled-samples")],
)
def test_misplaced_samples_are_found_however_good_the_many_others_are(places, turn, rule):
    masks = boxes(1, samples=60)
    predictions = noisy(masks, 2, share=0.01, classes=5)
    predictions[places] = predictions[places[::-1], :, ::turn]
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=5)
    assert report.mean_iou > MOST_IMPROVABLE_IOU
    assert report.verdict.primary == rule
    assert found(report, rule).facts["faulty"] == places


def test_samples_with_a_known_fault_are_none_of_the_others():
    masks = boxes(1, samples=20)
    predictions = model(masks, 2)
    predictions[2] = np.array([0, 1, 3, 2, 4])[predictions[2]]
    predictions[4] = model(boxes(7, samples=1), 3)[0]
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=5)
    assert found(report, "faulty-samples").facts["faulty"] == [2]
    assert "sample 4 scores 0.14, and the other 18 score 0." in found(report, RULE).message


def test_a_mask_that_equals_that_of_another_sample_is_a_warning():
    doubled = T.copy()
    doubled[6] = T[5]
    finding = found(diagnose(y_true=doubled, y_pred=P, num_classes=5), RULE)
    assert finding.severity is Severity.WARNING
    assert "the mask of sample 6 equals that of sample 5" in finding.message
    assert finding.help == "save the files of sample 6 again"


def test_healthy_samples_and_weak_models_have_no_outlying_samples():
    assert RULE not in names(diagnose(y_true=T, y_pred=P, num_classes=5))
    weak = model(T, 2, signal=0.5)
    weak[4] = model(boxes(7, samples=1), 3)[0]
    assert RULE not in names(diagnose(y_true=T, y_pred=weak, num_classes=5))


def test_the_last_slices_of_a_volume_are_not_named():
    z, y, x = np.mgrid[:24, :48, :48]
    distance = (z - 12) ** 2 + (y - 20) ** 2 / 3 + (x - 30) ** 2 / 3
    masks = (distance < 90).astype(np.uint8)
    predictions = np.roll(masks, 2, axis=0)
    assert RULE not in names(diagnose(y_true=masks, y_pred=predictions))

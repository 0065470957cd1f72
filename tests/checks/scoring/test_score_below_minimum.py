import numpy as np
import pytest
from build import diagnose, errors, found, noisy, outcome, scene

from iou_doctor.errors import UsageError
from iou_doctor.report.minimums import (
    ImageMinimum,
    Minimums,
    parse_class_minimums,
    parse_image_minimum,
)

RULE = "score-below-minimum"
MASKS = np.concatenate([scene(seed) for seed in range(10)])
LABELS = noisy(MASKS, 1)
MEAN = diagnose(y_true=MASKS, y_pred=LABELS, num_classes=3).mean_iou


def gate(labels=LABELS, **minimums):
    return diagnose(y_true=MASKS, y_pred=labels, num_classes=3, minimums=Minimums(**minimums))


@pytest.mark.parametrize(("least", "fires"), [(0.0, False), (MEAN, False), (MEAN + 0.001, True)])
def test_the_mean_has_to_reach_its_minimum(least, fires):
    assert errors(gate(mean=least)) == [RULE] * fires


def test_the_message_says_whether_the_difference_is_noise():
    assert "within noise" in found(gate(mean=MEAN + 0.001), RULE).message
    far = found(gate(mean=0.95), RULE)
    assert f"mean IoU {MEAN:.4f} does not reach --min-iou 0.95" in far.message
    assert "beyond noise" in far.message
    assert errors(gate(mean=MEAN + 0.001, beyond_noise=True)) == []
    assert errors(gate(mean=0.95, beyond_noise=True)) == [RULE]


def test_each_class_has_to_reach_its_minimum():
    ious = [one.iou for one in diagnose(y_true=MASKS, y_pred=LABELS, num_classes=3).score.per_class]
    assert errors(gate(classes={"1": ious[1], "2": ious[2] - 0.01})) == []
    message = found(gate(classes={"1": ious[1] + 0.01, "2": 0.0}), RULE).message
    assert message.startswith(f"the IoU of class 1 ({ious[1]:.4f} < ")
    message = found(gate(classes={"1": 1.0, "2": 0.99}), RULE).message
    assert message.startswith(f"the IoUs of classes 1 ({ious[1]:.4f} < 1) and 2 (")
    with pytest.raises(UsageError, match=r"--min-class-iou car=0\.5: there is no such class"):
        gate(classes={"car": 0.5})


def test_few_images_may_be_below_theirs():
    spoilt = LABELS.copy()
    spoilt[[3, 7]] = noisy(MASKS[[3, 7]], 5, share=1.0)
    assert errors(gate(spoilt, images=ImageMinimum(0.1, 0.3))) == []
    message = found(gate(spoilt, images=ImageMinimum(0.09, 0.3)), RULE).message
    assert message == (
        "2 of 20 images (10.0 %) have a mean IoU below 0.3; --min-image-iou allows 9 %"
    )


def test_not_looking_is_not_passing():
    assert outcome(gate(), RULE).status == "skipped"
    assert outcome(gate(mean=0.1), RULE).status == "passed"


def test_arrays_without_a_score_do_not_reach_a_minimum():
    report = diagnose(
        y_true=MASKS, y_pred=LABELS[:, :5], num_classes=3, minimums=Minimums(mean=0.1)
    )
    assert "mean IoU none does not reach --min-iou 0.1" in found(report, RULE).message


def test_minimums_are_parsed_or_refused():
    assert parse_class_minimums(["car=0.6", "a=b=1"]) == {"car": 0.6, "a=b": 1.0}
    assert parse_image_minimum(None) is None
    assert parse_image_minimum("2.5 %: .3") == ImageMinimum(0.025, 0.3)
    for word in ("car", "=0.5", "car=", "car=60", "car=nan"):
        with pytest.raises(UsageError, match=r"--min-class-iou .*CLASS=SCORE"):
            parse_class_minimums([word])
    for text in ("5:0.3", "5%", "105%:0.3", "5%:30", ""):
        with pytest.raises(UsageError, match=r"--min-image-iou .*SHARE%:SCORE"):
            parse_image_minimum(text)

"""No score is called right while labels outside the classes are dropped."""

import numpy as np
from build import diagnose, errors

from iou_doctor.render.shared.score_words import (
    RIGHT,
    describe_scores,
    list_scores,
)

RANDOM = np.random.default_rng(0)
MASKS = RANDOM.integers(0, 3, (4, 40, 50)).astype(np.uint8)
MASKS[:, ::9, ::5] = 255  # void that nothing declares, which has a repair
PREDICTIONS = np.where(MASKS == 255, 0, MASKS)


def read(masks):
    report = diagnose(y_true=masks, y_pred=PREDICTIONS, num_classes=3)
    return report, [what for what, _, _ in list_scores(report)]


def test_the_score_after_all_repairs_is_right():
    report, kinds = read(MASKS)
    assert f"after the repair{RIGHT}" in kinds
    assert " is right" in describe_scores(report)


def test_no_score_is_right_if_labels_stay_outside():
    report, kinds = read(np.where(MASKS == 2, 5 + np.arange(50) // 10, MASKS))
    assert errors(report) == ["label-out-of-range"]
    assert "after the repair" in kinds
    assert "right" not in describe_scores(report)

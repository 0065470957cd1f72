import numpy as np
import pytest
from build import diagnose, found, mean_iou, names, scene

RULE = "relu-before-sigmoid"
TRUTH = scene(1, samples=3, height=60, width=60, classes=2)
LOGITS = (
    np.where(TRUTH == 1, 2.0, -2.0) + np.random.default_rng(0).normal(0, 1.5, TRUTH.shape)
) * 2


def squash(logits):
    return 1 / (1 + np.exp(-logits))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("masks", [TRUTH, TRUTH * 255])
@pytest.mark.parametrize("options", [{}, {"metric": "BinaryIoU()"}, {"threshold": 0.3}])
def test_no_score_is_below_one_half(dtype, masks, options):
    scores = squash(np.maximum(LOGITS, 0)).astype(dtype)
    report = diagnose(y_true=masks, y_pred=scores, **options)
    finding = found(report, RULE)
    assert finding.facts["pixels_at_minimum"] == pytest.approx((LOGITS <= 0).sum(), abs=25)
    assert finding.facts["mean_iou_above"] == pytest.approx(
        mean_iou(TRUTH, LOGITS > 0, 2), abs=5e-3
    )
    assert not {"collapsed-predictions", "threshold-off"} & set(names(report))


def test_logits_after_a_relu():
    report = diagnose(y_true=TRUTH, y_pred=np.maximum(LOGITS + 4, 0).astype(np.float32))
    assert "no logit is below 0" in found(report, RULE).message


@pytest.mark.parametrize(("share", "fires"), [(0.15, False), (0.3, True)])
def test_a_large_part_lies_exactly_there(share, fires):
    scores = 0.55 + 0.4 * squash(LOGITS)
    background = np.flatnonzero(TRUTH == 0)
    scores.flat[background[: int(share * TRUTH.size)]] = 0.5
    assert (RULE in names(diagnose(y_true=TRUTH, y_pred=scores))) == fires


@pytest.mark.parametrize(
    "scores",
    [
        squash(LOGITS),
        squash(np.where(LOGITS > 0, LOGITS, 0.01 * LOGITS)),
        squash(squash(9 * LOGITS)),
    ],
    ids=["healthy", "leaky", "twice"],
)
def test_other_activations(scores):
    assert RULE not in names(diagnose(y_true=TRUTH, y_pred=scores))


def test_a_healthy_threshold_above_one_half():
    scores = np.where(TRUTH == 1, 0.9, 0.5)
    assert RULE not in names(diagnose(y_true=TRUTH, y_pred=scores, threshold=0.7))

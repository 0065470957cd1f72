"""What separates two printed numbers of the same arrays."""

from __future__ import annotations

import json

import numpy as np
import pytest
from build import noisy, scene
from run import ROOT, run

import iou_doctor
from iou_doctor.errors import UsageError


@pytest.fixture(scope="module")
def arrays():
    masks = np.concatenate([scene(seed, samples=3) for seed in range(3)])
    return {"y_true": masks, "y_pred": noisy(masks, 1, share=0.15), "num_classes": 3}


def score(truth, predicted):
    """Return the IoU and the Dice of each class."""
    both, true, pred = (
        np.array([one[label].sum() for label in range(3)])
        for one in (
            [(truth == label) & (predicted == label) for label in range(3)],
            [truth == label for label in range(3)],
            [predicted == label for label in range(3)],
        )
    )
    return both / (true + pred - both), 2 * both / (true + pred), both, true + pred - both


def list_numbers(masks, predictions):
    """Return numbers of the same arrays under other definitions."""
    iou, dice, both, union = score(masks, predictions)
    images = [score(*one)[0] for one in zip(masks, predictions, strict=True)]
    return {
        "macro": iou.mean(),
        "micro": both.sum() / union.sum(),
        "Dice": dice.mean(),
        "images": np.mean(images),
        "class 1": iou[1],
        "shifted": score(masks, (predictions + 1) % 3)[0].mean(),
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("micro", "classes pooled before the division (before: the mean over classes)"),
        ("Dice", "twice the intersection over both areas (before: the ratio: intersection over"),
        ("images", "a ratio for each image (before: a ratio for the data set)"),
        ("class 1", "class 1 alone (before: all classes)"),
    ],
)
def test_another_definition_is_the_difference(arrays, name, words):
    numbers = list_numbers(arrays["y_true"], arrays["y_pred"])
    texts = [f"{numbers[one]:.6f}" for one in ("macro", name)]
    explanation = iou_doctor.why(texts[0], versus=texts[1], **arrays)
    assert words in explanation.separation.text
    assert explanation.separation.before.value == pytest.approx(numbers["macro"], abs=1e-6)
    assert explanation.separation.after.value == pytest.approx(numbers[name], abs=1e-6)
    assert str(explanation).startswith(f"{texts[0]} and {texts[1]}: ")
    back = iou_doctor.why(texts[1], versus=texts[0], **arrays)
    assert "(before: " in back.separation.text


def test_a_fault_is_the_difference():
    words = [f"sample_data/unargmaxed_one_hot/{name}.npy" for name in ("preds", "masks")]
    done = run("why", "0.3333", *words, "-n", "3", "--versus", "0.8604", cwd=ROOT)
    text = " ".join(done.stdout.split())
    assert "0.3333 and 0.8604: class ids taken from the arrays first (argmax, threshold)" in text
    assert "before: the arrays as they are: the predictions are probabilities that were" in text
    done = run(
        *("why", "0.3333", *words, "-n", "3", "--versus", "0.8604", "--output-format", "json"),
        cwd=ROOT,
    )
    document = json.loads(done.stdout)
    assert document["versus"]["score"]["printed"] == "0.8604"
    assert document["separation"]["after"]["value"] == pytest.approx(0.8604, abs=5e-5)
    assert document["separation"]["before"]["implementation"]


def test_a_number_without_an_explanation_is_told_apart_from_nothing(arrays):
    number = f"{list_numbers(arrays['y_true'], arrays['y_pred'])['macro']:.4f}"
    explanation = iou_doctor.why(number, versus="0.000123", **arrays)
    assert explanation.separation is None
    assert "nothing that was tried gives both numbers" in str(explanation)
    assert explanation.to_dict()["separation"] is None


def test_without_arrays_both_numbers_are_explained():
    explanation = iou_doctor.why("0.3333", versus=0.5)
    assert explanation.versus.matches
    assert "0.3333 and 0.5: give PREDICTIONS and MASKS" in str(explanation)
    assert "versus" not in iou_doctor.why("0.3333").to_dict()


def test_bad_numbers_and_unknown_arguments_are_refused(arrays):
    with pytest.raises(UsageError, match="is not a score"):
        iou_doctor.why("0.3333", versus="abc")
    with pytest.raises(TypeError, match="unexpected keyword argument 'num_clases'"):
        iou_doctor.why("0.3333", num_clases=3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'num_clases'"):
        iou_doctor.compare(
            y_true=arrays["y_true"],
            before=arrays["y_pred"],
            after=arrays["y_pred"],
            num_clases=3,
        )

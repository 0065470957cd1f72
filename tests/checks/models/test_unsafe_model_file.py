"""What is refused is tested beside the sources; here is what the user trusts."""

from __future__ import annotations

from build import diagnose, found, names, noisy, outcome, scene

from iou_doctor.arrays.model import ModelFacts
from iou_doctor.report.finding import Severity

T = scene(1, classes=3)
P = noisy(T, 2)


def test_what_the_user_trusts_is_a_note():
    unsafe = ("PyFunc in `call`", "ReadFile in `call`")
    model = ModelFacts("SavedModel", "probs", unsafe=unsafe)
    report = diagnose(y_true=T, y_pred=P, num_classes=3, model=model)
    finding = found(report, "unsafe-model-file")
    assert finding.severity is Severity.NOTE
    assert not report.verdict.sick
    assert finding.facts == {"parts": list(unsafe)}
    assert finding.message == (
        "the SavedModel was loaded because of --trust-model, although it holds"
        " PyFunc in `call` and ReadFile in `call`"
    )


def test_a_safe_model_passes_and_without_a_model_nobody_looks():
    safe = ModelFacts("SavedModel", "probs")
    assert "unsafe-model-file" not in names(diagnose(y_true=T, y_pred=P, num_classes=3, model=safe))
    report = diagnose(y_true=T, y_pred=P, num_classes=3)
    assert outcome(report, "unsafe-model-file").reason == "no model was given"

"""The mean IoU or the IoU of a class fell below the baseline by more than is allowed.

The baseline is the JSON report of an earlier run, kept beside the code. The mean alone hides a
class that is lost while others gain, so the classes are compared one by one, by their ids. A class
that is absent in one of the two reports is not compared.

    iou-doctor check preds.npy masks.npy --baseline baseline.json --write-baseline
    iou-doctor check preds.npy masks.npy --baseline baseline.json --max-drop 0.01

The message says whether the drop is noise. The baseline holds the areas of the classes in each
image, so the same images can be drawn for both runs. The drop is beyond noise if its 95 % interval
over these draws does not reach 0. With --beyond-noise, a drop within noise is not reported.

Whether a drop is noise is unknown for a single image, for a class that fewer than 20 images have,
and for classes that overlap. Such a drop is reported. An older baseline holds no areas. It is
compared with the interval of the new score alone, and the message says so.

If the new score is intended, write the baseline again with `--write-baseline`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.scoring._noise_of_drop import Noise, describe_noise, estimate_noise
from iou_doctor.checks.wording import join_words
from iou_doctor.metrics.score import Score
from iou_doctor.record import record
from iou_doctor.report.baseline import Baseline
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion, Symptom
from iou_doctor.safety.safe_text import escape_name

RULE = Rule(
    code="IOU609",
    name="score-regression",
    severity=Severity.ERROR,
    suspicion=Suspicion.DEFINITIONS,
    claim="the score fell below the baseline",
    symptom=Symptom.BASELINE,
)

DROP_ROUNDING = 1e-9
"""Tolerance for the rounding of float64, so that a drop of exactly the allowed size passes."""


def find(evidence: Evidence) -> Result:
    """Compare the mean and each class with the baseline."""
    baseline, score = evidence.baseline, evidence.score
    if baseline is None:
        return Skipped("no --baseline given")
    if score is None:
        return Skipped("the pixels do not pair up, so there is no score to compare")
    if baseline.mean_iou is None:
        return Skipped("the baseline has no mean IoU")
    if score.mean_iou is None:
        return Skipped("no pixel counts, so there is no score to compare")
    mean = Drop(None, baseline.mean_iou, score.mean_iou)
    fallen = [one for one in (mean, *_list_classes(score, baseline)) if one.exceeds(baseline)]
    if not fallen:
        return []
    noise = estimate_noise(evidence, baseline)
    mean, *fallen = (_judge(one, noise) for one in (mean, *fallen))
    if evidence.minimums.beyond_noise:
        fallen = [one for one in fallen if not one.is_noise]
    return [_build_finding(mean, fallen, noise, evidence)] if fallen else []


@record
class Drop:
    """An IoU in the baseline and now."""

    id: int | None
    """The class id; `None` for the mean."""
    was: float
    now: float
    is_noise: bool | None = None
    """Whether other images might reverse the drop; `None` if that is unknown."""

    def exceeds(self, baseline: Baseline) -> bool:
        """Return whether it fell further than the baseline allows."""
        return self.was - self.now > baseline.max_drop + DROP_ROUNDING

    def list_facts(self) -> dict[str, object]:
        """Return the numbers for JSON."""
        return {
            **({} if self.id is None else {"id": self.id}),
            "baseline": self.was,
            "now": self.now,
            "drop": self.was - self.now,
            "within_noise": self.is_noise,
        }


def _list_classes(score: Score, baseline: Baseline) -> list[Drop]:
    """Return the classes that both reports have, the one that fell most first."""
    known = [
        Drop(entry.id, was, entry.iou)
        for entry in score.per_class
        if (was := baseline.class_iou.get(entry.id)) is not None and entry.iou is not None
    ]
    return sorted(known, key=lambda one: one.now - one.was)


def _judge(one: Drop, noise: Noise) -> Drop:
    """Return a drop with whether it is noise."""
    intervals = noise.intervals
    interval = intervals.mean if one.id is None else intervals.classes.get(one.id)
    return replace(one, is_noise=noise.is_noise(interval, one.was))


def _build_finding(mean: Drop, fallen: Sequence[Drop], noise: Noise, evidence: Evidence) -> Finding:
    baseline, names = evidence.baseline, evidence.interpretation.class_names
    assert baseline is not None
    classes = [one for one in fallen if one.id is not None]
    has_mean_fallen = len(classes) < len(fallen)
    parts = [f"mean IoU fell from {mean.was:.4f} to {mean.now:.4f}"] if has_mean_fallen else []
    if classes:
        entries = (_describe_class(one, names) for one in classes)
        parts.append(f"IoU of class {join_words(entries)} fell")
    parts.append(f"--max-drop allows {baseline.max_drop:g}")
    if has_mean_fallen:
        is_multilabel = evidence.interpretation.is_multilabel
        parts.append(describe_noise(noise, baseline, is_multilabel=is_multilabel))
    return Finding(
        RULE,
        message="; ".join(parts),
        help="find out why; if the new score is intended, write"
        f" {escape_name(baseline.path)} again with --write-baseline",
        facts={
            "max_drop": baseline.max_drop,
            "mean_iou": mean.list_facts(),
            "classes": [one.list_facts() for one in classes],
        },
    )


def _describe_class(one: Drop, names: Sequence[str]) -> str:
    assert one.id is not None
    noise = {True: ", within noise", False: ", beyond noise", None: ""}[one.is_noise]
    return f"{names[one.id]} ({one.was:.4f} to {one.now:.4f}{noise})"

"""The one report that every format writes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.source import Pair
from iou_doctor.checks.alignment import shared_padding
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.selection import Selection
from iou_doctor.report.finding import Finding, Outcome, Status
from iou_doctor.report.report import Report
from iou_doctor.sources.memory.array import ArraySource

NAMES = ("background", "car", "a class with a very long name")


@pytest.fixture(scope="session")
def report() -> Report:
    """Return a report with a root cause, a consequence, a warning, and rules passed and skipped."""
    labels = np.zeros((2, 20, 30), dtype=np.int64)
    labels[:, 4:9, 5:20] = 1
    labels[1, 19, 29] = 2
    scores = np.full((2, 20, 30, 3), 0.05, dtype=np.float32)
    np.put_along_axis(scores, np.roll(labels, 1, axis=2)[..., np.newaxis], 0.9, axis=-1)
    pair = Pair(
        ArraySource(np.eye(3, dtype=np.uint8)[labels], "masks.npy"),
        ArraySource(scores, "preds.npy"),
    )
    options = Options(num_classes=3, class_names=NAMES)
    return check_pair(pair, CheckRequest(options=options, selection=Selection(ignore=("IOU608",))))


@pytest.fixture(scope="session")
def outcomes(report: Report) -> Report:
    """Return it with a note too, and of the rules no more than are needed.

    One finding of each severity, a consequence, a rule that passed, and one that was skipped.
    """
    note = Finding(
        shared_padding.RULE,
        "a margin of `0` holds 100 % of its pixels, 20 | 30",
        "crop both arrays, or give `--ignore-index 255`",
        facts={"margin": [1, 2]},
    )
    fired = {finding.rule for finding in report.findings}
    wanted = ("IOU101", *(rule.code for rule in fired), note.rule.code, "IOU609")
    rules = [outcome for outcome in report.outcomes if outcome.rule.code in wanted]
    return replace(
        report,
        findings=(*report.findings, note),
        outcomes=tuple(
            Outcome(outcome.rule, Status.FIRED) if outcome.rule == note.rule else outcome
            for outcome in rules
        ),
    )


@pytest.fixture(scope="session")
def hostile(outcomes: Report) -> Report:
    """Return it with texts that each format must disarm."""
    text = "100 %\n::error::x ]]> <script>alert(1)</script> & | *b* _i_ @all `c|d` \x1b[31m [l](u)"
    worst = replace(outcomes.findings[0], message=text, help=text, evidence=text)
    return replace(
        outcomes,
        findings=(worst, *outcomes.findings[1:]),
        predictions=replace(outcomes.predictions, path="a,b:c`|\n<i>\udcff.npy"),
        reading=replace(outcomes.reading, class_names=("<b>", "a|b", text)),
    )

"""What other implementations would report: how it is grouped, ordered and explained."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from build import diagnose, pair_of
from rich.console import Console

from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.metrics.registry import CONTRACTS
from iou_doctor.metrics.score import ContractScore
from iou_doctor.render import json_v1, terminal
from iou_doctor.render.shared import terminal_tables
from iou_doctor.render.shared.score_groups import group_scores
from iou_doctor.report.report import Report

T = np.array([[[0, 0, 1, 1]], [[0, 0, 0, 0]], [[0, 1, 1, 0]]])
P = np.array([[[0, 1, 1, 1]], [[0, 0, 0, 0]], [[0, 1, 0, 2]]])


@pytest.fixture(scope="module")
def report() -> Report:
    """Return a report in which an absent class, a stray one and averages make a difference."""
    return diagnose(y_true=T, y_pred=P, num_classes=4)


def score(name, value, *, error=None, note=None):
    return ContractScore(name, "", "", value=value, error=error, note=note, short=name)


def group(report: Report, *scores: ContractScore):
    return [(g.value, g.names, g.why) for g in group_scores(replace(report, contracts=scores))]


def text(report: Report, **options: bool) -> str:
    console = Console(file=io.StringIO(), width=100, legacy_windows=False)
    return terminal.render(report, console, **options)


def test_numbers_that_print_alike_are_one_group(report):
    found = group(report, score("a", 0.123412), score("b", 0.123408), score("c", 0.1235))
    assert found == [("0.1234", ("a", "b"), ""), ("0.1235", ("c",), "")]


def test_the_doctors_number_comes_first_large_groups_next_and_errors_last(report):
    ours = score("ours", report.mean_iou)
    raises = [score(name, None, error="E: no") for name in "xyz"]
    two = [score(name, 0.25, note="why") for name in "bc"]
    found = group(report, *raises, score("a", 0.75), *two, ours)
    values = [value for value, _, _ in found]
    assert values == [f"{report.mean_iou:.4f}", "0.2500", "0.7500", "raises"]


def test_the_order_of_groups_does_not_depend_on_that_of_scores(report):
    scores = [score("a", 0.25), score("b", 0.5), score("c", None, note="NaN"), score("d", 0.75)]
    found = group(report, *scores)
    assert sorted(group(report, *reversed(scores))) == sorted(found)
    assert [value for value, _, _ in group(report, *reversed(scores))] == [v for v, _, _ in found]


def test_each_error_is_a_group_of_its_own(report):
    found = group(
        report, score("a", None, error="E: one"), score("b", None, error="E: two"),
        score("c", None, error="E: one"),
    )  # fmt: skip
    assert found == [("raises", ("a", "c"), "E: one"), ("raises", ("b",), "E: two")]


def test_nan_makes_a_group_and_a_score_that_was_not_calculated_does_not(report):
    found = group(report, score("a", None, note="NaN"), score("b", None, note="needs sums"))
    assert found == [("NaN", ("a",), "")]


@pytest.mark.parametrize(
    ("notes", "why"),
    [
        (("of images", "of images"), "of images"),
        (("of images; absent: 0", "absent: 0; of batches"), "absent: 0"),
        (("of images", "of batches"), "of images (a)"),
        ((None, "of images"), "of images (b)"),
        ((None, None), ""),
    ],
)
def test_a_reason_holds_for_the_whole_group_or_names_its_member(report, notes, why):
    found = group(
        report, *(score(name, 0.5, note=note) for name, note in zip("ab", notes, strict=True))
    )
    assert found == [("0.5000", ("a", "b"), why)]


def test_each_contract_has_the_reasons_of_its_own():
    many = diagnose(y_true=T, y_pred=P, num_classes=4, all_implementations=True)
    notes = {entry.short: entry.note for entry in many.contracts}
    assert notes["ADE20K"] == "an absent class: counts as 0"
    assert notes["torchmetrics.segmentation.MeanIoU"] != notes["smp macro-imagewise"]
    for entry in many.contracts:
        assert entry.note != ""


def test_implementations_that_count_an_absent_class_as_1_share_this_reason():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (4, 6, 6))
    missed = np.where(rng.random(truth.shape) < 0.8, truth, 1 - truth)
    found = {
        entry.short: entry.note
        for entry in diagnose(y_true=truth, y_pred=missed, num_classes=3).contracts
    }
    assert found["kornia"] == found["smp macro-imagewise"]
    assert found["kornia"] == "a ratio for each image; an absent class: counts as 1"


def test_names_hold_no_comma_that_would_make_two_of_them():
    free_of_brackets = (re.sub(r"\[.*?\]", "", contract.short) for contract in CONTRACTS)
    assert not [name for name in free_of_brackets if "," in name]


def test_every_contract_of_the_report_is_in_one_group(report):
    names = [name for group in group_scores(report) for name in group.names]
    assert sorted(names) == sorted(entry.short for entry in report.contracts)


def test_reasons_are_the_choices_that_move_the_number(report):
    why = {name: group.why for group in group_scores(report) for name in group.names}
    assert why["Keras MeanIoU"] == ""
    assert why["ADE20K"] == "an absent class: counts as 0"
    assert why["smp macro"] == "an absent class: counts as 1"
    assert why["detectron2"] == "an absent class: left out where it is not in the masks"
    assert why["torchmetrics micro"] == "classes pooled before the division"


def test_the_terminal_shows_some_groups_and_all_with_verbose(report):
    short, long = text(report), text(report, verbose=True)
    assert len(group_scores(report)) > terminal_tables.MOST_GROUPS
    more = f"{len(group_scores(report)) - terminal_tables.MOST_GROUPS} more; -v says why"
    assert "others would report" in short
    assert more in " ".join(short.split())
    assert more not in long
    found = " ".join(long.partition("others would report")[2].split())
    assert all(name in found for group in group_scores(report) for name in group.names)


def test_the_terminal_shows_all_groups_if_all_were_asked_for(report):
    asked = text(replace(report, all_implementations=True))
    assert "-v says why" not in asked.partition("others would report")[2]
    found = " ".join(asked.partition("others would report")[2].split())
    assert all(name in found for group in group_scores(report) for name in group.names)


@pytest.mark.parametrize("all_implementations", [True, False])
def test_a_report_knows_whether_all_were_asked_for(all_implementations):
    y_true = np.array([[[0, 1], [2, 2]]])
    pair = pair_of(y_true=y_true, y_pred=y_true)
    request = CheckRequest(options=Options(num_classes=3), all_implementations=all_implementations)
    assert check_pair(pair, request).all_implementations is all_implementations


def test_nothing_is_shown_if_all_agree(report):
    alike = replace(report, contracts=(score("a", report.mean_iou), score("b", report.mean_iou)))
    assert "others would report" not in text(alike)
    assert "others would report" in text(alike, verbose=True)
    assert "others would report" not in text(replace(report, contracts=()))


def test_json_has_an_entry_for_each_contract(report):
    entries = json.loads(json_v1.render(report))["contracts"]
    assert [entry["name"] for entry in entries] == [entry.name for entry in report.contracts]
    for entry in entries:
        assert list(entry) == ["name", "call", "library", "versions", "value", "error", "note"]
        assert sum(entry[key] is not None for key in ("value", "error")) <= 1
    by_name = {entry["name"]: entry for entry in entries}
    assert by_name["torchmetrics.JaccardIndex[macro]"]["call"] == (
        "torchmetrics.JaccardIndex(task='multiclass', num_classes=4, average='macro')"
    )
    assert by_name["pascal_voc.VOCevalseg"]["value"] is None
    assert by_name["pascal_voc.VOCevalseg"]["note"] == "NaN"


def test_the_calls_contain_a_declared_ignore_label():
    report = diagnose(y_true=np.where(T == 1, 255, T), y_pred=P, num_classes=3, ignore_index=255)
    calls = {entry.name: entry.call for entry in report.contracts}
    assert calls["keras.MeanIoU"] == "keras.metrics.MeanIoU(num_classes=3, ignore_class=255)"
    assert calls["mmseg.IoUMetric"] == "IoUMetric(ignore_index=255, iou_metrics=['mIoU'])"
    undeclared = diagnose(y_true=T, y_pred=P, num_classes=3)
    calls = {entry.name: entry.call for entry in undeclared.contracts}
    assert calls["keras.MeanIoU"] == "keras.metrics.MeanIoU(num_classes=3)"
    assert calls["mmseg.IoUMetric"] == "IoUMetric(iou_metrics=['mIoU'])"
    assert calls.pop("evaluate.mean_iou").endswith("ignore_index=None)")  # it has no default
    assert not [call for call in calls.values() if "{" in call or "ignore" in call]


def test_all_contracts_contain_the_common_ones_with_the_same_numbers():
    few = diagnose(y_true=T, y_pred=P, num_classes=3)
    many = diagnose(y_true=T, y_pred=P, num_classes=3, all_implementations=True)
    found = {entry.name: entry for entry in many.contracts}
    assert len(many.contracts) > 3 * len(few.contracts)
    for entry in few.contracts:
        assert (entry.value, entry.error) == (found[entry.name].value, found[entry.name].error)


def test_the_class_of_nan_pixels_is_named_as_the_reason():
    scores = np.eye(4, dtype=np.float32)[P] * 0.7 + 0.1 * (1 - np.eye(4, dtype=np.float32)[P])
    scores[0, 0, 3] = np.nan
    given = diagnose(y_true=T, y_pred=scores, num_classes=4)
    (macro,) = (one for one in given.contracts if one.name == "torchmetrics.JaccardIndex[macro]")
    assert macro.note == "pixels without a prediction (NaN, all zeros) get a class"


def test_a_metric_that_gives_nan_shows_nan():
    report = diagnose(y_true=T, y_pred=P % 2, num_classes=4, metric="pascal_voc.VOCevalseg")
    assert report.verdict.summary.startswith("your metric reads NaN")
    (line,) = [line for line in text(report).splitlines() if "  your metric  " in line]
    assert line.split() == ["your", "metric", "NaN", "pascal_voc.VOCevalseg"]

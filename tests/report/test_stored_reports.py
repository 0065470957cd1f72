"""JSON reports of others: what `compare` reads of them, and what it refuses."""

from __future__ import annotations

import copy
import json
import re

import numpy as np
import pytest
from build import diagnose, noisy, scene

from iou_doctor.errors import UsageError
from iou_doctor.render import comparison_json, comparison_text, json_v1
from iou_doctor.render.console import make_screen_console
from iou_doctor.report.stored_reports import compare_reports

REFUSED = re.compile("is not a report with a ledger|is not valid JSON")
MASKS = np.concatenate([scene(seed) for seed in range(4)])


@pytest.fixture(scope="module")
def documents():
    return [
        json.loads(
            json_v1.render(
                diagnose(y_true=MASKS, y_pred=noisy(MASKS, seed, share=seed / 10), num_classes=3)
            )
        )
        for seed in (1, 2)
    ]


def compare(folder, before, after):
    paths = []
    for name, document in (("a", before), ("b", after)):
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(document if isinstance(document, str) else json.dumps(document))
    return compare_reports(*map(str, paths))


def change(document, value, *place):
    """Return a copy with another value at a place; `KeyError` stands for none."""
    changed = copy.deepcopy(document)
    *path, last = place
    inner = changed
    for key in path:
        inner = inner[key]
    if value is KeyError:
        del inner[last]
    else:
        inner[last] = value
    return changed


def test_parts_of_two_reports_add_up(tmp_path, documents):
    difference = compare(tmp_path, *documents).difference
    pairs = sum(one.gain for one in difference.pairs) + difference.other_pairs
    samples = sum(one.gain for one in difference.samples) + difference.other_samples
    assert pairs == pytest.approx(difference.gain)
    assert samples == pytest.approx(difference.gain)


def test_what_one_report_does_not_list_is_not_guessed(tmp_path, documents):
    before, after = copy.deepcopy(documents)
    sample, pair = after["ledger"]["samples"].pop(), after["ledger"]["pairs"].pop()
    after["ledger"]["other_samples"], after["ledger"]["other_pairs"] = (
        sample["points"],
        pair["points"],
    )
    comparison = compare(tmp_path, before, after)
    difference = comparison.difference
    assert sample["sample"] not in {one.sample for one in difference.samples}
    assert (pair["truth"], pair["prediction"]) not in {
        (one.truth, one.prediction) for one in difference.pairs
    }
    samples = sum(one.gain for one in difference.samples) + difference.other_samples
    assert samples == pytest.approx(difference.gain)
    assert "at least 7 images are worse" in comparison_text.render(
        comparison, make_screen_console()
    )


def test_a_report_without_a_ledger_has_no_parts(tmp_path, documents):
    comparison = compare(tmp_path, documents[0], change(documents[1], None, "ledger"))
    text = " ".join(comparison_text.render(comparison, make_screen_console()).split())
    assert "has no ledger, so the parts are not known" in text


@pytest.mark.parametrize("value", [KeyError, "x", [], {}, True, 1e999, -1e400])
@pytest.mark.parametrize(
    "place",
    [
        ("ledger", "missing"),
        ("ledger", "other_pairs"),
        ("ledger", "pairs"),
        ("ledger", "pairs", 0, "truth"),
        ("ledger", "pairs", 0, "prediction"),
        ("ledger", "pairs", 0, "pixels"),
        ("ledger", "pairs", 0, "points"),
        ("ledger", "samples", 0, "sample"),
        ("ledger", "samples", 0, "points"),
        ("scores", "per_class", 0, "iou"),
        ("scores", "per_class", 0, "id"),
        ("metric", "value"),
    ],
)
def test_a_value_of_another_kind_is_refused(tmp_path, documents, place, value):
    if value == [] and place[-1] == "pairs":
        pytest.skip("a report may have no pairs")
    before, after = documents
    with pytest.raises(UsageError, match=REFUSED) as one:
        compare(tmp_path, before, change(after, value, *place))
    assert "\n" not in str(one.value)


@pytest.mark.parametrize("value", [-1, 1 << 70])
@pytest.mark.parametrize("key", ["truth", "prediction", "pixels"])
def test_a_count_that_is_none_is_refused(tmp_path, documents, key, value):
    before, after = documents
    with pytest.raises(UsageError, match="is not a report with a ledger"):
        compare(tmp_path, before, change(after, value, "ledger", "pairs", 0, key))


@pytest.mark.parametrize(
    ("key", "value"),
    [("groups", 1 << 40), ("num_classes", 4096), ("intersection", "999"), ("union", "-1")],
)
def test_areas_that_no_report_holds_are_refused(tmp_path, documents, key, value):
    before, after = documents
    place = ("classes", 0, key) if isinstance(value, str) else (key,)
    changed = change(after, value, "ledger", "areas", *place)
    if key == "num_classes":
        changed = change(changed, 1024, "ledger", "areas", "groups")
    with pytest.raises(UsageError, match="is not a report with a ledger"):
        compare(tmp_path, before, changed)


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"scores": NaN}', "[]", "1" * 5000])
def test_what_is_no_report_is_refused(tmp_path, documents, text):
    with pytest.raises(UsageError, match=REFUSED):
        compare(tmp_path, documents[0], text)


def test_names_are_harmless(tmp_path, documents):
    hostile = "\x1b[31m\n::error::\u202ex"
    before, after = documents
    for place in (
        ("inputs", "predictions", "path"),
        ("scores", "per_class", 0, "name"),
        ("scores", "per_class", 1, "name"),
        ("ledger", "samples", 0, "name"),
        ("metric", "error"),
        ("metric", "note"),
        ("metric", "name"),
        ("verdict", "summary"),
    ):
        before, after = (change(one, hostile, *place) for one in (before, after))
    comparison = compare(tmp_path, before, after)
    text = comparison_text.render(comparison, make_screen_console())
    answer = comparison_json.render(comparison, version="0")
    json.loads(answer)
    for output in (text, answer):
        assert output.replace("\n", "").isprintable()
        assert "\n::error" not in output

"""Plans, parts and reports that somebody has forged are refused, or answered; nothing else."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.errors import UsageError
from iou_doctor.parts.plan_file import Plan, read_plan, write_plan
from parts.forged import Forger, Trials, make_pairs

EVERY = 700
"""One of so many changes is tried in the suite; `python -m parts.forged` tries all."""


@pytest.mark.filterwarnings("ignore")
def test_forged_fields_are_no_internal_errors(tmp_path):
    trials = Trials(every=EVERY)
    for name, request, pair in make_pairs(tmp_path):
        Forger(name, request, pair, tmp_path, trials).forge_all()
    assert trials.kinds
    assert not trials.failures


@pytest.fixture(scope="module")
def plan_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan")
    name, request, pair = next(make_pairs(folder))
    forger = Forger(name, request, pair, folder, Trials(every=1))
    write_plan(folder / "plan.json", Plan(forger.job, forger.look.questions))
    return folder / "plan.json"


@settings(max_examples=40)
@given(data=st.data())
def test_a_plan_that_was_edited_is_refused_or_the_same(plan_file, tmp_path_factory, data):
    whole = plan_file.read_text()
    place = data.draw(st.integers(0, len(whole) - 1))
    edited = tmp_path_factory.mktemp("e") / "plan.json"
    edited.write_text(whole[:place] + data.draw(st.sampled_from("0 x-}")) + whole[place + 1 :])
    with suppress(UsageError):
        assert read_plan(str(edited)) == read_plan(str(plan_file))  # only a blank more or less

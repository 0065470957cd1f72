"""The bench runs, its means agree, and its tables have their shape; no time is tested."""

from __future__ import annotations

import json

import pytest

from bench.__main__ import PAGE, TABLE, main
from bench.cases import CASES, OURS, Case, Form, Measure
from bench.measure import Job, Run, Timed, in_turns
from bench.peers import PEERS
from bench.table import markdown, result, text

PIXELS = Case("some", "some pixels", Measure.PIXEL, lambda *_: [])


def timed(contestant: str, pixels: int, *walls: float, mean: float | None = 0.5) -> Timed:
    job = Job(contestant, (), pixels)
    return Timed(job, [Run(wall, wall, mean) for wall in walls])


def test_the_cost_of_a_pixel_is_the_slope_between_the_least_times():
    found = result(
        PIXELS,
        [
            *(timed(OURS, 10**6, 0.9, 0.3), timed(OURS, 10**7, 0.309, 0.8)),
            *(timed("keras", 10**6, 4.0, 5.0), timed("keras", 10**7, 4.18, 4.2)),
            *(timed("read", 10**6, 0.1, mean=None), timed("read", 10**7, 0.1018, mean=None)),
        ],
    )
    assert found.ours == pytest.approx(1.0)
    assert [found.times(cost) for cost in found.costs] == ["1.0×", "20×", "0.20×"]
    assert found.disagree == ()
    assert "| some pixels | 1.00 ns/pixel | 20× keras | 0.20× |" in markdown([found])


def test_a_slope_that_is_none_has_no_ratio():
    found = result(PIXELS, [timed(OURS, 10, 0.3), timed(OURS, 20, 0.2)])
    assert "| some pixels | – ns/pixel | – | – |" in markdown([found])


def test_a_mean_that_differs_is_reported():
    found = result(
        PIXELS,
        [
            *(timed(OURS, 10, 1.0), timed(OURS, 20, 2.0)),
            *(timed("keras", 10, 1.0), timed("keras", 20, 2.0, mean=0.4)),
        ],
    )
    assert found.disagree == ("keras: 0.400000, not 0.500000",)
    assert "DISAGREES keras: 0.400000" in text(found)


def test_quick_contestants_run_more_often_and_all_in_turns(monkeypatch):
    ran = []
    monkeypatch.setattr("bench.measure.run", lambda job, _: ran.append(job.contestant))
    jobs = [Job(OURS, (), 1, turns=3), Job("keras", (), 1), Job("read", (), 1, turns=2)]
    found = in_turns(jobs, 2, {})
    once = [OURS, "keras", "read", OURS, "read", OURS]
    assert ran == [OURS, *once, *once]
    assert [len(each.runs) for each in found] == [6, 2, 4]


def test_every_pixel_case_reads_what_it_says(tmp_path):
    case = next(case for case in CASES if case.name == "first")
    jobs = case.jobs(tmp_path, True)
    ours = [job for job in jobs if job.contestant == OURS]
    assert {job.contestant for job in jobs} <= {OURS, *PEERS}
    assert [job.pixels for job in ours] == [14 * 64**2, 112 * 64**2]
    assert Form(images=2, side=8, classes=3, dtype="uint8").pixels == 128


@pytest.mark.slow
def test_a_quick_run_of_labels_agrees_and_writes_its_numbers(tmp_path, capsys, monkeypatch):
    # only peers that start at once: Keras, torch and scikit-learn take seconds to import
    monkeypatch.setattr("bench.peers.installed", lambda: ["bincount", "read"])
    numbers = tmp_path / "bench.json"
    asked = ["--quick", "--only", "uint8", "--json", str(numbers), "--folder", str(tmp_path)]
    assert main(asked) == 0
    (case,) = json.loads(numbers.read_text())["cases"]
    assert [cost["contestant"] for cost in case["costs"]] == [OURS, "bincount", "read"]
    assert case["disagree"] == []
    assert "uint8 labels, 21 classes" in capsys.readouterr().out


def test_the_documentation_has_a_place_for_the_table():
    assert len(TABLE.findall(PAGE.read_text(encoding="utf-8"))) == 1


def test_a_part_of_the_cases_never_becomes_the_published_table():
    with pytest.raises(SystemExit):
        main(["--write-docs", "--only", "tiny"])

"""The tables of the bench: costs, ratios, goals, and the pages that show them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pages import read_page

from bench import goals
from bench.__main__ import main
from bench.benchmark import Benchmark
from bench.cases import Case, Measure, Part
from bench.jobs import OURS
from bench.markdown import TABLE, write_highlights, write_pages, write_tables
from bench.measure import Job, Run, Timed
from bench.results import summarize
from bench.text import format_ratio, summarize_goals, write_text

PIXELS = Case("uint8", "some pixels", Part.PIXELS, Measure.PIXEL, lambda _: [])
MEMORY = Case("memory", "some files", Part.MEMORY, Measure.MEMORY, lambda _: [])
"""They have the names of rows with goals."""


@pytest.fixture(autouse=True)
def _goals(monkeypatch):
    monkeypatch.setitem(goals.LEAST, "uint8", {"keras": 20, "bincount": 5.0})
    monkeypatch.setitem(goals.MOST_MEMORY, "memory", 150)


def timed(contestant: str, pixels: int, *walls: float, mean: float | None = 0.5) -> Timed:
    job = Job(contestant, (), pixels)
    return Timed(job, [Run(wall, wall, mean) for wall in walls])


def benchmark_of(*timed_jobs: Timed, case: Case = PIXELS) -> Benchmark:
    result = summarize(case, timed_jobs)
    return Benchmark((result,), "a machine", {"numpy": "2.0"}, "native kernels (avx2)")


def of_pixels(*, keras: float, bincount: float) -> Benchmark:
    return benchmark_of(
        *(timed(OURS, 10**6, 0.9, 0.3), timed(OURS, 10**7, 0.309, 0.8)),
        *(timed("keras", 10**6, 4.0, 5.0), timed("keras", 10**7, 4.0 + 0.009 * keras, 7.0)),
        *(timed("bincount", 10**6, 0.2), timed("bincount", 10**7, 0.2 + 0.009 * bincount)),
        *(timed("read", 10**6, 0.1, mean=None), timed("read", 10**7, 0.1018, mean=None)),
    )


def test_the_cost_of_a_pixel_is_the_slope_between_the_least_times():
    (found,) = of_pixels(keras=20, bincount=5.5).results
    assert found.ours.wall == pytest.approx(1.0)
    assert [found.ratio(cost) for cost in found.others] == pytest.approx([20, 5.5, 0.2])
    assert found.disagree == ()


def test_the_spread_of_a_slope_is_that_of_both_sizes():
    runs = timed(OURS, 10**6, 0.3, 0.9, 0.302), timed(OURS, 10**7, 1.2, 1.207)
    (found,) = benchmark_of(*runs).results
    assert found.ours.spread == pytest.approx(0.01)


def test_tables_show_ratios_goals_and_misses():
    found = of_pixels(keras=30, bincount=4)
    assert write_tables(found).startswith(
        "### The cost of a pixel, on one thread\n\n"
        "| arrays | iou-doctor | others take | the floor |\n"
        "| --- | ---: | --- | ---: |\n"
    )
    assert (
        "30× keras (goal 20×), **4.0× bincount, missed the goal of 5×** | 0.20× |\n"
        in write_tables(found)
    )
    assert write_tables(found).endswith("uses native kernels (avx2). a machine; numpy 2.0.")
    assert "goal 5×, MISSED" in write_text(found.results[0])
    assert "goal" not in write_text(found.results[0], compare=False)
    assert summarize_goals(found.results).startswith("MISSED uint8: bincount 4.0×")
    assert summarize_goals(of_pixels(keras=30, bincount=6).results).startswith("No goal")


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(71.9, "71×"), (20.0, "20×"), (9.99, "9.9×"), (1.0, "1.0×"), (0.798, "0.79×"), (None, "–")],
)
def test_ratios_are_rounded_down(ratio, shown):
    assert format_ratio(ratio) == shown


def test_the_readme_shows_some_contestants_of_some_rows():
    found = write_highlights(of_pixels(keras=30, bincount=4))
    assert "| arrays | iou-doctor | NumPy | Keras |" in found
    assert "| 4.0× | 30× |\n" in found
    assert "some files" not in write_highlights(benchmark_of(case=MEMORY))


def test_a_slope_that_is_none_has_no_ratio_and_misses_its_goal():
    found = benchmark_of(
        *(timed(OURS, 10, 0.3), timed(OURS, 20, 0.2)),
        *(timed("keras", 10, 0.3), timed("keras", 20, 0.9)),
    )
    assert "**– keras, missed the goal of 20×**" in write_tables(found)


def test_memory_is_that_of_the_largest_run():
    runs = [Run(1.0, 1.0, None, anonymous=size) for size in (140_000_000, 160_000_000)]
    small = Timed(Job("1 GiB", (), 1, memory=True), runs[:1])
    large = Timed(Job("4 GiB", (), 1, memory=True), runs)
    (found,) = benchmark_of(small, large, case=MEMORY).results
    assert [cost.contestant for cost in found.missed] == ["4 GiB"]
    table = write_tables(Benchmark((found,), "", {}, ""))
    assert "| some files | 140, 160 MB | **missed: at most 150 MB** |" in table


def test_a_mean_that_differs_from_that_of_the_same_file_is_reported():
    (found,) = benchmark_of(
        *(timed(OURS, 10, 1.0), timed(OURS, 20, 2.0)),
        *(timed("bincount", 20, 1.0), timed("bincount", 30, 2.0)),
        *(timed("keras", 20, 1.0), timed("keras", 30, 2.0, mean=0.4)),
    ).results
    assert found.disagree == ("keras: 0.400000, not 0.500000 as bincount",)
    assert "DISAGREES keras: 0.400000" in write_text(found)


def test_means_are_compared_with_that_of_iou_doctor_where_there_is_one():
    case = Case("tiny", "a few", Part.START, Measure.PROCESS, lambda _: [])
    (found,) = benchmark_of(
        timed("keras", 10, 1.0, mean=0.4), timed(OURS, 10, 1.0), case=case
    ).results
    assert found.disagree == ("keras: 0.400000, not 0.500000 as iou-doctor",)


def test_results_are_read_as_they_were_written(tmp_path):
    found = of_pixels(keras=30, bincount=4)
    found.write(tmp_path / "results.json")
    assert write_tables(Benchmark.read(tmp_path / "results.json")).replace(
        "uint8 labels, 21 classes", "some pixels"
    ) == write_tables(found)


def test_the_pages_have_a_place_for_the_tables():
    pages = write_pages(of_pixels(keras=30, bincount=4))
    assert {page.name for page in pages} == {"speed.md", "README.md"}
    for page, text in pages.items():
        assert len(TABLE.findall(read_page(page))) == 1
        assert "| some pixels | 1.00 ns/pixel" in text


def test_a_later_run_of_some_rows_leaves_the_others_as_they_are():
    old, new = of_pixels(keras=30, bincount=4), of_pixels(keras=40, bincount=4)
    memory = benchmark_of(timed("1 GiB", 10, 1.0), case=MEMORY)
    both = memory.update(old)
    assert both.update(new).results == (*memory.results, *new.results)
    assert both.update(replace(new, versions={"numpy": "3.0"})).versions == {"numpy": "3.0"}


@pytest.mark.parametrize(
    "other", [{"machine": "another one"}, {"kernels": "native kernels (neon)"}]
)
def test_rows_of_two_machines_do_not_become_one_table(other):
    kept = of_pixels(keras=30, bincount=4)
    with pytest.raises(ValueError, match=r"^the other rows are of a machine, "):
        kept.update(replace(kept, **other))


@pytest.mark.parametrize("part", [["--quick"], ["--kernels", "numpy"]])
def test_a_run_that_is_not_usual_never_becomes_the_published_table(part):
    with pytest.raises(SystemExit):
        main(["--write-docs", *part])


def test_what_numpy_counted_never_becomes_the_published_table(monkeypatch):
    monkeypatch.setattr("bench.__main__.describe_kernels", lambda _: "NumPy (no compiler)")
    with pytest.raises(SystemExit):
        main(["--write-docs"])

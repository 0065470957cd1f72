"""The bench runs, its means agree, and it reads what it says; no time is tested."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pages import read_page

from bench import jobs, peers
from bench.__main__ import main
from bench.benchmark import KEPT, Benchmark
from bench.cases import CASES, GROUPS, Measure
from bench.data import Files, Form, Store
from bench.fresh import PACKAGE, FreshInstall, find_package
from bench.goals import LEAST, MOST_MEMORY
from bench.jobs import OURS
from bench.machine import can_run, describe_kernels
from bench.markdown import write_pages
from bench.measure import Job, Run, Timed, Turns, environment, in_turns

AT_ONCE = ["argmax + bincount", "bincount", "plain read loop", "read"]
"""Peers that start at once: Keras, torch and scikit-learn take seconds to import."""


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[-1].name)
def test_every_row_runs_agrees_and_has_the_contestants_of_its_goals(group, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.peers.installed", lambda: AT_ONCE)
    numbers = tmp_path / "bench.json"
    asked = [word for case in group for word in ("--only", case.name)]
    assert main(["--quick", *asked, "--json", str(numbers), "--folder", str(tmp_path)]) == 0
    found = {case["name"]: case for case in json.loads(numbers.read_text())["cases"]}
    assert [*found] == [case.name for case in group if _is_possible(case.name)]
    for name, case in found.items():
        contestants = {cost["contestant"] for cost in case["costs"]}
        left_out = {*set(peers.PEERS) - set(AT_ONCE), jobs.PUBLIC}
        assert contestants >= set(LEAST.get(name, ())) - left_out
        assert case["disagree"] == []


def _is_possible(name: str) -> bool:
    if name.startswith("avx2"):
        return can_run("avx2", environment())
    return not name.startswith("threads") or jobs.count_cores() > 1


def test_goals_are_those_of_rows():
    names = {case.name for case in CASES}
    assert names >= {*LEAST, *MOST_MEMORY}
    assert {case.name for case in CASES if case.measure is Measure.MEMORY} >= set(MOST_MEMORY)


class Unmade(Store):
    """A store that writes no files."""

    def get(self, form: Form) -> Files:
        return Files(Path("masks"), Path("preds"), form)


PIXEL_CASES = [case for case in CASES if case.measure is Measure.PIXEL]


@pytest.mark.parametrize("case", PIXEL_CASES, ids=lambda case: case.name)
def test_every_contestant_has_two_sizes_and_shares_one_with_another(case, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.peers.installed", lambda: [*peers.PEERS])
    monkeypatch.setattr("bench.jobs.count_cores", lambda: 2)
    monkeypatch.setattr("bench.public_kinds.find_folder", lambda: "folder")
    sizes: dict[str, set[int]] = {}
    for job in case.jobs(Unmade(tmp_path)):
        sizes.setdefault(job.contestant, set()).add(job.pixels)
    assert {len(pixels) for pixels in sizes.values()} == {2}
    compared = sizes[OURS]
    for _ in sizes:
        compared = compared.union(*(each for each in sizes.values() if each & compared))
    assert all(each <= compared for each in sizes.values())


def test_marginal_costs_are_those_of_one_thread_and_whole_processes_of_the_default(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("bench.peers.installed", lambda: AT_ONCE)
    for case in CASES:
        if case.name.startswith("threads"):
            continue
        for job in case.jobs(Unmade(tmp_path)) if case.name != "first-run" else ():
            if job.contestant != OURS:
                continue
            is_marginal = case.measure is Measure.PIXEL
            assert (job.command[-2:] == ("--jobs", "1")) == is_marginal, case.name
            assert ("OMP_NUM_THREADS" in job.env) == is_marginal, case.name
            variant = job.env.get("IOU_DOCTOR_KERNELS")
            assert variant is None or case.name.startswith(f"{variant}-"), case.name
            assert variant or not case.name.startswith(("avx2-", "numpy-")), case.name


def test_rows_of_kernels_that_the_processor_lacks_are_left_out(tmp_path):
    form = Form(images=2, side=8, classes=3, dtype="uint8")
    sizes = jobs.Sizes((1, 2), (1, 2), (1, 2))
    assert jobs.compare_variants(form, sizes, (), "portable")(Unmade(tmp_path))
    assert not jobs.compare_variants(form, sizes, (), "none")(Unmade(tmp_path))


def test_files_are_made_once_for_all_rows_of_a_group(tmp_path):
    form = Form(images=2, side=8, classes=3, dtype="uint8")
    store = Store(tmp_path)
    assert store.get(form) is store.get(form)
    assert form.pixels == 128
    quick = Store(tmp_path, quick=True).get(Form(images=15, side=512, classes=3, dtype="uint8"))
    assert (quick.form.images, quick.form.side) == (2, 64)


def test_the_script_needs_numpy_alone_and_gets_the_mean(tmp_path):
    form = Form(images=2, side=16, classes=3, dtype="float32", dense=True)
    files = Store(tmp_path).get(form)
    (_, script) = jobs.compare_script(form)(Store(tmp_path))
    command = [sys.executable, "-X", "importtime", *script.command]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    batches = peers._batches("bincount", peers._open(str(files.true)), peers._open(str(files.pred)))
    assert float(done.stdout) == pytest.approx(peers.bincount(batches, 3, 3))
    assert "bench" not in done.stderr


def test_quick_contestants_run_more_often_and_all_in_turns(monkeypatch):
    walls = {OURS: 1.0, "keras": 9.0, "read": 2.0}
    ran = []

    def run(job: Job, _: object) -> Run:
        ran.append(job.contestant)
        return Run(walls[job.contestant], 0.0, None)

    monkeypatch.setattr("bench.measure.run", run)
    found = in_turns([Job(name, (), 1) for name in walls], Turns(2, 4, 6), {})
    assert ran == [OURS, *walls, *walls, OURS, "read", OURS]
    assert [len(each.runs) for each in found] == [4, 2, 3]


def test_the_gap_is_what_the_second_best_run_took_longer():
    runs = [Run(wall, 0.0, None) for wall in (3.0, 1.0, 1.5)]
    assert Timed(Job("any", (), 1), runs).gap == 0.5
    assert Timed(Job("any", (), 1), runs[:1]).gap == 0


def test_the_environment_has_no_options_but_the_kernels_that_were_asked_for(monkeypatch):
    monkeypatch.setenv("IOU_DOCTOR_KERNELS", "numpy")
    monkeypatch.setenv("IOU_DOCTOR_CHECK_JOBS", "1")
    assert not [name for name in environment() if name.startswith("IOU_DOCTOR_")]
    assert environment("avx2")["IOU_DOCTOR_KERNELS"] == "avx2"
    assert describe_kernels(environment("numpy")) == "NumPy (IOU_DOCTOR_KERNELS is numpy)"


@pytest.mark.slow
def test_a_fresh_install_has_its_bytecode_and_forgets_what_runs_left(tmp_path):
    install = FreshInstall(tmp_path)
    install.renew()
    code = "import iou_doctor.errors, pathlib; print(pathlib.Path.home(), iou_doctor.__file__)"
    command = [sys.executable, "-v", "-c", code]
    env = {**environment(), **install.environment}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, cwd="/")
    home, file = map(Path, done.stdout.split())
    assert file.is_relative_to(tmp_path)
    assert "wrote" not in "\n".join(line for line in done.stderr.splitlines() if PACKAGE in line)
    (home / "left").touch()
    install.renew()
    assert not any(home.iterdir())
    assert find_package().name == PACKAGE


@pytest.mark.skipif(not KEPT.exists(), reason="nobody has run the whole benchmark yet")
def test_the_pages_show_the_results_that_are_kept(updating):
    for page, text in write_pages(Benchmark.read(KEPT)).items():
        if updating:
            page.write_text(text, encoding="utf-8")
        assert read_page(page) == text

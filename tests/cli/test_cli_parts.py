"""The commands `plan`, `scan` and `report`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from parts.forging import SEAL, seal_plan
from parts.test_same_report import make_labels
from PIL import Image
from typer.testing import CliRunner

from iou_doctor.cli.app import build_app
from iou_doctor.diagnosis import pipeline
from iou_doctor.diagnosis.questions import ScanSettings
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.parts import scan_shard
from iou_doctor.parts.job import make_job
from iou_doctor.parts.look import look_over
from iou_doctor.scan import device


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    masks, predictions = make_labels(12)
    np.save("m.npy", masks)
    np.save("p.npy", predictions)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(build_app(), [*map(str, arguments)])


def scan(shards, *options, arrays=("p.npy", "m.npy"), name="part"):
    places = [f"{name}{shard}.npz" for shard in range(1, shards + 1)]
    for number, place in enumerate(places, 1):
        done = run("scan", *arrays, "--shard", f"{number}/{shards}", "--output", place, *options)
        assert done.exit_code == 0, done.output
    return places


def refuse(*arguments):
    """Return the one line about an error, after which nothing was written."""
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("iou-doctor: error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def as_json(*arguments):
    done = run(*arguments, "--output-format", "json")
    assert done.exit_code in {0, 1}, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ["labels", "images"])
def test_parts_of_a_plan_say_what_check_says(here, kind):
    arrays = ("p.npy", "m.npy")
    if kind == "images":  # of different sizes
        arrays = ("p", "m")
        for folder in arrays:
            (here / folder).mkdir()
            for number, labels in enumerate(np.load(f"{folder}.npy")):
                cut = labels[: 20 + number % 3]
                Image.fromarray(cut).save(here / folder / f"{number:03}.png")
    assert (
        run("plan", *arrays, "-n", "4", "--contracts", "all", "--output", "plan.json").exit_code
        == 0
    )
    parts = scan(5, "--plan", "plan.json", arrays=arrays)
    assert run("report", *parts[1:4], "--merge", "some.npz").exit_code == 0
    found = as_json("report", parts[4], "some.npz", parts[0], "--contracts", "all")
    assert found == as_json("check", *arrays, "-n", "4", "--contracts", "all")


@pytest.mark.usefixtures("here")
def test_a_list_of_pairs_is_read_as_check_reads_it():
    for name in "pm":
        for number, labels in enumerate(np.load(f"{name}.npy")):
            np.save(f"{name}{number}.npy", labels)
    write("pairs.csv", "".join(f"p{number}.npy,m{number}.npy\n" for number in range(12)))
    parts = scan(2, "-n", "4", arrays=("pairs.csv",))
    assert as_json("report", *parts) == as_json("check", "pairs.csv", "-n", "4")


@pytest.mark.usefixtures("here")
def test_the_second_round_makes_estimated_scores_exact():
    np.save("p.npy", np.load("p.npy")[[1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10]])
    first = scan(2)
    done = run("report", *first, "--report", "json=first.json")
    assert "(estimated)" in done.stdout
    assert "scan each shard with --again REPORT" in done.stderr
    again = scan(2, "--again", "first.json", name="again")
    found = as_json("report", *first, *again)
    assert found == as_json("check", "p.npy", "m.npy")
    assert "all its scores are exact" in refuse(
        "scan", "p.npy", "m.npy", "--output", "x.npz", "--again", write("exact.json", found)
    )
    assert "the parts lack shard 2/2 of the second round" in refuse("report", *first, again[0])


def write(name, text):
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_a_killed_scan_goes_on_where_it_stopped(here, monkeypatch):
    monkeypatch.setattr(scan_shard, "SECONDS", 0.0)
    monkeypatch.setattr(scan_shard, "BLOCK_VALUES", 30 * 36 * 2)  # two samples
    whole = scan(1)[0]
    expected = (here / whole).read_bytes()
    counted, count = [], scan_shard.ShardScan._count

    def count_some(self, block, segment):
        counted.append(block)
        if len(counted) == 4:
            raise KeyboardInterrupt
        return count(self, block, segment)

    monkeypatch.setattr(scan_shard.ShardScan, "_count", count_some)
    words = ("scan", "p.npy", "m.npy", "--output", "part.npz", "--resume")
    assert run(*words).exit_code != 0
    assert not (here / "part.npz").exists()
    assert "not finished; run its scan again with --resume" in refuse(
        "report", "part.npz.unfinished"
    )
    assert run(*words).exit_code == 0
    assert [block.start for block in counted] == [0, 2, 4, 6, 6, 8, 10]
    assert (here / "part.npz").read_bytes() == expected
    assert not (here / "part.npz.unfinished").exists()
    assert run(*words).exit_code == 0
    assert len(counted) == 7  # it was finished already


@pytest.mark.usefixtures("here")
def test_a_scan_that_goes_on_remembers_what_the_killed_one_knew_of_the_model(monkeypatch):
    """The outputs may have differed before the scan was killed, and not since."""
    monkeypatch.setattr(scan_shard, "SECONDS", 0.0)
    monkeypatch.setattr(scan_shard, "BLOCK_VALUES", 30 * 36 * 2)
    request = CheckRequest(predictions="p.npy", masks="m.npy")
    pair = pipeline.open_arrays(request)
    look = look_over(pair, request)
    job = make_job(pair, request, look.layout, 1)
    kept, known = [], ["killed"]
    monkeypatch.setattr(scan_shard, "describe_model", lambda _: tuple(known))
    one = scan_shard.ShardScan(pair, job, look.questions, 1, ScanSettings())
    one.scan(keep=kept.append)
    known[:] = ["resumed"]
    monkeypatch.setattr(scan_shard, "SECONDS", 60.0)  # all blocks are merged at once
    assert one.scan(before=kept[0], keep=kept.append).models == ("killed", "resumed")


def test_parts_that_do_not_belong_together_are_refused(here):
    parts = scan(3, "-n", "4")
    other = scan(3, "-n", "5", name="other")
    fewer = scan(2, "-n", "4", name="fewer")
    np.save("p.npy", np.load("p.npy") // 2)
    changed = scan(3, "-n", "4", name="changed")
    assert "options.num_classes is 5 there and 4 here" in refuse("report", parts[0], other[1])
    assert "the number of shards is 2 there and 3 here" in refuse("report", parts[0], fewer[1])
    assert "the content of the files is" in refuse("report", parts[0], changed[1])
    assert "both hold shard 1/3; give each part once" in refuse("report", parts[0], *parts)
    assert "the parts lack shard 1/3, 3/3; scan" in refuse("report", parts[1])
    assert "there is no such file" in refuse("report", "none.npz")
    assert "it is no part" in refuse("report", "p.npy")
    assert "is an input" in refuse("report", *parts, "--merge", parts[0])
    assert "scan --contracts all" in refuse("report", *parts, "--contracts", "all")
    (here / "cut.npz").write_bytes((here / parts[0]).read_bytes()[:-100])
    assert "cut off" in refuse("report", "cut.npz", *parts[1:], "--output", "report.json")
    assert not (here / "report.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--shard", "4/3"), "--shard 4/3: give I/N, from 1/N to N/N"),
        (("--shard", "three"), "--shard three: give I/N"),
        (("--shard", "1/1000001"), "for instance 3/64; N is at most 1,000,000"),
        (("--shard", f"1/{'9' * 5000}"), "give I/N"),
        (("--output", "plan.json", "--plan", "plan.json"), "is an input, which is never changed"),
        (("--output", "m.npy"), "is an input, which is never changed"),
        (("--output", "none/part.npz"), "cannot be written"),
        (("--images", "m.npy"), "--images: a part holds counts and no pictures"),
        (("--class-names", "plan.json", "--output", "plan.json"), "is an input"),
        (("--plan", "m.npy"), "is not valid JSON"),
        (("--plan", "plan.json", "-n", "3"), "--num-classes: --plan has decided it"),
        (("--plan", "other.json"), "the content of the files is"),
        (("--plan", "empty.json"), "it is no plan"),
        (("--plan", "old.json"), "no seal, as if an earlier version of iou-doctor had written it"),
        (("--plan", "edited.json"), "it was changed after iou-doctor had written it"),
        (("--plan", "forged.json"), "its layout is not that of its arrays"),
        (("--again", "empty.json"), "all its scores are exact"),
    ],
)
def test_scans_that_cannot_work_are_refused(here, options, message):
    run("plan", "p.npy", "m.npy", "--output", "plan.json")
    plan = json.loads((here / "plan.json").read_text())
    plan["job"]["fingerprint"] = "0"
    write("edited.json", json.dumps(plan))
    write("old.json", json.dumps({key: plan[key] for key in plan if key != SEAL}))
    write("other.json", seal_plan(plan))
    plan["job"]["layout"]["y_true"]["channel"] = 5
    write("forged.json", seal_plan(plan))
    write("empty.json", "{}")
    words = options if "--output" in options else (*options, "--output", "part.npz")
    assert message in refuse("scan", "p.npy", "m.npy", *words)
    assert not (here / "part.npz").exists()


@pytest.mark.usefixtures("here")
def test_options_are_checked_before_the_arrays_are_opened(monkeypatch):
    def open_arrays(_request):
        raise AssertionError("the arrays are opened")

    monkeypatch.setattr(pipeline, "open_arrays", open_arrays)
    monkeypatch.setattr(device, "is_gpu_visible", lambda: False)
    words = ("scan", "p.npy", "m.npy", "--output", "part.npz")
    assert "--shard 2/1" in refuse(*words, "--shard", "2/1")
    assert "--again none.json" in refuse(*words, "--again", "none.json")
    assert "no NVIDIA GPU" in refuse(*words, "--device", "gpu")
    assert "cannot be written" in refuse("report", "none.npz", "--merge", "none/merged.npz")


@pytest.mark.usefixtures("here")
def test_names_of_outputs_are_shown_without_control_characters():
    name = "a\x1b[31m.npz"
    assert r"a\x1b[31m.npz has shard 1/1" in run("scan", "p.npy", "m.npy", "--output", name).stdout
    assert r"b\x1b.npz has 1 of 1 shards" in run("report", name, "--merge", "b\x1b.npz").stdout
    assert r"a\x1b[31m.npz has the plan" in run("plan", "p.npy", "m.npy", "--output", name).stdout


@pytest.mark.usefixtures("here")
def test_report_keeps_the_gates_of_check():
    parts = scan(2)
    done = run("report", *parts, "--min-iou", "0.99", "--select", "score-below-minimum")
    assert done.exit_code == 1
    assert "iou-doctor: " in done.stderr

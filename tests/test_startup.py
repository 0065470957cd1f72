"""What a command imports: times flutter, the set of modules does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from casebook.cases import at

from iou_doctor.cli.app import build_app

ROOT = Path(__file__).parents[1]
LOADED = """
import atexit, sys
before = set(sys.modules)
atexit.register(lambda: print(*set(sys.modules) - before, file=sys.stderr))
from iou_doctor.__main__ import main
main()
"""
HEAVY = {"scipy", "h5py", "PIL", "tensorflow", "keras", "torch", "numba", "sklearn", "tifffile"}
SELDOM = {
    *("numpy.ma", "numpy.testing", "rich.progress", "rich.markdown", "rich.pretty"),
    *("json", "asyncio", "multiprocessing", "concurrent.futures", "logging", "pydantic"),
    *(
        "importlib.metadata",
        "importlib.resources",
        "iou_doctor.report.score_lookup",
        "iou_doctor.config.settings",
    ),
}
"""Worth milliseconds each, and of no use to any of these commands."""
FLOW = {
    f"iou_doctor.{name}"
    for name in (
        *("diagnosis.pipeline", "sources.opening", "interpret.axes", "scan.scan"),
        *("metrics.registry", "render.terminal"),
    )
}
WRITING = {
    "iou_doctor.file_repair.run",
    "iou_doctor.report.repair_plan",
    "iou_doctor.file_repair.writers",
}
ALL = {
    *("check", "compare", "fix", "init", "why", "plan", "scan", "report"),
    *("rules", "explain", "metrics", "schema"),
}
EVERY_KIND = ["--select=IOU1", "--threshold=0.5", "--fail-on=never", f"--output={os.devnull}"]
"""Options of every type, which Typer converts with pydantic from version 0.29 on."""
PAIR = [f"sample_data/healthy/{name}.npy" for name in ("preds", "masks")]


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        (["--help"], FLOW | {"numpy", "rich", "iou_doctor.checks.registry"}),
        (
            ["check", "--help"],
            FLOW | {"numpy", "rich", "iou_doctor.checks.registry"},
        ),
        (["--version"], FLOW | {"numpy", "rich", "iou_doctor.checks.registry"}),
        (["rules"], FLOW | {"rich"}),
        (["explain", "IOU201"], FLOW | {"rich"}),
        (["check", *PAIR, "--num-classes", "3"], {"iou_doctor.sources.files.hdf5.source"}),
        (["check", *PAIR, "-n", "3", *EVERY_KIND], set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_imports_nothing_that_it_does_not_use(command: list[str], unused: set[str]):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stderr.split())
    assert "iou_doctor.cli.app" in loaded
    assert loaded & (HEAVY | SELDOM | WRITING | unused) == set()


@pytest.mark.parametrize("order", ["sorted", "reversed"])
@pytest.mark.parametrize("place", ["street/0.9", "street/0.45", "street-11/0.7", "blobs/0.7"])
def test_no_library_is_loaded_to_examine_usual_labels(tmp_path: Path, place: str, order: str):
    source = at(place)
    np.save(tmp_path / "masks.npy", source.truth)
    np.save(tmp_path / "preds.npy", source.predicted[:: -1 if order == "reversed" else 1])
    arrays = [str(tmp_path / name) for name in ("preds.npy", "masks.npy")]
    command = [sys.executable, "-c", LOADED, "check", *arrays, "-n", str(source.classes)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "IOU501" in done.stdout) == ((0, False), (1, True))[order != "sorted"]
    # of SciPy, the compiled function that assigns samples to each other may be there
    assert set(done.stderr.split()) & HEAVY == set()


def test_why_without_arrays_needs_no_numpy():
    command = [sys.executable, "-c", LOADED, "why", "0.3333"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "iou_doctor.score_search.search" in loaded
    assert loaded & (HEAVY | WRITING | FLOW | {"numpy", "iou_doctor.checks.registry"}) == set()


COLLECTED = """
import atexit, gc, sys
searches = []
gc.callbacks.append(lambda phase, _: searches.append(phase) if phase == "start" else None)
from iou_doctor.__main__ import run_process
atexit.register(lambda: print(len(searches), file=sys.stderr))
run_process()
"""


def test_little_time_goes_into_the_search_for_cycles():
    command = [sys.executable, "-c", COLLECTED, "check", *PAIR, "--num-classes", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stderr) <= 10


SHORTCUTS = """
import atexit, sys
from iou_doctor.__main__ import run_process
def show():
    print(sys.modules["numpy"].array.__doc__, file=sys.stderr)
    print(*[type(finder).__name__ for finder in sys.meta_path], file=sys.stderr)
atexit.register(show)
run_process()
"""


def test_the_command_has_its_own_finder_and_leaves_out_the_docstrings_of_numpy():
    command = [sys.executable, "-c", SHORTCUTS, "check", *PAIR, "--num-classes", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    docstring, finders = done.stderr.splitlines()
    assert docstring == "None"
    assert "QuickFinder" in finders.split()


@pytest.mark.parametrize(("ending", "code"), [("", 0), ("sys.exit(7)", 7), ("sys.exit('x')", 1)])
def test_a_process_that_ends_at_once_keeps_its_exit_code_and_removes_its_folders(
    tmp_path: Path, ending: str, code: int
):
    command = f"""
import sys, tempfile
from iou_doctor import __main__
folder = tempfile.TemporaryDirectory(dir={str(tmp_path)!r})
def main():
    sys.stdout.write("text that is not flushed")
    {ending or "pass"}
__main__.main = main
__main__.run_process()
"""
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (code, "text that is not flushed")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["check", "fix"], {"check"}),
        (["fix", "-h"], {"fix"}),
        (["chek"], ALL),
        (["--help"], ALL),
        ([], ALL),
    ],
)
def test_only_the_command_that_is_called_is_built(arguments: list[str], kept: set[str]):
    app = build_app(arguments)
    built = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert built == kept


def test_the_group_lists_all_commands_where_none_is_called():
    assert set(typer.main.get_command(build_app()).commands) == ALL

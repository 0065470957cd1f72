"""A file that is cut off while it is mapped is an error and not the end of the process."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from run import ROOT

from iou_doctor.errors import SourceError
from iou_doctor.sources.files import npy
from iou_doctor.sources.files.bus_errors import BusErrors
from iou_doctor.sources.opening import open_source

CUT = """if True:
    import os, sys
    import {module} as module
    real = module.{name}
    def cut(*arguments, **more):
        os.truncate({path!r}, {size})
        return real(*arguments, **more)
    module.{name} = cut
    sys.argv = ["iou-doctor", *{arguments!r}]
    from iou_doctor.__main__ import run_process
    run_process()
"""
COUNTING = ("iou_doctor.scan.batch_plan", "BatchPlan.count_parts")
REPAIRING = ("iou_doctor.file_repair.stream", "RepairStream._repair")


def run_and_cut(path, *arguments, place, size=0, cwd):
    """Run a command, and cut a file off after a window of it was mapped and before it is read."""
    script = CUT.format(
        module=place[0],
        name=place[1],
        path=str(path),
        arguments=list(map(str, arguments)),
        size=size,
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def pair(tmp_path):
    """Two arrays that are large enough to be mapped, with a fault that `fix` repairs."""
    values = np.random.default_rng(0)
    masks = values.integers(0, 2, (40, 384, 384), np.uint8)
    np.save(tmp_path / "masks.npy", masks * np.uint8(255))
    np.savez(tmp_path / "preds.npz", masks)
    return tmp_path / "preds.npz", tmp_path / "masks.npy"


@pytest.mark.skipif(sys.platform != "linux", reason="the handler knows the structures of Linux")
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("size", [0, 3_000_000])
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_mapped_file_that_is_cut_off_is_refused(tmp_path, pair, which, size, jobs):
    arguments = ["check", *pair, "-n", "2", "--no-progress", "--jobs", jobs]
    done = run_and_cut(pair[which], *arguments, place=COUNTING, size=size, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "was read" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the handler knows the structures of Linux")
def test_fix_leaves_no_copy_of_a_file_that_was_cut_off(tmp_path, pair):
    arguments = ["fix", *pair, "-n", "2", "--output-dir", "out"]
    done = run_and_cut(pair[1], *arguments, place=REPAIRING, size=3_000_000, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the handler knows the structures of Linux")
def test_a_missing_page_reads_as_zeros_and_another_bus_error_ends_the_process(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(6_000_000, np.uint8))
    script = """if True:
        import os, signal
        import numpy as np
        from iou_doctor.errors import SourceError
        from iou_doctor.sources.files.bus_errors import BUS_ERRORS
        from iou_doctor.sources.opening import open_source
        try:
            with BUS_ERRORS.catch():
                values = open_source("a.npy").read(())
                os.truncate("a.npy", 4096)
                print(int(values.sum()))
        except SourceError as error:
            print(error)
        with BUS_ERRORS.catch():
            BUS_ERRORS.prepare()
            os.kill(os.getpid(), signal.SIGBUS)
            os.kill(os.getpid(), signal.SIGBUS)
        print("survived")
    """
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        str(4096 - 128),
        "cannot read `the input`: it was cut off while it was read; run again",
    ]
    assert done.returncode == -7


@pytest.mark.parametrize("save", [np.save, np.savez])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_small_array_is_read_when_it_is_opened(tmp_path, monkeypatch, save, order):
    array = np.asarray(np.arange(24).reshape(2, 3, 4), order=order)
    path = tmp_path / ("a.npy" if save is np.save else "a.npz")
    save(path, array)
    source = open_source(str(path))
    os.truncate(path, 0)
    np.testing.assert_array_equal(source.read(()), array)
    save(path, array)
    monkeypatch.setattr(npy, "MOST_READ_BYTES", array.nbytes - 1)
    source = open_source(str(path))
    os.truncate(path, 0)
    with pytest.raises(SourceError, match="changed while it was read"):
        source.read(())


def test_nothing_is_installed_unless_a_program_asks_for_it(monkeypatch):
    def fail(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("iou_doctor.sources.files.bus_errors._install", fail)
    errors = BusErrors()
    errors.prepare()
    errors.check()
    with errors.catch():
        pass
    errors._is_caught = True
    with pytest.raises(SourceError, match="cut off while it was read"):
        errors.check()

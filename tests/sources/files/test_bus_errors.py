"""A file that is cut off while it is mapped is an error and not the end of the process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from run import ROOT
from sources.window_cases import assert_reads, cases

from iou_doctor.errors import SourceError
from iou_doctor.sources.files.bus_errors import BUS_ERRORS, BusErrors
from iou_doctor.sources.files.npy import npy
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
COUNTING = ("iou_doctor.scan.batch_plan", "BatchPlan.split")
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
        np.save("b.npy", np.ones(6_000_000, np.uint8))
        with BUS_ERRORS.catch():
            kept = open_source("b.npy").read(())
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


def test_nothing_is_installed_unless_a_program_asks_for_it(tmp_path, monkeypatch):
    def fail(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("iou_doctor.sources.files.bus_errors._install", fail)
    np.save(tmp_path / "a.npy", np.ones(6_000_000, np.uint8))
    errors = BusErrors()
    errors.guard(np.load(tmp_path / "a.npy", mmap_mode="r"))
    errors.check()
    with errors.catch():
        pass
    errors._is_caught = True
    with pytest.raises(SourceError, match="cut off while it was read"):
        errors.check()


def test_two_threads_may_catch_at_once():
    errors = BusErrors()
    with errors.catch():
        with errors.catch():
            pass
        assert errors._users == 1
        errors._is_caught = True
        with pytest.raises(SourceError, match="cut off while it was read"), errors.catch():
            pass
        errors._is_caught = False


@pytest.mark.skipif(sys.platform != "linux", reason="the handler knows the structures of Linux")
def test_a_mapping_is_forgotten_when_it_is_gone(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(6_000_000, np.uint8))
    with BUS_ERRORS.catch():
        values = open_source(str(tmp_path / "a.npy")).read((slice(0, 5),))
        assert len(BUS_ERRORS._mapped) == 1
        del values
        assert not BUS_ERRORS._mapped


FOREIGN = """if True:
    import os
    import numpy as np
    from iou_doctor.sources.files.bus_errors import BUS_ERRORS
    from iou_doctor.sources.opening import open_source
    with BUS_ERRORS.catch():
        ours = open_source("a.npy").read(())
        foreign = np.load("b.npy", mmap_mode="r")
        os.truncate("b.npy", 4096)
        foreign.sum()
"""
PYTHON = """if True:
    import os
    import iou_doctor
    from iou_doctor.errors import SourceError
    from iou_doctor.scan.batch_plan import BatchPlan
    count = BatchPlan.split
    def cut(*arguments, **more):
        os.truncate({path!r}, {size})
        return count(*arguments, **more)
    BatchPlan.split = cut
    try:
        iou_doctor.check(y_true="masks.npy", y_pred="preds.npz", num_classes=2)
    except SourceError as error:
        print(error)
    import signal
    assert signal.getsignal(signal.SIGBUS) is signal.SIG_DFL
"""


def run_script(script, folder):
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the handler knows the structures of Linux")
def test_the_mappings_of_others_are_left_to_the_handler_from_before(tmp_path):
    for name in "ab":
        np.save(tmp_path / f"{name}.npy", np.ones(6_000_000, np.uint8))
    assert run_script(FOREIGN, tmp_path).returncode == -7


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("size", [0, 3_000_000])
def test_python_gets_an_error_for_a_file_that_is_cut_off(tmp_path, pair, which, size):
    done = run_script(PYTHON.format(path=str(pair[which]), size=size), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "was read" in done.stdout


@given(cases(), st.sampled_from("CF"), st.sampled_from([0, 16, 1 << 20]))
def test_a_file_is_read_where_it_cannot_be_mapped(case, order, block):
    array, windows = case
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "a.npy"), np.asarray(array, order=order))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(npy, "MOST_READ_BYTES", -1)
            patch.setattr(npy, "_BLOCK_BYTES", block)
            source = open_source(str(Path(folder, "a.npy")))
            patch.setattr(np, "memmap", None)
            assert_reads(source, array, windows)


def test_a_file_that_is_cut_off_while_it_is_not_mapped_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((6, 1_000_000), np.uint8))
    source = open_source(str(tmp_path / "a.npy"))
    os.truncate(tmp_path / "a.npy", 3_000_000)
    assert source.read((slice(0, 2),)).sum() == 2_000_000
    with pytest.raises(SourceError, match="changed while it was read"):
        source.read((slice(2, 4), slice(0, 1000)))

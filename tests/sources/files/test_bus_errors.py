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
    import numpy as np
    import iou_doctor.sources.files.npy as npy
    real, calls = npy.cut_window, []
    def cut(values, window, dtype):
        found = real(values, window, dtype)
        calls.append(1)
        if len(calls) == {call} and {path!r} in str(getattr(values, "filename", "")):
            os.truncate({path!r}, {size})
        return found
    npy.cut_window = cut
    sys.argv = ["iou-doctor", *{arguments!r}]
    from iou_doctor.__main__ import run_process
    run_process()
"""


def run_and_cut(path, *arguments, call, size=0, cwd):
    """Run a command, and cut a file off after a window of it was mapped and before it is read."""
    script = CUT.format(path=str(path), arguments=list(map(str, arguments)), call=call, size=size)
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
@pytest.mark.parametrize("call", [1, 3, 9])
@pytest.mark.parametrize("size", [0, 3_000_000])
def test_a_mapped_file_that_is_cut_off_is_refused(tmp_path, pair, which, call, size):
    done = run_and_cut(
        pair[which], "check", *pair, "-n", "2", "--no-progress", call=call, size=size, cwd=tmp_path
    )
    cut = pair[which].stat().st_size == size
    assert (done.returncode, len(done.stderr.splitlines())) == ((2, 1) if cut else (1, 0))
    if cut:
        assert "cut off while it was read" in done.stderr or "changed while" in done.stderr
        assert done.stdout == ""


@pytest.mark.skipif(sys.platform != "linux", reason="the handler knows the structures of Linux")
def test_fix_leaves_no_copy_of_a_file_that_was_cut_off(tmp_path, pair):
    outcomes = set()
    for call in range(1, 40, 9):
        done = run_and_cut(
            pair[1], "fix", *pair, "-n", "2", "--output-dir", "out", call=call, cwd=tmp_path
        )
        outcomes.add(done.returncode)
        if not pair[1].stat().st_size:
            assert (done.returncode, done.stdout) == (2, ""), done.stderr
            assert not (tmp_path / "out").exists()
            np.save(pair[1], np.load(pair[0])["arr_0"] * np.uint8(255))
        else:
            assert done.returncode == 0
            (tmp_path / "out" / "masks.npy").unlink()
            (tmp_path / "out").rmdir()
    assert 2 in outcomes


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

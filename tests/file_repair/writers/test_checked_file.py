"""A file whose writes never fail keeps what the disk did not take, and says so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run import ROOT

from iou_doctor.file_repair.writers.checked_file import CheckedFile

WRITES = st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=60)), max_size=12)


@given(WRITES, st.integers(0, 12))
def test_what_was_written_is_read_back_though_the_disk_is_full(tmp_path_factory, writes, at):
    path = tmp_path_factory.mktemp("checked") / "a"
    file = CheckedFile(path)
    expected = bytearray(300)
    for number, (offset, data) in enumerate(writes):
        if number == at:
            file._error = OSError(28, "No space left on device")
        file.seek(offset)
        assert file.write(data) == len(data)
        expected[offset : offset + len(data)] = data
    file.seek(0)
    assert file.read(300) == bytes(expected)
    file.close()
    if at < len(writes):
        with pytest.raises(OSError, match="No space"):
            file.check()
    else:
        file.check()
        assert path.read_bytes() == bytes(expected[: path.stat().st_size])


def test_a_file_that_exists_is_not_opened(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    with pytest.raises(FileExistsError):
        CheckedFile(tmp_path / "a")


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
@pytest.mark.parametrize("limit", [0, 100, 3_000, 6_000])
def test_a_disk_that_is_full_is_an_error_and_no_crash(tmp_path, limit):
    """The limit of a file's size fails as a full disk does, with EFBIG for ENOSPC."""
    script = f"""if True:
        import resource, sys
        import h5py
        import numpy as np
        import iou_doctor.file_repair.run as repair
        with h5py.File("in.h5", "w") as file:
            file["preds"] = np.random.default_rng(0).random((8, 64, 64, 3), np.float32)
            file["masks"] = np.zeros((8, 64, 64), np.uint8)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        sys.argv = ["x", "fix", "in.h5::/preds", "in.h5::/masks", "--output-dir", "new/out"]
        sys.argv += ["--num-classes", "3"]
        from iou_doctor.__main__ import run_process
        run_process()
    """
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("iou-doctor: error: cannot write `new/out/in.h5`: File too large")
    assert [path.name for path in tmp_path.iterdir()] == ["in.h5"]

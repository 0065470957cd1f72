"""Interrupted commands leave nothing half written: a handful of tries out of hundreds."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from run import ROOT


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no such signals and limits")
def test_signals_a_full_disk_and_inputs_that_are_cut_off_leave_nothing_half_written():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "fuzz.interruptions", "--kills", "4", "--full", "2"),
            *("--cuts", "2", "--commands", "check with all reports", "fix npz"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

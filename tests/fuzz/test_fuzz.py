"""A short, deterministic run of the fuzzer: nothing may be wrong."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from run import ROOT

RUNS = 150


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the fuzzer forks")
@pytest.mark.parametrize("seed", [1, 2])
def test_hostile_input_does_no_harm(tmp_path, seed):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "fuzz", "--minutes", "5", "--runs", str(RUNS)),
            *("--seed", str(seed), "--keep", tmp_path),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

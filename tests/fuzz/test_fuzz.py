"""A short, deterministic run of the fuzzer: nothing may be wrong."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from run import ROOT

RUNS = {"commands": 200, "readers": 1500, "models": 150}
"""The number of cases of each group."""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the fuzzer forks")
@pytest.mark.parametrize("group", RUNS)
def test_hostile_input_does_no_harm(group):
    if group == "models":
        for name in ("tensorflow", "onnxruntime", "ai_edge_litert"):
            pytest.importorskip(name)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "fuzz", "--kinds", group, "--seed", "1"),
            *("--minutes", "5", "--runs", str(RUNS[group])),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]

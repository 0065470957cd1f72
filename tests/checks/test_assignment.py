"""The assignment is SciPy's, and SciPy's other modules stay unloaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn
from scipy.optimize import linear_sum_assignment

from iou_doctor.checks import assignment
from iou_doctor.checks.assignment import assign

ROOT = Path(__file__).parents[2]
GAINS = drawn.arrays(
    st.sampled_from([np.float32, np.float64, np.int64]),
    drawn.array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.integers(-4, 4),
)
LOADED = """
import sys
import numpy as np
from iou_doctor.checks.assignment import assign
print(*assign(np.eye(3)[[1, 2, 0]])[1])
print(*(name for name in sys.modules if "scipy" in name))
from scipy.optimize import linear_sum_assignment
print(*linear_sum_assignment(np.eye(3)[[1, 2, 0]], maximize=True)[1])
"""


@given(GAINS)
def test_the_assignment_is_that_of_scipy(gains):
    found, expected = assign(gains), linear_sum_assignment(-gains)
    assert [side.tolist() for side in found] == [side.tolist() for side in expected]


def test_only_the_compiled_module_is_loaded_and_the_others_can_be_loaded_later():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["1 2 0", "scipy.optimize._lsap", "1 2 0"]


@pytest.mark.parametrize("missing", ["scipy.optimize._elsewhere", "scipy.optimize._lbfgsb"])
def test_another_version_of_scipy_is_asked_by_its_public_name(monkeypatch, missing):
    monkeypatch.setattr(assignment, "COMPILED", missing)
    monkeypatch.delitem(sys.modules, "scipy.optimize")
    solver = assignment._load_solver.__wrapped__()
    assert solver(np.eye(2)[::-1], maximize=True)[1].tolist() == [1, 0]

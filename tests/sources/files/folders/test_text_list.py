"""Text files that list arrays, and whose names cannot be those of files."""

from __future__ import annotations

import numpy as np
import pytest
from sources.window_cases import error_of


@pytest.mark.parametrize("name", ["x" * 5000 + ".npy", "\0.npy"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    np.save(tmp_path / "a.npy", np.zeros((2, 3), np.uint8))
    (tmp_path / "a.txt").write_text(f"a.npy\n{name}\n")
    assert "cannot read" in error_of(tmp_path / "a.txt")


def test_the_first_missing_file_of_a_list_is_named(tmp_path):
    np.save(tmp_path / "mask_1.npy", np.zeros((2, 3), np.uint8))
    (tmp_path / "a.txt").write_text("mask_1.npy\nmask_2.npy\nmask_3.npy\n")
    assert "mask_2.npy`: there is no such file; did you mean" in error_of(tmp_path / "a.txt")

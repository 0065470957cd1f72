"""A folder of a user who runs the command line."""

from __future__ import annotations

import shutil

import pytest
from run import ROOT


@pytest.fixture
def project(tmp_path):
    shutil.copytree(ROOT / "sample_data" / "healthy", tmp_path, dirs_exist_ok=True)
    return tmp_path

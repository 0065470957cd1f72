"""The wheel that the action and its users install."""

from __future__ import annotations

import subprocess
import sys

import pytest
from run import ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([sys.executable, "-m", *build, folder, ROOT], check=True)
    (file,) = folder.glob("*.whl")
    return file

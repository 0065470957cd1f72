"""What all tests share: a clean environment, and texts compared with files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is slow, and nothing is wrong
settings.load_profile("untimed")

COLOUR_AND_SIZE = (
    "CI",
    "COLUMNS",
    "LINES",
    "FORCE_COLOR",
    "NO_COLOR",
    "GITHUB_ACTIONS",
    "TERM",
    "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
)

LIBRARY = "IOU_DOCTOR_LIBRARY"
"""Names another build of the native kernels to test, for example one with sanitizers."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-snapshots",
        action="store_true",
        help="write what the program says now to the files that tests compare it with",
    )


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear what could change the program's output from one machine to the next."""
    ours = [name for name in os.environ if name.startswith("IOU_DOCTOR_") and name != LIBRARY]
    for name in (*COLOUR_AND_SIZE, *ours):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def updating(request: pytest.FixtureRequest) -> bool:
    """Whether files are to be rewritten instead of compared."""
    return bool(request.config.getoption("--update-snapshots"))


@pytest.fixture
def snapshot(request: pytest.FixtureRequest, updating: bool) -> Callable[[str, str], None]:
    """Compare a text with the file `snapshots/NAME` beside the test."""
    folder = Path(request.path).parent / "snapshots"

    def compare(name: str, text: str) -> None:
        path = folder / name
        if updating:
            folder.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing; run pytest --update-snapshots and read it"
        assert text == path.read_text(encoding="utf-8")

    return compare

"""The progress bar on stderr."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

from iou_doctor.cli import progress


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("seconds", "appears"), [(0.99, False), (1.01, True)])
def test_the_bar_appears_after_a_second(monkeypatch, seconds, appears):
    now = [0.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with progress.show_progress(wanted=True) as advance:
        now[0] = seconds
        advance(1, 2)
        advance(2, 2)
    assert ("samples" in sys.stderr.getvalue()) == appears


@pytest.mark.parametrize(("stderr", "wanted"), [(Terminal(), False), (io.StringIO(), True)])
def test_there_is_no_bar_unless_it_is_wanted_and_stderr_is_a_terminal(monkeypatch, stderr, wanted):
    monkeypatch.setattr(sys, "stderr", stderr)
    with progress.show_progress(wanted=wanted) as advance:
        assert advance is None

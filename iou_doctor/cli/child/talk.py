"""The waiting process's side of a check of a model: what the child tells, and how it ends."""

from __future__ import annotations

import queue
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable

from iou_doctor.cli.child.checked import Checked, build_checked
from iou_doctor.errors import OutputError, SourceError

Progress = Callable[[int, int], object]
Messages = queue.SimpleQueue[list[object] | None]
"""The messages of a child, as `json.loads` returns them; `None` at the end of all."""


class Talk:
    """What one child tells.

    Args:
        progress: called with the number of samples done and in total.
    """

    def __init__(self, progress: Progress | None) -> None:
        self.name: str | None = None
        """The one of several checks that is done now."""
        self.checked: list[Checked] = []
        """The checks that this child has done."""
        self.position = 0
        """The bytes that it had written when it had done the last of them."""
        self._progress = progress

    def follow(self, child: subprocess.Popen[bytes], messages: Messages) -> int:
        """Return the exit code that the child announces.

        Raises:
            SourceError: it has died, or the model needs too long.
            OutputError: what it has written cannot be recorded.
        """
        path, limit, deadline = "", 0, None
        while True:
            try:
                message = messages.get(timeout=_measure_rest(deadline))
            except queue.Empty:
                child.kill()
                raise _timeout_error(path, limit) from None
            match message:
                case ["begin", str(path), int(limit)]:
                    deadline = time.monotonic() + limit
                case ["end"]:
                    deadline = None
                case ["exit", int(code)]:
                    return code
                case ["full", str(why)]:
                    raise _full_error(why)
                case None:
                    raise _death_error(path, child.wait(), is_busy=deadline is not None)
                case _:
                    self._note(message)

    def _note(self, message: list[object]) -> None:
        match message:
            case ["progress", int(done), int(total)] if self._progress:
                self._progress(done, total)
            case ["check", str(name)]:
                self.name = name
            case ["checked", list(parts), int(position)]:
                self.checked.append(build_checked(parts))
                self.name, self.position = None, position


def _full_error(why: str) -> OutputError:
    """Return the error for a record that is not whole."""
    folder = tempfile.gettempdir()
    return OutputError(
        f"the temporary folder `{folder}` cannot be written ({why}); free some space, or set TMPDIR"
    )


def _measure_rest(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _timeout_error(path: str, seconds: int) -> SourceError:
    return SourceError(
        f"cannot read `{path}`: the model was not loaded, or did not predict a batch, within"
        f" {seconds} seconds; --model-timeout allows more"
    )


def _death_error(path: str, code: int, *, is_busy: bool) -> SourceError:
    how = f"with exit code {code}" if code >= 0 else f"by {_name_signal(-code)}"
    if code == -getattr(signal, "SIGKILL", 0):
        how += ", perhaps because the memory was full"
    if is_busy:
        return SourceError(f"cannot read `{path}`: the model ended the process ({how})")
    what = f"the process that examined `{path}`" if path else "the process that reads the model"
    return SourceError(f"{what} ended unexpectedly ({how}); -v shows what it printed")


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

"""`python -m iou_doctor`, and the entry point of `iou-doctor`."""

import atexit
import errno
import gc
import os
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

from iou_doctor.quick_finder import install_quick_finder
from iou_doctor.quick_typing import stand_in_for_numpy_typing

if TYPE_CHECKING:
    from types import FrameType

    from iou_doctor.cli.child.supervisor import Supervisor

ONE_THREAD = "1"
"""The threads of NumPy's matrix products, which one rule uses. By default OpenBLAS starts one for
each core when NumPy is imported, and they spin through most of a small check."""
NUMPY_DOCSTRINGS = ("numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars")
"""Modules of NumPy that only write docstrings for functions in C: a tenth of its import, 0.005 s.
Older versions of NumPy name them otherwise, and import them."""
GARBAGE_THRESHOLD = 100_000
"""New objects between two runs of the garbage collector. With the default (700 in Python 3.11), it
runs many times during the imports, which make many objects that stay."""
BAD_INPUT = 2
"""The exit code if an input cannot be read or an output cannot be written."""
INTERNAL_ERROR = 3
"""The exit code for a bug in iou-doctor."""
SIGNALLED = 128
"""What shells add to the number of a signal to get the exit code of what it has ended."""
INTERRUPTED = 130
"""The exit code after Ctrl-C."""
ENDING_SIGNALS = ("SIGTERM", "SIGHUP")
"""What ends a run from outside: `kill`, `timeout` and CI send the first, a closed terminal the
second. Windows lacks the second."""
_signals: list[int] = []
"""The signals that have come so far."""
CLOSED_PIPE = 141
"""The exit code if the reader of stdout has gone: 128 + SIGPIPE."""


def run_process() -> NoReturn:
    """Run the command line, and end the process without freeing every object, as mypy does.

    Python would take several milliseconds to free what the operating system frees at once.
    """
    install_quick_finder()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", ONE_THREAD)
    for name in NUMPY_DOCSTRINGS:
        sys.modules.setdefault(name, ModuleType(name))
    stand_in_for_numpy_typing()
    _reserve_streams()
    _hide_library_output()
    os._exit(_run_to_end(main))


def run_child(folder: str, arguments: list[str], *, is_terminal: bool, encoding: str) -> NoReturn:
    """Run the command line in the process for a model file, which `cli.model_process` starts.

    Args:
        folder: for what is written; the waiting process shows it.
        arguments: of the command line.
        is_terminal: whether the stdout of the waiting process is a terminal.
        encoding: the encoding of that stdout.
    """
    from pathlib import Path

    from iou_doctor.cli.child.supervisor import Supervisor

    sys.argv = ["iou-doctor", *arguments]
    supervisor = Supervisor(Path(folder), is_terminal=is_terminal, encoding=encoding)
    code = _run_to_end(lambda: main(supervisor))
    supervisor.finish(code)
    os._exit(code)


def _run_to_end(run: Callable[[], None]) -> int:
    """Run the command line, and return the exit code when everything is written."""
    code: object = 0
    try:
        _exit_on_signals()
        run()
    except SystemExit as stop:
        code = stop.code
    atexit._run_exitfuncs()  # removes temporary folders
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if _signals:  # whatever Python made of the exception: it turns it into others in some places
        return SIGNALLED + _signals[0]
    return code if isinstance(code, int) else int(code is not None)


def main(supervisor: "Supervisor | None" = None) -> None:
    """Run the command line and exit. A bug in iou-doctor exits with 3, unlike findings.

    Args:
        supervisor: the process that waits for this one, if there is one.
    """
    gc.set_threshold(GARBAGE_THRESHOLD)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # what stdout cannot encode becomes `?`
    try:
        _run(supervisor)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _discard_stdout()
        sys.exit(CLOSED_PIPE)
    except (OSError, MemoryError) as error:
        _exit_after_failure(error)
    except Exception:
        _exit_after_bug()


def _reserve_streams() -> None:
    """Open `/dev/null` for each standard stream that the caller has closed (`2>&-`).

    Otherwise the next file that is opened would get its number, and what a library prints would be
    written into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115


def _hide_library_output() -> None:
    """Hide what libraries print: warnings of Python, and lines of C code on stderr.

    Libtiff for instance comments on a damaged file, and the error in one line says the same. With
    `-v`, everything is shown.
    """
    if (
        any(map(_is_verbose, sys.argv[1:]))
        or os.environ.get("IOU_DOCTOR_VERBOSE")
        or sys.warnoptions
    ):
        return
    warnings.simplefilter("ignore")
    with suppress(AttributeError, OSError, ValueError):  # stderr is closed, or is no file
        if sys.stderr.fileno() != 2:
            return
        shown = os.dup(2)
        sys.stderr = open(  # noqa: SIM115, PTH123
            shown, "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors
        )
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _is_verbose(word: str) -> bool:
    """Return whether an argument is `-v`, alone or among other short options, or `--verbose`."""
    return word == "--verbose" or (word[:1] == "-" and word[1:].isalpha() and "v" in word)


def _exit_on_signals() -> None:
    """Let signals raise an exception, so that files which are half written are removed.

    A signal that the caller lets this process ignore stays ignored.
    """
    for name in ENDING_SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _exit_after_signal)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _exit_after_signal)


def _exit_after_signal(number: int, frame: "FrameType | None") -> NoReturn:
    _signals.append(number)
    if number == signal.SIGINT:
        signal.default_int_handler(number, frame)
    sys.exit(SIGNALLED + number)


def _run(supervisor: "Supervisor | None") -> None:
    from iou_doctor.cli.app import build_app

    try:
        build_app(sys.argv[1:], supervisor)(prog_name="iou-doctor")
    except SystemExit as stop:
        sys.stdout.flush()  # here, where a reader that has gone is noticed
        # if the reader of stdout has gone, typer exits with 1, which would look like findings
        if isinstance(stop.__context__, BrokenPipeError):
            raise stop.__context__ from None
        raise


def _discard_stdout() -> None:
    """Redirect stdout, so that Python does not fail again when it flushes stdout at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _exit_after_failure(error: OSError | MemoryError) -> NoReturn:
    """Exit with 2 if the memory is too small for an input, or the disk for stdout."""
    if isinstance(error, MemoryError):
        why = f" ({error})" if str(error) else ""
        text = f"memory is too small for this input{why}; give a part of it"
    elif error.errno in (errno.ENOSPC, errno.EIO):
        text = f"stdout cannot be written: {error.strerror}"
    else:
        _exit_after_bug()
    _discard_stdout()
    with suppress(OSError):  # stderr may be on the same full disk
        sys.stderr.write(f"iou-doctor: error: {text}\n")
    sys.exit(BAD_INPUT)


def _exit_after_bug() -> NoReturn:
    if _signals:
        sys.exit(SIGNALLED + _signals[0])
    import traceback

    with suppress(OSError):
        traceback.print_exc()
        sys.stderr.write("iou-doctor: internal error; please report the lines above\n")
    sys.exit(INTERNAL_ERROR)


if __name__ == "__main__":
    run_process()

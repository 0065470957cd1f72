"""`python -m iou_doctor`, and the entry point of `iou-doctor`."""

import errno
import gc
import os
import sys
from typing import NoReturn

GARBAGE_THRESHOLD = 100_000
"""New objects between two runs of the garbage collector. With the default (700 in Python 3.11), it
runs many times during the imports, which make many objects that stay."""
BAD_OUTPUT = 2
"""The exit code if stdout cannot be written."""
INTERNAL_ERROR = 3
"""The exit code for a bug in iou-doctor."""
INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 + SIGINT, as shells define it."""
CLOSED_PIPE = 141
"""The exit code if the reader of stdout has gone: 128 + SIGPIPE."""


def main() -> None:
    """Run the command line and exit. A bug in iou-doctor exits with 3, unlike findings."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # what stdout cannot encode becomes `?`
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _discard_stdout()
        sys.exit(CLOSED_PIPE)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO):
            _exit_after_bug()
        _discard_stdout()
        sys.stderr.write(f"iou-doctor: error: stdout cannot be written: {error.strerror}\n")
        sys.exit(BAD_OUTPUT)
    except Exception:
        _exit_after_bug()


def _run() -> None:
    from iou_doctor.cli.app import build_app

    try:
        build_app(sys.argv[1:])(prog_name="iou-doctor")
    except SystemExit as stop:
        gc.freeze()  # saves the last run of the garbage collector before Python ends
        # if the reader of stdout has gone, typer exits with 1, which would look like findings
        if isinstance(stop.__context__, BrokenPipeError):
            raise stop.__context__ from None
        raise


def _discard_stdout() -> None:
    """Redirect stdout, so that Python does not fail again when it flushes stdout at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _exit_after_bug() -> NoReturn:
    import traceback

    traceback.print_exc()
    sys.stderr.write("iou-doctor: internal error; please report the lines above\n")
    sys.exit(INTERNAL_ERROR)


if __name__ == "__main__":
    main()

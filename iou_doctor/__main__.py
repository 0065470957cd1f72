"""`python -m iou_doctor`, and the entry point of `iou-doctor`."""

import errno
import gc
import os
import sys
from typing import NoReturn

OBJECTS = 100_000
"""New objects between two searches for cycles: a run makes few, and importing makes many others."""
CRASH = 3
INTERRUPTED = 130
"""128 + SIGINT, as shells say it."""
CLOSED_PIPE = 141
"""128 + SIGPIPE."""


def main() -> None:
    """Run the command line; a fault of our own exits with 3 and never looks like findings."""
    gc.set_threshold(OBJECTS)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a log without UTF-8 gets `?`, not a crash
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # the reader has left; point stdout elsewhere so that the exit does not complain again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(CLOSED_PIPE)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO):
            _crash()
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stderr.write(f"iou-doctor: error: stdout cannot be written: {error.strerror}\n")
        sys.exit(2)
    except Exception:  # the last line of defence
        _crash()


def _run() -> None:
    from iou_doctor.cli.app import build_app

    try:
        build_app(sys.argv[1:])(prog_name="iou-doctor")
    except SystemExit as stop:
        gc.freeze()  # or Python looks through everything once more before it ends
        # typer exits with 1 when the reader has left, which would look like findings
        if isinstance(stop.__context__, BrokenPipeError):
            raise stop.__context__ from None
        raise


def _crash() -> NoReturn:
    import traceback

    traceback.print_exc()
    sys.stderr.write("iou-doctor: internal error; please report the lines above\n")
    sys.exit(CRASH)


if __name__ == "__main__":
    main()

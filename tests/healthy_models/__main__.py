"""`python -m healthy_models`: save models of every kind, and print those that are refused."""

# ruff: noqa: T201 - what it says goes to the terminal

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> int:
    """Examine the kinds that the command line names, or all; return 1 if one is refused."""
    from healthy_models.kinds import KINDS, examine

    parser = argparse.ArgumentParser("healthy_models", description=__doc__)
    parser.add_argument("--list", action="store_true", help="only print the names of the kinds")
    parser.add_argument("kinds", nargs="*", help="names of kinds; all if none is given")
    options = parser.parse_args()
    if options.list:
        print("\n".join(KINDS))
        return 0
    refused = 0
    for name in options.kinds or KINDS:
        start = time.monotonic()
        # Keras and its converter describe at length what they save
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
            results = list(examine(name, Path(folder)))
        faults = [(file, why) for file, why in results if why]
        files = ", ".join(file for file, _ in results)
        print(f"{'✗' if faults else '✓'} {name}: {files} ({time.monotonic() - start:.0f} s)")
        for file, why in faults:
            print(f"    {file}: {why}")
        refused += bool(faults)
    return int(refused > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Plants each fault in a copy of the tree and reports those that the tests of its rule miss.

    PYTHONPATH=tests python -m mutants              all of them; 5 s each
    PYTHONPATH=tests python -m mutants limit tiles  those whose kind or rule contains a word

It runs the test file of the rule, and of `test_findings.py` the tests of the rule's code. It is
no test itself and does not run in CI. Run it after you have changed how rules are tested.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mutants.planted import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("iou_doctor", "tests", "sample_data", "docs", "pyproject.toml", "README.md")
OUTCOMES = {0: "SURVIVED", 1: "killed"}
"""What the exit status of pytest says; any other one means that the tests could not run."""


def main(words: Sequence[str]) -> int:
    """Return 0 if each chosen fault is noticed."""
    chosen = [mutant for mutant in MUTANTS if matches(mutant, words)]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in COPIED:
            copy_to(ROOT / name, tree / name)
        missed = [mutant for mutant in chosen if not is_noticed(mutant, tree)]
    say(f"{len(chosen) - len(missed)} of {len(chosen)} killed")
    return len(missed) > 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def matches(mutant: Mutant, words: Sequence[str]) -> bool:
    """Return whether a fault is of a kind, rule or file that some word names; all if none does."""
    text = f"{mutant.kind} {mutant.rule} {mutant.path}"
    return not words or any(word in text for word in words)


def copy_to(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def is_noticed(mutant: Mutant, tree: Path) -> bool:
    """Plant a fault, run the tests of its rule, say what came of it, and take it out again."""
    path = tree / mutant.path
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        say(f"NO LONGER FITS: {mutant.path}: {mutant.old!r}")
        return False
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    start = time.perf_counter()
    done = subprocess.run(
        list_arguments(mutant), cwd=tree, env=build_environment(), capture_output=True, check=False
    )
    path.write_text(text, encoding="utf-8")
    outcome = OUTCOMES.get(done.returncode, f"BROKEN ({done.returncode})")
    shown = f"{mutant.old!r} -> {mutant.new!r}"
    seconds = time.perf_counter() - start
    say(f"{outcome:9} {mutant.kind:8} {mutant.rule}: {shown} ({seconds:.0f} s)")
    return outcome == "killed"


def list_arguments(mutant: Mutant) -> list[str]:
    """Return the call of pytest for the tests of a mutant's rule, up to the first failure."""
    family, _, name = mutant.rule.partition("/")
    code = importlib.import_module(f"iou_doctor.checks.{family}.{name}").RULE.code
    files = [f"test_{name}.py"]
    if mutant.file:
        files.append(f"test_{mutant.file.rpartition('/')[2].lstrip('_')}.py")
    paths = [f"tests/checks/{family}/{file}" for file in files]
    chosen = " or ".join([*files, code])
    options = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-k", chosen]
    return [sys.executable, "-m", "pytest", *options, *paths, "tests/checks/test_findings.py"]


def build_environment() -> dict[str, str]:
    """Return the environment with which Python imports the copy, and leaves no stale bytecode."""
    return {**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

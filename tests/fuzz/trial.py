"""One command in a folder of its own, and what an interrupted one may leave there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from run import ROOT

from fuzz.sandbox import list_files
from fuzz.writing_commands import COMMANDS, list_inputs

DONE = (0, 1)
"""The exit codes of a command that came to its end."""
_DATE = re.compile(rb"# on [-0-9]+ [:0-9]+\(GMT\)")
Files = dict[Path, bytes | None]


@dataclass
class Trial:
    """A command in a folder of its own."""

    name: str
    place: Path
    """The folder with `files`, in which the command runs, and `temporary`."""
    before: Files
    whole: Files
    """What an undisturbed run leaves."""
    seconds: float
    """How long that takes."""
    prints: bool = True
    """Whether it writes to stdout."""

    @property
    def files(self) -> Path:
        return self.place / "files"

    def start(self, **more: object) -> subprocess.Popen[bytes]:
        """Start the command anew."""
        for folder in ("files", "temporary"):
            shutil.rmtree(self.place / folder, ignore_errors=True)  # a mounted one stays
        shutil.copytree(self.place / "inputs", self.files, dirs_exist_ok=True)
        (self.place / "temporary").mkdir()
        return start(self.name, self.files, **more)


def start(name: str, files: Path, **more: object) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(files.parent / "temporary"),
        "GITHUB_STEP_SUMMARY": "summary.md",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "iou_doctor", *COMMANDS[name]],
        cwd=files,
        env=environment,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def list_contents(folder: Path) -> Files:
    """Return the content of everything below a folder, without the date that pynrrd writes."""
    return {
        path: content and _DATE.sub(b"", content) for path, content in list_files(folder).items()
    }


def prepare(name: str, shared: Path, place: Path) -> Trial:
    """Return a command with what it reads, and what it leaves if nobody disturbs it.

    Args:
        name: of the command.
        shared: a folder with the inputs of all commands.
        place: a new folder for this one.
    """
    (place / "inputs").mkdir(parents=True)
    for path in list_inputs(name, shared):
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, place / "inputs" / path.name)
    trial = Trial(name, place, {}, {}, 0.0)
    begin = time.monotonic()
    process = trial.start()
    out, err = process.communicate()
    trial.seconds, trial.prints = time.monotonic() - begin, bool(out)
    assert process.returncode in DONE, (name, process.returncode, err)
    trial.whole = list_contents(trial.files)
    trial.before = {
        trial.files / path.relative_to(place / "inputs"): content
        for path, content in list_contents(place / "inputs").items()
    }
    return trial


def judge_files(trial: Trial, *, hard: bool) -> Iterator[str]:
    """Yield what is wrong with the files of an interrupted command.

    Args:
        trial: the command.
        hard: whether it had no chance to remove anything.
    """
    after = list_contents(trial.files)
    old, new = [], []
    for path in sorted({*after, *trial.before, *trial.whole}):
        found, before = after.get(path, b"missing"), trial.before.get(path, b"missing")
        is_hidden = any(part.startswith(".iou-doctor-") for part in path.parts)
        if is_hidden or (found is None and before == b"missing"):
            if not hard and path not in trial.whole:
                yield f"left {path.relative_to(trial.files)}"
        elif found != trial.whole.get(path, b"missing") and found != before:
            yield f"`{path.relative_to(trial.files)}` is not whole"
        elif before != trial.whole.get(path, b"missing"):
            (old if found == before else new).append(path.name)
    several = "--all" in COMMANDS[trial.name]  # each check writes its reports when it is done
    if old and new and not hard and not several:
        yield f"of one run, {new} are new and {old} are not"
    left = list((trial.place / "temporary").iterdir())
    if left and not hard:
        yield f"left {left}"

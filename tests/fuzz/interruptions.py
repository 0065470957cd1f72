"""Interrupts every writing command: by signals, a full disk, and inputs that are cut off.

    PYTHONPATH=tests python -m fuzz.interruptions --kills 300 --full 100 --cuts 100

Each file must be as it was, or whole. After Ctrl-C, `kill` and a full disk, nothing else may be
left, and of the files of one run either all are new or none is. The exit code is 1 otherwise.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from run import ROOT

from fuzz.sandbox import list_files
from fuzz.writing_commands import COMMANDS, write_inputs

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
DONE = (0, 1)
"""The exit codes of a command that came to its end."""
MOST_SECONDS = 120

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

    @property
    def files(self) -> Path:
        return self.place / "files"

    def start(self, **more: object) -> subprocess.Popen[bytes]:
        """Start the command anew."""
        for folder in ("files", "temporary"):
            shutil.rmtree(self.place / folder, ignore_errors=True)
        shutil.copytree(self.place / "inputs", self.files)
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
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )


def prepare(name: str, place: Path) -> Trial:
    """Return a command with what it reads, and what it leaves if nobody disturbs it."""
    (place / "inputs").mkdir(parents=True)
    write_inputs(place / "inputs")
    trial = Trial(name, place, {}, {}, 0.0)
    begin = time.monotonic()
    process = trial.start()
    err = process.communicate()[1]
    trial.seconds = time.monotonic() - begin
    assert process.returncode in DONE, (name, process.returncode, err)
    trial.whole = list_files(trial.files)
    trial.before = {
        trial.files / path.relative_to(place / "inputs"): content
        for path, content in list_files(place / "inputs").items()
    }
    return trial


def kill(trial: Trial, rng: random.Random) -> tuple[str, list[str]]:
    """Send a signal at a random moment; every second time as soon as something is written."""
    number = rng.choice(SIGNALS)
    process = trial.start(preexec_fn=_obey_interrupts)
    begin, moment = time.monotonic(), rng.uniform(0.1, 1.1) * trial.seconds
    waits = rng.random() < 0.5
    known = set(trial.before)
    while process.poll() is None and time.monotonic() < begin + moment:
        if waits and any(path not in known for path in trial.files.rglob("*")):
            time.sleep(rng.choice([0, 0, 0.0005, 0.002, 0.01]))
            break
        time.sleep(0.0005 if waits else 0.002)
    process.send_signal(number)
    err = process.communicate(timeout=MOST_SECONDS)[1]
    code = process.returncode
    wanted = {*DONE, -number, 128 + number}
    label = "not hit" if code in DONE else number.name
    if label == "not hit":
        return label, []
    if code == 1 and b"Fatal Python error" in err:
        return "hit while Python started", []
    problems = [] if code in wanted else [f"exit code {code}: {err[-200:]!r}"]
    hard = number == signal.SIGKILL
    return label, problems + list(_judge(trial, hard=hard))


def _obey_interrupts() -> None:
    """Undo that a shell lets its background jobs ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def fill(trial: Trial, rng: random.Random) -> tuple[str, list[str]]:
    """Let no file become larger than a random size, as on a full disk."""
    written = [
        len(content or b"")
        for path, content in trial.whole.items()
        if trial.before.get(path, b"missing") != content
    ]
    limit = int(rng.choice(written) * rng.random())

    def enter() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = trial.start(preexec_fn=enter)
    out, err = process.communicate(timeout=MOST_SECONDS)
    if process.returncode in DONE:
        return "fits", list(_judge(trial, hard=False))
    problems = []
    several = "--all" in COMMANDS[trial.name]  # one that cannot write stops no other
    if process.returncode != 2 or not (several or (not out and err.count(b"\n") == 1)):
        problems.append(f"exit code {process.returncode}, {out[:80]!r}, {err[-300:]!r}")
    return "full", problems + list(_judge(trial, hard=False))


def cut(trial: Trial, rng: random.Random) -> tuple[str, list[str]]:
    """Cut an input off at a random moment."""
    process = trial.start()
    inputs = sorted(path for path, content in trial.before.items() if content)
    path = rng.choice(inputs)
    time.sleep(rng.uniform(0.1, 1.0) * trial.seconds)
    if process.poll() is None:
        os.truncate(path, rng.choice([0, path.stat().st_size // 2]))
    _, err = process.communicate(timeout=MOST_SECONDS)
    code = process.returncode
    problems = [] if code in {*DONE, 2} else [f"exit code {code}: {err[-300:]!r}"]
    if code == 2 and err.count(b"\n") != 1:
        problems.append(f"exit code 2 with {err[-300:]!r}")
    if code == 2:
        problems += [f"left {new}" for new in trial.files.rglob("*") if new not in trial.before]
    return f"exit code {code}", problems


def _judge(trial: Trial, *, hard: bool) -> Iterator[str]:
    """Yield what is wrong with the files of an interrupted command.

    Args:
        trial: the command.
        hard: whether it had no chance to remove anything.
    """
    after = list_files(trial.files)
    old, new = [], []
    for path in sorted({*after, *trial.before, *trial.whole}):
        found, before = after.get(path, b"missing"), trial.before.get(path, b"missing")
        is_hidden = path.name.startswith(".iou-doctor-")
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


TRIALS: dict[str, Callable[[Trial, random.Random], tuple[str, list[str]]]] = {
    "kills": kill,
    "full": fill,
    "cuts": cut,
}


def main() -> int:
    """Return 1 if something was left that must not be."""
    parser = argparse.ArgumentParser(prog="fuzz.interruptions", description=__doc__)
    for kind in TRIALS:
        parser.add_argument(f"--{kind}", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", nargs="*", choices=COMMANDS, default=list(COMMANDS))
    options = parser.parse_args()
    counts: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        trials = [
            prepare(name, Path(folder, str(number))) for number, name in enumerate(options.commands)
        ]
        for kind, run in TRIALS.items():
            for number in range(getattr(options, kind)):
                rng = random.Random(f"{options.seed}:{kind}:{number}")
                trial = trials[number % len(trials)]
                label, problems = run(trial, rng)
                counts[f"{kind}: {label}"] += 1
                for problem in problems:
                    counts["PROBLEM"] += 1
                    sys.stdout.write(f"{kind} {number} {trial.name}: {problem}\n")
                sys.stdout.flush()
    sys.stdout.writelines(f"{count:6} {name}\n" for name, count in sorted(counts.items()))
    return int(counts["PROBLEM"] > 0)


if __name__ == "__main__":
    sys.exit(main())

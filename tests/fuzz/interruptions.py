"""Interrupts every writing command: by signals, a full disk, and inputs that are cut off.

    PYTHONPATH=tests python -m fuzz.interruptions --kills 300 --full 100 --small 50 --cuts 100

Each file must be as it was, or whole. After Ctrl-C, `kill` and a full disk, nothing else may be
left, and of the files of one run either all are new or none is. The exit code is 1 otherwise.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fuzz.processes import find_left, stop_while_it_reads
from fuzz.sandbox import MEMORY
from fuzz.trial import DONE, Trial, judge_files, list_contents, prepare
from fuzz.writing_commands import COMMANDS, list_words
from fuzz.writing_inputs import write_inputs

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
MOST_SECONDS = 300
TEXTS = (".toml", ".json", ".md")
"""The suffixes of files that are read at once, so that cutting them off later does no harm."""
PAGE = 8192
"""What a file takes on a file system in memory, beside its content."""


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
    problems += [f"process {left} goes on" for left in find_left(trial.files)]
    return label, problems + list(judge_files(trial, hard=hard))


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
    if not written:
        return refuse_output(trial, rng)
    limit = int(rng.choice(written) * rng.random())

    def enter() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = trial.start(preexec_fn=enter)
    out, err = process.communicate(timeout=MOST_SECONDS)
    return _judge_full(trial, process.returncode, out, err)


def _judge_full(trial: Trial, code: int, out: bytes, err: bytes) -> tuple[str, list[str]]:
    if code in DONE:
        return "fits", list(judge_files(trial, hard=False))
    several = "--all" in COMMANDS[trial.name]  # one that cannot write stops no other
    problems = []
    if code != 2 or not (several or (not out and err.count(b"\n") == 1)):
        problems.append(f"exit code {code}, {out[:80]!r}, {err[-300:]!r}")
    return "full", problems + list(judge_files(trial, hard=False))


def refuse_output(trial: Trial, _rng: random.Random) -> tuple[str, list[str]]:
    """Let stdout be a device that is full."""
    with Path("/dev/full").open("wb") as device:
        process = trial.start(stdout=device)
        err = process.communicate(timeout=MOST_SECONDS)[1]
    code, several = process.returncode, "--all" in COMMANDS[trial.name]
    fits = code in DONE and not trial.prints
    if fits or (code == 2 and (several or err.count(b"\n") == 1)):
        return "stdout full" if code == 2 else "fits", list(judge_files(trial, hard=False))
    return "stdout full", [f"exit code {code}, {err[-300:]!r}"]


def cut(trial: Trial, rng: random.Random) -> tuple[str, list[str]]:
    """Cut an input off while the command has it open or mapped."""
    process = trial.start()
    earliest = time.monotonic() + rng.choice([0, 0, rng.random()]) * trial.seconds
    inputs = {path for path, data in trial.before.items() if data and path.suffix not in TEXTS}
    stopped = stop_while_it_reads(process, inputs, earliest)
    if stopped is None:
        process.communicate(timeout=MOST_SECONDS)
        return "not hit", []
    number, path = stopped
    os.truncate(path, rng.choice([0, path.stat().st_size // 2]))
    os.kill(number, signal.SIGCONT)
    out, err = process.communicate(timeout=MOST_SECONDS)
    code, several = process.returncode, "--all" in COMMANDS[trial.name]
    # a page reads samples once more when all is counted, and leaves out those that have changed
    right = (2, *DONE) if any("html" in word for word in COMMANDS[trial.name]) else (2,)
    problems = [] if code in right else [f"exit code {code} without {path.name}: {err[-300:]!r}"]
    if code == 2 and not several:
        # what was written before the result was checked may stay, as it is whole
        problems += [
            f"left {path}"
            for path, content in list_contents(trial.files).items()
            if path not in trial.before and trial.whole.get(path, b"missing") != content
        ]
        if out or err.count(b"\n") != 1:
            problems.append(f"exit code 2 with {out[:80]!r} and {err[-300:]!r}")
    return "while it was read", problems


def fill_disk(trial: Trial, rng: random.Random) -> tuple[str, list[str]]:
    """Run the command on a small file system that it fills; mounting one needs root."""
    used = sum(len(content or b"") + PAGE for content in trial.before.values())
    written = sum(len(trial.whole[path] or b"") for path in trial.whole.keys() - trial.before)
    size = used + int(written * rng.random())
    trial.files.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(trial.files)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        return "not mounted", []
    try:
        process = trial.start()
        out, err = process.communicate(timeout=MOST_SECONDS)
        label, problems = _judge_full(trial, process.returncode, out, err)
        return f"{label} on a small file system", problems
    finally:
        subprocess.run(["umount", str(trial.files)], check=False)


TRIALS: dict[str, Callable[[Trial, random.Random], tuple[str, list[str]]]] = {
    "kills": kill,
    "full": fill,
    "small": fill_disk,
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
    _obey_interrupts()
    counts: collections.Counter[str] = collections.Counter()
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        shared = Path(folder, "shared")
        shared.mkdir()
        write_inputs(shared, set().union(*map(list_words, options.commands)))
        trials = [
            prepare(name, shared, Path(folder, str(number)))
            for number, name in enumerate(options.commands)
        ]
        with suppress(KeyboardInterrupt):  # Ctrl-C ends the trials, and the counts are printed
            for kind in TRIALS:
                _run_trials(kind, trials, options, counts)
    sys.stdout.writelines(f"{count:6} {name}\n" for name, count in sorted(counts.items()))
    return int(counts["PROBLEM"] > 0)


def _run_trials(
    kind: str, trials: list[Trial], options: argparse.Namespace, counts: collections.Counter[str]
) -> None:
    for number in range(getattr(options, kind)):
        rng = random.Random(f"{options.seed}:{kind}:{number}")
        trial = trials[number % len(trials)]
        label, problems = TRIALS[kind](trial, rng)
        counts[f"{kind}: {label}"] += 1
        for problem in problems:
            counts["PROBLEM"] += 1
            sys.stdout.write(f"{kind} {number} {trial.name}: {problem}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

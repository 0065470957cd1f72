"""Cases for one reader or parser, without the rest of a command: a thousand in a few seconds."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from fuzz.cases import BASELINE, CALLS, NUMBERS, TOML
from fuzz.judge import FORBIDDEN, compare_with_reference
from fuzz.mutations import mutate_bytes, mutate_text
from fuzz.sandbox import Verdict
from fuzz.seeds import WRITERS
from iou_doctor.errors import IouDoctorError, SourceError
from iou_doctor.sources.opening import open_source

SEEDS = 300
"""The number of sound files of each kind from which cases are made."""


Seed = tuple[str, dict[str, bytes]]
"""The suffix of a file or folder, and the content of each file in it. A lone one has no name."""


@cache
def make_seeds(kind: str) -> list[Seed]:
    """Return sound files, or folders that are one array."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(SEEDS):
            path = WRITERS[kind](Path(folder, str(number)), random.Random(number))
            if path.is_dir() and not path.suffix:
                path = sorted(path.iterdir())[0]  # one image of several
            files = [file for file in sorted(path.rglob("*")) if file.is_file()] or [path]
            names = ["" if file == path else str(file.relative_to(path)) for file in files]
            contents = [file.read_bytes() for file in files]
            found.append((path.suffix, dict(zip(names, contents, strict=True))))
    return found


def read(kind: str, folder: Path, rng: random.Random) -> Verdict:
    """Damage a file, and compare what we read with what the reference reader reads."""
    suffix, contents = rng.choice(make_seeds(kind))
    changed = rng.choice(list(contents))
    contents = {**contents, changed: mutate_bytes(contents[changed], rng)}
    path = Path(folder, f"x{suffix}")
    for name, data in contents.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    try:
        open_source(str(path)).read(())
        problems = list(compare_with_reference(path))
    except SourceError as error:
        return Verdict("refused", _judge_error(error))
    except MemoryError:
        return Verdict("out of memory")
    if any((path / name).read_bytes() != data for name, data in contents.items()):
        problems.append("the file was changed")
    return Verdict("read", problems)


def _judge_error(error: IouDoctorError) -> list[str]:
    text = str(error)
    is_line = text and "\n" not in text and not FORBIDDEN.search(text)
    return [] if is_line else [f"the error is {text!r}"]


def parse(
    make: Callable[[Path, random.Random], object], folder: Path, rng: random.Random
) -> Verdict:
    """Parse a damaged text."""
    try:
        make(folder, rng)
    except IouDoctorError:
        return Verdict("refused")
    return Verdict("accepted")


def parse_configuration(folder: Path, rng: random.Random) -> object:
    from iou_doctor.config.find_file import find_table
    from iou_doctor.config.validate import parse_configuration

    path = _write(folder / "c.toml", mutate_text(TOML, rng))
    found = find_table(str(path))
    return found and parse_configuration(*found)


def parse_baseline(folder: Path, rng: random.Random) -> object:
    from iou_doctor.report.baseline import load_baseline

    text = mutate_text(json.dumps(BASELINE, indent=rng.choice([None, 1])), rng)
    return load_baseline(str(_write(folder / "b.json", text)))


def parse_metric(_folder: Path, rng: random.Random) -> object:
    from iou_doctor.arrays.interpretation import Options
    from iou_doctor.metrics.user.user_metric import UserMetric

    return UserMetric.parse(mutate_text(rng.choice(CALLS), rng), Options())


def parse_score(_folder: Path, rng: random.Random) -> object:
    from iou_doctor.report.score_lookup import parse_score

    return parse_score(mutate_text(rng.choice(NUMBERS), rng))


def _write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path

"""Cases for one reader, without the rest of a command: a thousand in a few seconds."""

from __future__ import annotations

import os
import random
import tempfile
from functools import cache
from pathlib import Path

from fuzz.containers import mutate_file
from fuzz.judge import judge_error
from fuzz.references import compare_with_reference
from fuzz.sandbox import Verdict
from fuzz.writers import WRITERS
from iou_doctor.arrays.source import Source
from iou_doctor.errors import SourceError
from iou_doctor.sources.opening import open_source

SEEDS = 300
"""The number of sound files of each kind from which cases are made."""


Seed = tuple[str, dict[str, bytes]]
"""The name of a file or folder, and the content of each file that belongs to it."""


@cache
def make_seeds(kind: str) -> list[Seed]:
    """Return sound arrays, with the files that they consist of."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(SEEDS):
            place = Path(folder, str(number))
            place.mkdir()
            path = WRITERS[kind](place / "x", random.Random(number))
            if kind == "images":
                path = sorted(path.iterdir())[0]  # the kind of folders is for several
            is_one = kind == "images"
            files = [path] if is_one else [one for one in sorted(place.rglob("*")) if one.is_file()]
            contents = {str(file.relative_to(place)): file.read_bytes() for file in files}
            found.append((str(path.relative_to(place)), contents))
    return found


def read(kind: str, folder: Path, rng: random.Random) -> Verdict:
    """Damage a file, and compare what we read with what the reference reader reads."""
    name, contents = rng.choice(make_seeds(kind))
    changed = rng.choice(list(contents))
    contents = {**contents, changed: mutate_file(changed, contents[changed], rng)}
    for file, data in contents.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(data)
    path = folder / name
    os.chdir(folder)  # lists may name files of the working folder
    try:
        _read_all(open_source(str(path)))
        problems = list(compare_with_reference(path))
    except SourceError as error:
        return Verdict("refused", judge_error(error))
    except MemoryError:
        return Verdict("out of memory")
    if any((folder / file).read_bytes() != data for file, data in contents.items()):
        problems.append("the file was changed")
    return Verdict("read", problems)


def _read_all(source: Source) -> None:
    if source.names is None:
        source.read(())
        return
    for place in range(len(source.names)):
        source.read((slice(place, place + 1),))

"""Cases for one parser of texts: configurations, baselines, reports, metric calls and scores."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.cases import BASELINE, CALLS, NUMBERS, TOML, Case
from fuzz.commands import run_command
from fuzz.judge import COMMAND, FORBIDDEN
from fuzz.mutations import WORDS, mutate_text
from fuzz.sandbox import Verdict
from fuzz.seeds import make_labels
from fuzz.structures import mutate_json
from iou_doctor.errors import IouDoctorError

_REPORTS = 6
"""The number of sound reports."""
_SPECIAL = (*WORDS, {}, [], [[]], None, -1, 1 << 70, 1e308)


def parse(
    make: Callable[[Path, random.Random], object], folder: Path, rng: random.Random
) -> Verdict:
    """Parse a damaged text."""
    try:
        answer = make(folder, rng)
    except IouDoctorError:
        return Verdict("refused")  # the command line escapes what its options say
    text = answer if isinstance(answer, str) else ""
    found = FORBIDDEN.search(text) or COMMAND.search(text)
    return Verdict("accepted", [f"control character or command {found!r}"] if found else [])


def parse_configuration(folder: Path, rng: random.Random) -> object:
    from iou_doctor.config.find_file import find_table
    from iou_doctor.config.validate import parse_configuration

    path = _write(folder / "c.toml", mutate_text(TOML, rng))
    found = find_table(str(path))
    return found and parse_configuration(*found)


def parse_baseline(folder: Path, rng: random.Random) -> object:
    from iou_doctor.report.baseline import load_baseline

    return load_baseline(str(_write(folder / "b.json", _mutate_document(BASELINE, rng))))


def compare_reports(folder: Path, rng: random.Random) -> str:
    """Compare two reports of `check`, of which one or both are damaged; return the answer."""
    from iou_doctor.render import comparison_json, comparison_text
    from iou_doctor.render.console import make_screen_console
    from iou_doctor.report import stored_reports

    texts = [json.dumps(rng.choice(make_reports())) for _ in "ab"]
    for side in rng.sample([0, 1], rng.choice([1, 1, 2])):
        texts[side] = _mutate_document(json.loads(texts[side]), rng)
    paths = [_write(folder / f"{side}.json", texts[side]) for side in (0, 1)]
    comparison = stored_reports.compare_reports(*map(str, paths))
    answer = comparison_json.render(comparison, version="0")
    json.loads(answer, parse_constant=_refuse_constant)
    return answer + comparison_text.render(comparison, make_screen_console())


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


@cache
def make_reports() -> list[Any]:
    """Return sound reports, some with findings and some without a ledger."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(_REPORTS):
            rng = random.Random(number)
            for name in ("p.npy", "m.npy"):
                np.save(Path(folder, name), make_labels(rng))
            words = ["check", "p.npy", "m.npy", "-n", "3", "--no-config", "--no-progress"]
            words += rng.choice([[], ["--class-names", "road,a car,sky"]])
            outcome = run_command(Case("", [*words, "--output-format", "json"]), Path(folder))
            found.append(json.loads(outcome.out))
            os.chdir("/")
    return found


def _mutate_document(document: Any, rng: random.Random) -> str:
    if rng.random() < 0.5:
        return mutate_text(json.dumps(document, indent=rng.choice([None, 1])), rng)
    return json.dumps(mutate_json(document, rng, list(_SPECIAL)))


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

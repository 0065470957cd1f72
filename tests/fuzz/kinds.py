"""Every kind of case by its name, with what makes, runs and judges one."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fuzz import commands, models, parsers, readers
from fuzz.cases import MAKERS
from fuzz.sandbox import Limits, Verdict
from fuzz.writers import WRITERS

Run = Callable[[Path, random.Random], Verdict]

PARSERS = {
    "configuration": parsers.parse_configuration,
    "baseline": parsers.parse_baseline,
    "metric": parsers.parse_metric,
    "score": parsers.parse_score,
    "reports": parsers.compare_reports,
}
COMMANDS: dict[str, Run] = {
    f"check {kind}" if kind in WRITERS else kind: partial(commands.run_case, kind)
    for kind in MAKERS
}
"""Whole commands on hostile files."""
READERS: dict[str, Run] = {
    **{f"read {kind}": partial(readers.read, kind) for kind in WRITERS},
    **{f"parse {name}": partial(parsers.parse, parser) for name, parser in PARSERS.items()},
}
"""Single readers and parsers."""
MODELS: dict[str, Run] = {f"model {kind}": partial(models.run, kind) for kind in models.KINDS}
"""Checks of hostile models."""
GROUPS = {"commands": COMMANDS, "readers": READERS, "models": MODELS}
KINDS = COMMANDS | READERS | MODELS
MODEL_LIMITS = Limits(memory=5 << 29)
"""TensorFlow itself takes half a gigabyte."""


def choose_limits(kind: str) -> Limits:
    return MODEL_LIMITS if kind in MODELS else Limits()

"""Count how many answers of the libraries the contracts give: `python -m metrics.comparison`."""

# ruff: noqa: T201 - a command
from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from build import diagnose
from metrics.comparison.cases import RandomCase
from metrics.comparison.libraries import Question, find_libraries, list_questions

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.errors import IouDoctorError

Result = float | str | list[float]
_NEAR = 2e-6
_MOST_SHOWN = 4
RAISES, NAN = "raises", "NaN"


def ask_library(question: Question) -> Result:
    """Return the number that a library gives, or that it raises, or NaN."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            value = np.asarray(question.ask(), dtype=np.float64)
        except Exception:
            return RAISES
    if value.size > 1:
        return value.ravel().tolist()
    return NAN if np.isnan(value) else value.item()


def ask_doctor(question: Question) -> Result:
    """Return the number that the doctor gives for the call, or why it gives none."""
    options: dict[str, Any] = dict(question.options)
    if "predictions_as" in options:
        options["predictions_as"] = Encoding(options["predictions_as"])
    try:
        metric = diagnose(
            y_true=question.truth,
            y_pred=question.predicted,
            metric=question.call,
            layout=question.layout,
            **options,
        ).metric
    except IouDoctorError as error:
        return f"refused: {error}"
    if metric.error is not None:
        return RAISES
    if metric.value is None and metric.note == NAN:
        return NAN
    if metric.value is None and metric.per_class:
        known = [float("nan") if one is None else one for one in metric.per_class]
        return known if len(known) > 1 else NAN if np.isnan(known[0]) else known[0]
    if metric.value is None:
        return f"no value: {metric.note}"
    return float(metric.value)


def is_same(real: Result, said: Result) -> bool:
    """Return whether two answers agree."""
    if isinstance(real, str) or isinstance(said, str):
        return real == said
    if isinstance(real, list) or isinstance(said, list):
        return np.shape(real) == np.shape(said) and np.allclose(real, said, equal_nan=True)
    return abs(real - said) <= max(_NEAR, _NEAR * abs(real))


def main() -> None:
    """Compare, print the differences and the share that agrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--only", default="", help="compare calls that contain these words")
    parser.add_argument("--code", type=Path, help="a folder with copies of public files")
    given = parser.parse_args()
    libraries = find_libraries()
    total: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for seed in range(given.seed, given.seed + given.cases):
        for question in list_questions(RandomCase(seed), libraries, given.code):
            if given.only not in question.call:
                continue
            library = question.call.split("(")[0]
            real, said = ask_library(question), ask_doctor(question)
            total[library] += 1
            if not is_same(real, said):
                wrong[library] += 1
                if wrong[library] <= _MOST_SHOWN:
                    print(f"seed {seed}: {question.call}: real {real}, said {said}"[:400])
    for library, count in sorted(total.items()):
        print(f"{library:48} {count - wrong[library]:6} of {count}")
    count = total.total()
    share = (count - wrong.total()) / max(count, 1)
    print(f"{'all':48} {count - wrong.total():6} of {count}, {share:.2%}")
    sys.exit(int(bool(wrong)))


if __name__ == "__main__":
    main()

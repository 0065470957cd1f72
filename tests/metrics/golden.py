"""The recorded answers of the libraries; README.md says of which, and what the file holds."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RAISES = "raises"
NAN = "NaN"
FLOAT16_STEP = 2e-3


@dataclass(frozen=True)
class Answer:
    """What one call returned for a fixture."""

    contract: str
    batch_size: int | None
    """`None`: the value does not depend on the split; all of `Fixture.batch_sizes` were tried."""
    value: float | str | None
    """`RAISES`, `NAN`, or `None` where only the classes have values."""
    per_class: tuple[float | None, ...] | None
    tolerance: float


@dataclass(frozen=True, eq=False)
class Fixture:
    """A pair of arrays, and how a user would describe it."""

    id: str
    num_classes: int
    ignore_index: int | None
    layout: str
    batch_sizes: tuple[int, ...]
    """The splits that were tried besides all at once."""
    y_true: NDArray[Any]
    y_pred: NDArray[Any]
    calls: dict[str, str]
    answers: tuple[Answer, ...]

    def splits(self, answer: Answer) -> tuple[int | None, ...]:
        """Return the batch sizes for which the answer was recorded; `None` is all at once."""
        return (None, *self.batch_sizes) if answer.batch_size is None else (answer.batch_size,)


@cache
def fixtures() -> tuple[Fixture, ...]:
    """Return all fixtures with their answers."""
    files = (Path(__file__).parent / name for name in ("golden.json", "golden_more.json"))
    first, more = (json.loads(path.read_text(encoding="utf-8")) for path in files)
    answers = more["more_answers"]
    return tuple(
        _fixture(stored, answers.get(stored["id"], []))
        for stored in (*first["fixtures"], *more["fixtures"])
    )


def agrees(value: float | None, answer: Answer) -> bool:
    """Return whether a value is the recorded one, which is to be a number or absent."""
    if not isinstance(answer.value, float | int):
        return value is None
    return value is not None and abs(value - answer.value) <= answer.tolerance


def _fixture(stored: dict[str, Any], more: list[list[Any]]) -> Fixture:
    half = stored.get("float16", ())
    return Fixture(
        id=stored["id"],
        num_classes=stored["num_classes"],
        ignore_index=stored["ignore_index"],
        layout=stored["layout"],
        batch_sizes=tuple(stored["batch_sizes"]),
        y_true=_array(*stored["y_true"]),
        y_pred=_array(*stored["y_pred"]),
        calls=stored["calls"],
        answers=tuple(_answer(*row, half=row[0] in half) for row in (*stored["expect"], *more)),
    )


def _array(dtype: str, shape: list[int], kept: str, data: str) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(data), kept).astype(dtype).reshape(shape)


def _answer(
    contract: str,
    batch_size: int | None,
    value: float | str | None,
    per_class: list[float | None] | None = None,
    *,
    half: bool,
) -> Answer:
    size = abs(value) if isinstance(value, float | int) else 0.0
    tolerance = FLOAT16_STEP if half else max(2e-6, 1e-5 * size if size > 1 else 0)
    return Answer(
        contract,
        batch_size,
        value,
        # torchmetrics marks a class without an area by -1
        tuple(None if v is None or v == -1 else v for v in per_class) if per_class else None,
        tolerance,
    )

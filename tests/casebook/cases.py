"""What a case is: arrays, how they are given, and what the diagnosis must say."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from casebook.scenes import Array, Scene, mean_iou, scene

DENSE = "keras.metrics.MeanIoU({}, sparse_y_pred=False)"
ONE_HOT = "keras.metrics.OneHotMeanIoU({})"
BINARY = "keras.metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.5)"


@dataclass(frozen=True)
class Arrays:
    """One pair, as a user would give it."""

    y_true: Any
    """An array, or the path of a folder."""
    y_pred: Any
    options: dict[str, Any] = field(default_factory=dict)
    clean: float | None = None
    """The mean IoU before the fault was put in; `None` where no repair can bring it back."""


@dataclass(frozen=True)
class Sick:
    """One transform, and the scenes it is applied to."""

    rule: str
    """The name of the rule that must be primary (of a note: that must be found)."""
    label: str
    make: Callable[..., Arrays]
    """From the scene (and the variant, where there are some) to the arrays."""
    on: Sequence[str]
    """Scenes as `kind/quality`."""
    variants: Sequence[Any] = ()
    repairs: bool = False
    """Whether a repair must be offered; one that is offered must be right in any case."""
    also: frozenset[str] = frozenset()
    """Other rules whose name is a true diagnosis too."""
    why: str = ""
    """Why there are several."""
    note: bool = False
    """Whether the rule is a note, which never is primary."""

    def cases(self) -> Iterator[Case]:
        for place in self.on:
            yield from (Case(self, place, variant) for variant in self.variants or (None,))


@dataclass(frozen=True)
class Case:
    """One transform of one scene."""

    sick: Sick
    place: str
    variant: Any = None

    @property
    def name(self) -> str:
        variant = getattr(self.variant, "__name__", self.variant)
        shown = "" if variant is None else f" [{variant}]"
        return f"{self.sick.label}{shown} on {self.place}"

    def build(self) -> Arrays:
        """Return the arrays; the scene is made, or taken from the last time."""
        source = at(self.place)
        if self.variant is None:
            return self.sick.make(source)
        return self.sick.make(source, self.variant)


def at(place: str) -> Scene:
    kind, _, quality = place.partition("/")
    return scene(kind, float(quality or 0.7))


def clean(source: Scene) -> float:
    return mean_iou(source.truth, source.predicted, source.classes)


def labels(source: Scene, **changed: Any) -> Arrays:
    """Return the pair as labels for `MeanIoU`; some of it may be replaced."""
    return _filled(source, changed, source.predicted, {"num_classes": source.classes})


def dense(source: Scene, **changed: Any) -> Arrays:
    """Return labels and softmax for a metric that argmaxes its predictions."""
    given = {"metric": DENSE.format(source.classes)}
    return _filled(source, changed, changed.pop("y_pred", None), given, source.softmax)


def encoded(source: Scene, **changed: Any) -> Arrays:
    """Return one-hot masks and softmax for `OneHotMeanIoU`."""
    changed.setdefault("y_true", source.one_hot())
    given = {"metric": ONE_HOT.format(source.classes)}
    return _filled(source, changed, changed.pop("y_pred", None), given, source.softmax)


def binary(source: Scene, **changed: Any) -> Arrays:
    """Return labels and one channel of sigmoid for `BinaryIoU`."""
    return _filled(source, changed, changed.pop("y_pred", None), {"metric": BINARY}, source.sigmoid)


def _filled(
    source: Scene,
    changed: dict[str, Any],
    y_pred: Any,
    options: dict[str, Any],
    otherwise: Callable[[], Array] | None = None,
) -> Arrays:
    if y_pred is None and otherwise is not None:
        y_pred = otherwise()
    changed.setdefault("y_true", source.truth)
    changed.setdefault("y_pred", y_pred)
    changed.setdefault("options", options)
    changed.setdefault("clean", clean(source))
    return Arrays(**changed)


def rng(*words: object) -> np.random.Generator:
    """Return a generator whose seed is these words."""
    return np.random.default_rng(list(repr(words).encode()))


def folder(images: Sequence[Array], names: Sequence[str] | None = None) -> str:
    """Write images as PNG files; return the folder, which goes when the program ends."""
    path = Path(tempfile.mkdtemp(dir=_root()))
    for index, image in enumerate(images):
        stem = names[index] if names else f"frame_{index:03d}"
        Image.fromarray(np.ascontiguousarray(image)).save(path / f"{stem}.png", compress_level=1)
    return str(path)


_ROOT: list[str] = []


def _root() -> str:
    if not _ROOT:
        _ROOT.append(tempfile.mkdtemp(prefix="casebook-"))
        atexit.register(shutil.rmtree, _ROOT[0], ignore_errors=True)
    return _ROOT[0]

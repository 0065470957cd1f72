"""The scores that a check has to reach: the mean, single classes, and nearly every image."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field

from iou_doctor.errors import UsageError
from iou_doctor.record import record
from iou_doctor.safety.safe_text import escape_name

_IMAGES = r"\s*(\d+(?:\.\d+)?)\s*%\s*:\s*(\d*\.?\d+)\s*"


@record
class ImageMinimum:
    """How many images may have a low score."""

    allowed: float
    """The share of the images that may be below, from 0 to 1."""
    score: float
    """The mean IoU that the other images have to reach."""


@record
class Minimums:
    """What `--min-iou`, `--min-class-iou` and `--min-image-iou` ask for."""

    mean: float | None = None
    """The mean IoU."""
    classes: Mapping[str, float] = field(default_factory=dict)
    """The IoU of classes, by name or id."""
    images: ImageMinimum | None = None
    beyond_noise: bool = False
    """Whether a mean below the minimum, or a drop below the baseline, fails only if other images
    might not have passed."""

    @property
    def are_given(self) -> bool:
        """Whether there is any minimum."""
        return self.mean is not None or bool(self.classes) or self.images is not None

    def resolve_classes(self, names: Sequence[str]) -> dict[int, float]:
        """Return the minimum of each class by its id.

        Args:
            names: the names of the classes, in order of their ids.

        Raises:
            UsageError: no class has such a name or id.
        """
        found = {}
        for name, score in self.classes.items():
            if name in names:
                found[names.index(name)] = score
            elif name.isdecimal() and int(name) < len(names):
                found[int(name)] = score
            else:
                raise UsageError(
                    f"--min-class-iou {escape_name(name)}={score:g}: there is no such class; give"
                    f" an id from 0 to {len(names) - 1}, or a name of --class-names"
                )
        return found


def parse_class_minimums(words: Sequence[str]) -> dict[str, float]:
    """Return the minimums of `car=0.6` and similar words, by name or id.

    Raises:
        UsageError: a word has another form, or the score is not from 0 to 1.
    """
    found = {}
    for word in words:
        name, equals, score = word.rpartition("=")
        value = _parse_share(score)
        if not equals or not name.strip() or value is None:
            raise UsageError(
                f"--min-class-iou {escape_name(word)}: give CLASS=SCORE with a score from 0 to 1,"
                " car=0.6 for instance"
            )
        found[name.strip()] = value
    return found


def parse_image_minimum(text: str | None) -> ImageMinimum | None:
    """Return the minimum of `5%:0.3`: at most 5 % of the images may be below 0.3.

    Raises:
        UsageError: the text has another form, or a number is out of range.
    """
    if text is None:
        return None
    parts = re.fullmatch(_IMAGES, text)
    score = _parse_share(parts[2]) if parts else None
    if parts is None or score is None or float(parts[1]) > 100:
        raise UsageError(
            f"--min-image-iou {escape_name(text)}: give SHARE%:SCORE, 5%:0.3 for instance, if at"
            " most 5 % of the images may have a mean IoU below 0.3"
        )
    return ImageMinimum(float(parts[1]) / 100, score)


def _parse_share(text: str) -> float | None:
    """Return a number from 0 to 1; `None` if the text is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None

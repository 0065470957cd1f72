"""Spell a check as the command that runs it, without the secrets that it holds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from iou_doctor.cli.defaults import CONFIGURATION
from iou_doctor.cli.options import OUTPUT
from iou_doctor.cli.signature import CommandOptions, list_given

if TYPE_CHECKING:
    from iou_doctor.diagnosis.request import CheckRequest

LEFT_OUT = frozenset({"write_baseline"})
"""Options outside the panels `OUTPUT` and `CONFIGURATION` that change no number either."""


def spell_request(request: CheckRequest) -> str:
    """Return `iou-doctor check …` with the arrays of a request and what was said about them."""
    options = request.options
    said = {
        "--num-classes": options.num_classes,
        "--metric": request.metric,
        "--ignore-index": options.ignore_index,
        "--layout": options.layout,
        "--threshold": options.threshold,
        "--predictions-as": options.predictions_as,
        "--masks-as": options.masks_as,
        "--class-names": ",".join(options.class_names) or None,
        "--batch-size": request.batch_size,
    }
    words = [str(request.predictions), str(request.masks)]
    for option, value in said.items():
        if value is not None:
            words += [option, str(value)]
    return _join(words)


def spell_options(options: CommandOptions) -> str:
    """Return `iou-doctor check …` as one would type it, without options that change no number."""
    return _join(_list_words(options))


def conceal_secrets(word: str) -> str:
    """Return an argument without the passwords and signatures that an address in it has."""
    if "://" not in word:
        return word
    from iou_doctor.sources.paths import split_name

    scheme = re.search(r"[a-zA-Z0-9+.-]+://", word)
    start = scheme.start() if scheme else 0
    path, name = split_name(word[start:])
    return word[:start] + path + (f"::{name}" if name else "")


def _join(words: Iterable[str]) -> str:
    return shlex.join(["iou-doctor", "check", *map(conceal_secrets, words)])


def _list_words(options: CommandOptions) -> Iterator[str]:
    for declared, value in list_given(options):
        if declared.is_argument:
            yield str(value)
        elif declared.panel not in {OUTPUT, CONFIGURATION} and declared.name not in LEFT_OUT:
            for one in value if isinstance(value, (list, tuple)) else [value]:
                yield declared.option
                if one is not True:
                    yield str(one)

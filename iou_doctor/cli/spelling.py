"""Spell a check as the command that runs it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iou_doctor.diagnosis.request import CheckRequest


def spell_check(request: CheckRequest) -> str:
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
    words = ["iou-doctor", "check", str(request.predictions), str(request.masks)]
    for option, value in said.items():
        if value is not None:
            # an option that begins with a dash needs the sign that joins it to its value
            words += [f"{option}={value}"] if str(value).startswith("-") else [option, str(value)]
    return shlex.join(words)

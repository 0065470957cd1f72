"""Read the evaluation commands of nnU-Net as the calls that they make."""

from __future__ import annotations

import ast
import shlex

from iou_doctor.metrics.calls.read_code import Code

_FUNCTION = "nnunetv2.evaluation.evaluate_predictions.compute_metrics_on_folder_simple"
_COMMANDS = ("nnUNetv2_evaluate_simple", "nnUNetv2_evaluate_folder")


def read_command(text: str) -> Code | None:
    """Return the call that a command such as `nnUNetv2_evaluate_simple A B -l 1 2` makes."""
    if not text.lstrip("$ ").startswith(_COMMANDS):
        return None
    try:
        words = shlex.split(text.lstrip("$ "))[1:]
    except ValueError:
        return None
    labels = _list_numbers(words, "-l")
    ignored = _list_numbers(words, "-il")
    arguments = [f"labels={labels}"] if labels else []
    arguments += [f"ignore_label={ignored[0]}"] if ignored else []
    source = f"{_FUNCTION}({', '.join(arguments)})"
    return Code(source, ast.parse(source))


def _list_numbers(words: list[str], option: str) -> list[int]:
    """Return the integers behind an option."""
    found = []
    for word in words[words.index(option) + 1 :] if option in words else ():
        if not word.isdecimal():
            break
        found.append(int(word))
    return found

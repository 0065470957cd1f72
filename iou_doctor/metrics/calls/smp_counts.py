"""Read what `get_stats` of segmentation_models_pytorch was told, whose counts the scores take."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from iou_doctor.metrics.calls.literals import UnknownValue, UnreadableValue, evaluate
from iou_doctor.metrics.calls.read_code import Code

_SETTINGS = frozenset({"mode", "ignore_index", "threshold", "num_classes"})


def find_counts(code: Code) -> ast.Call | None:
    """Return the call of `get_stats` in some code; `None` if there is none, or more than one."""
    found = [
        node
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "get_stats"
    ]
    return found[0] if len(found) == 1 else None


def read_settings(call: ast.Call, constants: Mapping[str, ast.expr]) -> dict[str, object]:
    """Return the settings in a call of `get_stats` that are known values."""
    found = {}
    for keyword in call.keywords:
        if keyword.arg in _SETTINGS:
            try:
                found[str(keyword.arg)] = evaluate(keyword.value, constants)
            except (UnknownValue, UnreadableValue):
                continue
    return found

"""The `--metric` option: a call as it stands in the user's code, parsed and never evaluated."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable
from typing import Any

from iou_doctor.errors import UsageError
from iou_doctor.metric import Signature

PREFIXES = ("tensorflow.", "tf.")
IGNORED = frozenset({"name", "dtype"})
"""Arguments that do not change what is computed on exact counts."""


def parse_call(text: str, signatures: Iterable[Signature]) -> tuple[Signature, dict[str, Any]]:
    """Return the signature that a call names, and its arguments with defaults filled in.

    `tf.keras.metrics.MeanIoU(3)`, `keras.metrics.MeanIoU(num_classes=3)`, `MeanIoU(3)` and the
    bare name are all understood; a short name means the first signature that ends with it.

    Raises:
        UsageError: the text is no call, or of an unknown metric, or has wrong arguments.
    """
    known = {signature.name: signature for signature in signatures}
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise UsageError(
            f"--metric {text!r} is not a Python call; write it as in your code,"
            ' for instance "keras.metrics.MeanIoU(num_classes=3)"'
        ) from error
    call = node if isinstance(node, ast.Call) else ast.Call(func=node, args=[], keywords=[])
    signature = _find(_dotted(call.func, text), known)
    return signature, _arguments(call, signature)


def _dotted(node: ast.expr, text: str) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, text)}.{node.attr}"
    raise UsageError(
        f"--metric {text!r} does not name a metric; write it as in your code,"
        ' for instance "keras.metrics.MeanIoU(num_classes=3)"'
    )


def _find(name: str, known: dict[str, Signature]) -> Signature:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    matches = [full for full in known if full == name or full.endswith(f".{name}")]
    if matches:
        return known[matches[0]]
    shorts = {full.rpartition(".")[2]: full for full in reversed(known)}
    near = difflib.get_close_matches(name.rpartition(".")[2], shorts, n=1)
    hint = f"; did you mean {shorts[near[0]]}?" if near else ""
    raise UsageError(f"--metric {name} is not known{hint} (known: {', '.join(sorted(known))})")


def _arguments(call: ast.Call, signature: Signature) -> dict[str, Any]:
    names = list(signature.parameters)
    if len(call.args) > len(names):
        raise UsageError(f"--metric {signature.name} takes at most {len(names)} arguments")
    given = dict(zip(names, call.args, strict=False))
    for keyword in call.keywords:
        argument = keyword.arg or "**"
        if argument in IGNORED:
            continue
        if argument not in signature.parameters or argument in given:
            near = difflib.get_close_matches(argument, names, n=1)
            hint = f"; did you mean {near[0]}?" if near else f" (it has {', '.join(names)})"
            raise UsageError(f"--metric {signature.name} has no argument {argument}{hint}")
        given[argument] = keyword.value
    values = {
        name: _literal(signature, name, node) for name, node in given.items() if name not in IGNORED
    }
    return {**signature.parameters, **values}


def _literal(signature: Signature, name: str, node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise UsageError(
            f"--metric {signature.name}: {name} must be a literal value, not"
            f" `{ast.unparse(node)}`: the call is read, never run"
        ) from error

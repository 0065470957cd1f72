"""The `--metric` option: a call as it stands in the user's code, parsed and never evaluated."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from iou_doctor.errors import UsageError
from iou_doctor.metrics.metric import Signature

PREFIXES = ("tensorflow.", "tf.")
ALIASES = {
    "smp": "segmentation_models_pytorch",
    "sm": "segmentation_models",
    "tm": "torchmetrics",
}
"""The names under which people import libraries."""
MOST_NUMBERS = 4096
SEQUENCES = ("range", "list", "tuple", "np.arange", "numpy.arange")
TAKEN_OUT = frozenset({"compute", "item", "mean"})
"""Methods without arguments that hand out what a metric says."""
RESULTS = frozenset({"mean_iou", "mIoU", "foreground_mean", "Dice", "IoU"})
"""Keys under which a metric's number stands among others."""
IGNORED = frozenset({"name", "dtype"})
"""Arguments that do not change what is computed on exact counts."""


def parse_call(text: str, signatures: Iterable[Signature]) -> tuple[Signature, dict[str, Any]]:
    """Return the signature that a call names, and its arguments with defaults filled in.

    `tf.keras.metrics.MeanIoU(3)`, `keras.metrics.MeanIoU(num_classes=3)`, `MeanIoU(3)` and the
    bare name are all understood; parts of a name may be left out, and what is then meant is the
    first signature that has all the keywords. `dict(type="IoUMetric")`, as mmsegmentation's
    files say it, is a call too.

    Raises:
        UsageError: the text is no call, or of an unknown metric, or has wrong arguments.
    """
    signatures = tuple(signatures)
    call, name = _call(text)
    keywords = {keyword.arg for keyword in call.keywords if keyword.arg} - IGNORED
    matches = _matches(name, signatures)
    fitting = (one for one in matches if keywords <= one.parameters.keys())
    signature = next(fitting, matches[0] if matches else None)
    if signature is None:
        raise _unknown(name, signatures)
    return signature, _arguments(call, signature)


def find_namesakes(text: str, meant: Signature, signatures: Iterable[Signature]) -> list[str]:
    """Return the full names of other metrics that a call may mean; none where it says which."""
    _, name = _call(text)
    names = [one.name for one in _matches(name, tuple(signatures))]
    return [other for other in names if not other.endswith(meant.name)]


def _call(text: str) -> tuple[ast.Call, str]:
    """Return a call and the name that it is made under."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UsageError(
            f"--metric {text!r} is not a Python call; write it as in your code,"
            ' for instance "keras.metrics.MeanIoU(num_classes=3)"'
        ) from error
    node = _bare(node)
    call = node if isinstance(node, ast.Call) else ast.Call(func=node, args=[], keywords=[])
    return _configured(call) or (call, _dotted(call.func, text))


def _bare(node: ast.expr) -> ast.expr:
    """Return the call without what takes its number out: `.mean()`, `["mean_iou"]`."""
    match node:
        case ast.Subscript(value=inner, slice=ast.Constant(value=str(key))) if key in RESULTS:
            return _bare(inner)
        case ast.Call(func=ast.Attribute(value=ast.Call() as inner, attr=method), args=[]) if (
            method in TAKEN_OUT and not node.keywords and ast.unparse(inner.func) != "evaluate.load"
        ):
            return _bare(inner)
    return node


def _configured(call: ast.Call) -> tuple[ast.Call, str] | None:
    """Return what `dict(type="IoUMetric", ...)` configures."""
    if not (isinstance(call.func, ast.Name) and call.func.id == "dict"):
        return None
    for keyword in call.keywords:
        if keyword.arg == "type" and isinstance(keyword.value, ast.Constant):
            others = [other for other in call.keywords if other is not keyword]
            return ast.Call(func=call.func, args=call.args, keywords=others), str(
                keyword.value.value
            )
    return None


def _dotted(node: ast.expr, text: str) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        if node.attr == "compute" and isinstance(node.value, ast.Call):
            return _dotted(node.value, text)
        return f"{_dotted(node.value, text)}.{node.attr}"
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "evaluate.load" and node.args:
        return f"evaluate.{ast.unparse(node.args[0])[1:-1]}"
    raise UsageError(
        f"--metric {text!r} does not name a metric; write it as in your code,"
        ' for instance "keras.metrics.MeanIoU(num_classes=3)"'
    )


def _matches(name: str, signatures: Sequence[Signature]) -> list[Signature]:
    """Return the signatures whose name has all the parts of this one, in order, the last last."""
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    first, *others = name.split(".")
    parts = [ALIASES.get(first, first) if others else first, *others]

    def fits(full: str) -> bool:
        rest = iter(full.split("."))
        return full.rpartition(".")[2] == parts[-1] and all(part in rest for part in parts)

    return [signature for signature in signatures if fits(signature.name)]


def _unknown(name: str, signatures: Sequence[Signature]) -> UsageError:
    known = [signature.name for signature in signatures]
    shorts = {full.rpartition(".")[2]: full for full in reversed(known)}
    near = difflib.get_close_matches(name.rpartition(".")[2], shorts, n=1)
    hint = f"; did you mean {shorts[near[0]]}?" if near else ""
    return UsageError(f"--metric {name} is not known{hint} (known: {', '.join(sorted(known))})")


def _arguments(call: ast.Call, signature: Signature) -> dict[str, Any]:
    names, free = list(signature.parameters), IGNORED | signature.free
    if len(call.args) > len(names):
        raise UsageError(f"--metric {signature.name} takes at most {len(names)} arguments")
    inputs = dict(zip(names, call.args, strict=False))
    for keyword in call.keywords:
        argument = keyword.arg or "**"
        if argument in free:
            continue
        if argument not in signature.parameters or argument in inputs:
            near = difflib.get_close_matches(argument, names, n=1)
            hint = f"; did you mean {near[0]}?" if near else f" (it has {', '.join(names)})"
            raise UsageError(f"--metric {signature.name} has no argument {argument}{hint}")
        inputs[argument] = keyword.value
    values = {
        name: _literal(signature, name, node) for name, node in inputs.items() if name not in free
    }
    arguments = {**signature.parameters, **values}
    for name, value in arguments.items():
        if value is ... and name != "target_class_ids":
            raise UsageError(f"--metric {signature.name} needs {name}")
    return arguments


def _literal(signature: Signature, name: str, node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and ast.unparse(node.func) in SEQUENCES and not node.keywords:
        return _sequence(signature, name, node)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise UsageError(
            f"--metric {signature.name}: {name} must be a literal value, not"
            f" `{ast.unparse(node)}`: the call is read, never run"
        ) from error


def _sequence(signature: Signature, name: str, node: ast.Call) -> list[Any]:
    """Return what `range(3)`, `list(range(3))` or `np.arange(1, 3)` stands for."""
    values = [_literal(signature, name, argument) for argument in node.args]
    counts = ast.unparse(node.func).endswith("range")
    try:
        numbers = range(*values) if counts else list(*values)
        too_many = len(numbers) > MOST_NUMBERS
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(
            f"--metric {signature.name}: {name} cannot be read from `{ast.unparse(node)}`"
        ) from error
    if too_many:
        raise UsageError(f"--metric {signature.name}: {name} has more than {MOST_NUMBERS} entries")
    return list(numbers)

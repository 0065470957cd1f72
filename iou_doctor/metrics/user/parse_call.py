"""Parse a metric's call as written in the user's code. The call is never executed."""

from __future__ import annotations

import ast
import difflib
import warnings
from collections.abc import Iterable, Sequence

from iou_doctor.errors import UsageError
from iou_doctor.metrics.metric import Signature

PREFIXES = ("tensorflow.", "tf.")
ALIASES = {
    "smp": "segmentation_models_pytorch",
    "sm": "segmentation_models",
    "tm": "torchmetrics",
}
"""The names under which people import libraries."""
MOST_ENTRIES = 4096
"""The longest list of class ids that a call may give, as many as there may be classes."""
LONGEST_CALL = 100_000
"""The maximum number of characters of a call: enough for `MOST_ENTRIES` class ids."""
DEEPEST_CALL = 50
"""The maximum depth of a call as a tree; calls of metrics reach about 6."""
SEQUENCES = ("range", "list", "tuple", "np.arange", "numpy.arange")
ACCESSORS = frozenset({"compute", "item", "mean"})
"""Methods without arguments that return the number of a metric."""
RESULTS = frozenset({"mean_iou", "mIoU", "foreground_mean", "Dice", "IoU"})
"""Keys under which a result holds the number of a metric."""
IGNORED = frozenset({"name", "dtype"})
"""Arguments that do not change a number computed from exact counts."""


def parse_call(text: str, signatures: Iterable[Signature]) -> tuple[Signature, dict[str, object]]:
    """Return the signature that a call names, and its arguments with defaults filled in.

    `tf.keras.metrics.MeanIoU(3)`, `keras.metrics.MeanIoU(num_classes=3)`, `MeanIoU(3)` and the
    bare name are all understood. If parts of the name are left out, the first signature that has
    all the keywords is meant. `dict(type="IoUMetric")`, as in configuration files of
    mmsegmentation, is a call too.

    Raises:
        UsageError: the text is not a call, names an unknown metric, or has wrong arguments.
    """
    signatures = tuple(signatures)
    call, name = _parse_expression(text)
    keywords = {keyword.arg for keyword in call.keywords if keyword.arg} - IGNORED
    matches = _find_matches(name, signatures)
    fitting = (one for one in matches if keywords <= one.parameters.keys())
    signature = next(fitting, matches[0] if matches else None)
    if signature is None:
        raise _build_unknown_error(name, signatures)
    return signature, _bind_arguments(call, signature)


def find_namesakes(text: str, meant: Signature, signatures: Iterable[Signature]) -> list[str]:
    """Return the full names of the other metrics that a call may mean."""
    _, name = _parse_expression(text)
    names = [one.name for one in _find_matches(name, tuple(signatures))]
    return [other for other in names if not other.endswith(meant.name)]


def _parse_expression(text: str) -> tuple[ast.Call, str]:
    """Return a call and the name that it is made under."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd literals, which are refused later
            node = ast.parse(text[: LONGEST_CALL + 1].strip(), mode="eval").body
        _check_depth(node, len(text))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UsageError(
            f"--metric {text!r} is not a Python call; write it as in your code,"
            ' for instance "keras.metrics.MeanIoU(num_classes=3)"'
        ) from error
    node = _strip_accessors(node)
    call = node if isinstance(node, ast.Call) else ast.Call(func=node, args=[], keywords=[])
    return _read_config_dict(call) or (call, _join_name(call.func, text))


def _check_depth(node: ast.expr, length: int) -> None:
    """Refuse a call that is too long, or so deep that Python cannot handle its parts.

    Raises:
        ValueError: it is.
    """
    waiting: list[tuple[ast.AST, int]] = [(node, 1)]
    while waiting:
        part, depth = waiting.pop()
        if depth > DEEPEST_CALL or length > LONGEST_CALL:
            raise ValueError("no metric is as deep or as long")
        waiting += [(child, depth + 1) for child in ast.iter_child_nodes(part)]


def _strip_accessors(node: ast.expr) -> ast.expr:
    """Return the call without the accessors behind it, such as `.mean()` or `["mean_iou"]`."""
    match node:
        case ast.Subscript(value=inner, slice=ast.Constant(value=str(key))) if key in RESULTS:
            return _strip_accessors(inner)
        case ast.Call(func=ast.Attribute(value=ast.Call() as inner, attr=method), args=[]) if (
            method in ACCESSORS and not node.keywords and ast.unparse(inner.func) != "evaluate.load"
        ):
            return _strip_accessors(inner)
    return node


def _read_config_dict(call: ast.Call) -> tuple[ast.Call, str] | None:
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


def _join_name(node: ast.expr, text: str) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        if node.attr == "compute" and isinstance(node.value, ast.Call):
            return _join_name(node.value, text)
        return f"{_join_name(node.value, text)}.{node.attr}"
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "evaluate.load" and node.args:
        return f"evaluate.{ast.unparse(node.args[0])[1:-1]}"
    raise UsageError(
        f"--metric {text!r} does not name a metric; write it as in your code,"
        ' for instance "keras.metrics.MeanIoU(num_classes=3)"'
    )


def _find_matches(name: str, signatures: Sequence[Signature]) -> list[Signature]:
    """Return the signatures whose names contain the parts of this one, in order, and end alike."""
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    first, *others = name.split(".")
    parts = [ALIASES.get(first, first) if others else first, *others]

    def fits(full: str) -> bool:
        rest = iter(full.split("."))
        return full.rpartition(".")[2] == parts[-1] and all(part in rest for part in parts)

    return [signature for signature in signatures if fits(signature.name)]


def _build_unknown_error(name: str, signatures: Sequence[Signature]) -> UsageError:
    known = [signature.name for signature in signatures]
    shorts = {full.rpartition(".")[2]: full for full in reversed(known)}
    near = difflib.get_close_matches(name.rpartition(".")[2], shorts, n=1)
    hint = f"; did you mean {shorts[near[0]]}?" if near else ""
    return UsageError(f"--metric {name} is not known{hint} (known: {', '.join(sorted(known))})")


def _bind_arguments(call: ast.Call, signature: Signature) -> dict[str, object]:
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
        name: _evaluate_literal(signature, name, node)
        for name, node in inputs.items()
        if name not in free
    }
    arguments = {**signature.parameters, **values}
    for name, value in arguments.items():
        if value is ... and name != "target_class_ids":
            raise UsageError(f"--metric {signature.name} needs {name}")
    return arguments


def _evaluate_literal(signature: Signature, name: str, node: ast.expr) -> object:
    if isinstance(node, ast.Call) and ast.unparse(node.func) in SEQUENCES and not node.keywords:
        return _evaluate_sequence(signature, name, node)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise UsageError(
            f"--metric {signature.name}: {name} must be a literal value, not"
            f" `{ast.unparse(node)}`: the call is read, never run"
        ) from error


def _evaluate_sequence(signature: Signature, name: str, node: ast.Call) -> list[object]:
    """Return what `range(3)`, `list(range(3))` or `np.arange(1, 3)` stands for."""
    values = [_evaluate_literal(signature, name, argument) for argument in node.args]
    integers = [value for value in values if isinstance(value, int)]
    try:
        numbers: Sequence[object]
        if not ast.unparse(node.func).endswith("range"):
            numbers = list(*values)
        elif len(integers) == len(values):
            numbers = range(*integers)
        else:
            raise TypeError("a range takes integers")
        too_many = len(numbers) > MOST_ENTRIES
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(
            f"--metric {signature.name}: {name} cannot be read from `{ast.unparse(node)}`"
        ) from error
    if too_many:
        raise UsageError(f"--metric {signature.name}: {name} has more than {MOST_ENTRIES} entries")
    return list(numbers)

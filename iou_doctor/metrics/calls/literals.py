"""Work out the values of arguments without running anything."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence

MOST_ENTRIES = 4096
"""The longest list of class ids that a call may give, as many as there may be classes."""
SEQUENCES = ("range", "list", "tuple", "np.arange", "numpy.arange", "torch.arange")
_ENUMERATIONS = ("Reduction", "Average", "AverageMethod", "Method")
_MODES = ("BINARY_MODE", "MULTICLASS_MODE", "MULTILABEL_MODE")
_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_FUNCTIONS: dict[str, Callable[..., object]] = {"len": len, "int": int, "dict": dict}
_LARGEST = 2**31
_DEEPEST = 20
"""Names that stand for names may form a circle."""


class UnknownValue(Exception):  # noqa: N818 - the caller turns it into an error
    """The value depends on names that the code does not explain."""


class UnreadableValue(Exception):  # noqa: N818 - the caller turns it into an error
    """The expression is no value at all, or too long a list."""


def evaluate(node: ast.expr, constants: Mapping[str, ast.expr], depth: int = 0, /) -> object:
    """Return the value of an expression: literals, known constants, ranges and simple sums.

    Args:
        node: the expression.
        constants: what names stand for.
        depth: how many names were followed already.

    Raises:
        UnknownValue: it needs a name that is not known, or a function.
        UnreadableValue: it has no value, or more than `MOST_ENTRIES` entries.
    """
    name = ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""
    if name in constants and depth < _DEEPEST:
        return evaluate(constants[name], constants, depth + 1)
    if isinstance(node, ast.Attribute):
        return _read_enumeration(node)
    if isinstance(node, ast.Call):
        return _evaluate_call(node, constants, depth)
    if isinstance(node, ast.BinOp):
        return _evaluate_sum(node, constants, depth)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise UnknownValue from error


def _read_enumeration(node: ast.Attribute) -> str:
    """Return the value of a member such as `MetricReduction.MEAN`: its name in lower case."""
    parent = ast.unparse(node.value).rpartition(".")[2]
    if parent.endswith(_ENUMERATIONS):
        return node.attr.lower()
    if node.attr in _MODES:
        return node.attr.removesuffix("_MODE").lower()
    raise UnknownValue


def _evaluate_sum(node: ast.BinOp, constants: Mapping[str, ast.expr], depth: int) -> object:
    left, right = (evaluate(side, constants, depth) for side in (node.left, node.right))
    work = _OPERATORS.get(type(node.op))
    if work is None or not isinstance(left, int) or not isinstance(right, int):
        raise UnknownValue
    if max(abs(left), abs(right)) > _LARGEST:
        raise UnreadableValue
    return work(left, right)


def _evaluate_call(node: ast.Call, constants: Mapping[str, ast.expr], depth: int) -> object:
    """Return what `range(3)`, `list(range(3))`, `len(names)` or `dict()` stands for."""
    function = ast.unparse(node.func)
    if node.keywords or function not in {*SEQUENCES, *_FUNCTIONS}:
        raise UnknownValue
    values = [evaluate(argument, constants, depth) for argument in node.args]
    try:
        if function in _FUNCTIONS:
            return _FUNCTIONS[function](*values)
        numbers = _build_sequence(function, values)
        if len(numbers) > MOST_ENTRIES:
            raise UnreadableValue(f"has more than {MOST_ENTRIES} entries")
        return list(numbers)
    except (TypeError, ValueError, OverflowError) as error:
        raise UnreadableValue(f"cannot be read from `{ast.unparse(node)}`") from error


def _build_sequence(function: str, values: list[object]) -> Sequence[object]:
    if not function.endswith("range"):
        return list[object](*values)
    integers = [value for value in values if isinstance(value, int)]
    if len(integers) != len(values):
        raise TypeError("a range takes integers")
    return range(*integers)

"""Recognise a formula over two arrays, such as `(p * t).sum() / (p + t - p * t).sum()`.

A formula is worked out on arrays of 0 and 1, of which only the number of each of the four pairs
matters. What equals a known ratio for some such numbers is that ratio. Nothing is executed: the
operations below are all that is understood.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from fractions import Fraction

from iou_doctor.errors import UsageError
from iou_doctor.metrics.calls.read_code import read_code
from iou_doctor.record import record

_PAIRS = ((0, 0), (0, 1), (1, 0), (1, 1))
"""The values of truth and prediction in the four kinds of pixels."""
_TRIALS = ((17, 3, 2, 5), (11, 1, 4, 29), (5, 13, 7, 3))
"""How many pixels of each kind there are, in three imaginary pairs of arrays: few, so that terms
that are added show."""
_TRUTH = re.compile(r"true|gt|target|mask|label|ref|actual|ground|^[ty]$", re.IGNORECASE)
_CLOSE = Fraction(1, 10**6)
"""Terms that are added against a division by zero do not matter."""
_MODULES = frozenset({"np", "numpy", "torch", "tf", "K", "jnp"})
_SUMS = frozenset({"sum", "reduce_sum", "count_nonzero"})
_MEANS = frozenset({"mean", "reduce_mean", "average"})
_SAME = frozenset(
    {
        *("float", "astype", "flatten", "ravel", "reshape", "view", "squeeze", "item", "cast"),
        *("int", "bool", "long", "numpy", "cpu", "detach", "asarray", "array", "batch_flatten"),
    }
)
_FUNCTIONS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "logical_and": lambda a, b: Fraction(bool(a and b)),
    "logical_or": lambda a, b: Fraction(bool(a or b)),
    "multiply": lambda a, b: a * b,
    "minimum": min,
    "maximum": max,
    "equal": lambda a, b: Fraction(a == b),
}
_OPERATORS: dict[type, Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.BitAnd: _FUNCTIONS["logical_and"],
    ast.BitOr: _FUNCTIONS["logical_or"],
    ast.Eq: _FUNCTIONS["equal"],
    ast.Gt: lambda a, b: Fraction(a > b),
    ast.GtE: lambda a, b: Fraction(a >= b),
}


class _Unknown(Exception):  # noqa: N818 - it only says that this is no formula
    """The code is no formula that is understood."""


@record
class Formula:
    """A known ratio that some code works out."""

    ratio: str
    """`iou`, `dice`, `precision`, `recall` of class 1, or `accuracy`."""
    smooth: float = 0.0
    """What is added to numerator and denominator."""
    arithmetic: bool = True
    """Whether it only multiplies and adds, so that scores count in part."""


@record
class _Value:
    """A number for each trial, or a number for each kind of pixel if it is an array."""

    numbers: tuple[Fraction, ...]
    is_array: bool


def read_formula(text: str) -> Formula | None:
    """Return the ratio that some code works out; `None` if it is not understood."""
    try:
        body = read_code(text).tree.body
    except UsageError:
        return None
    node = body[0].value if len(body) == 1 and isinstance(body[0], (ast.Expr, ast.Assign)) else None
    node = node.body if isinstance(node, ast.Lambda) else node
    names = [] if node is None else list(dict.fromkeys(_list_arrays(node)))
    if node is None or len(names) != 2:
        return None
    truths = [name for name in names if _TRUTH.search(name)]
    truth = truths[0] if len(truths) == 1 else names[0]
    arrays = {
        name: _Value(tuple(Fraction(pair[name != truth]) for pair in _PAIRS), is_array=True)
        for name in names
    }
    try:
        found = _evaluate(node, arrays)
    except (_Unknown, ZeroDivisionError):
        return None
    return None if found.is_array else _recognise(node, found.numbers, sided=len(truths) == 1)


def _list_arrays(node: ast.AST) -> Iterator[str]:
    """Yield the names of values, but not those of functions and modules."""
    functions = {id(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)}
    modules = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    methods = _SUMS | _MEANS | _SAME
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            if one.attr in methods and one.value.id not in _MODULES:
                yield one.value.id
        elif isinstance(one, ast.Name) and id(one) not in functions | modules:
            yield one.id


def _evaluate(node: ast.expr, arrays: dict[str, _Value]) -> _Value:
    match node:
        case ast.Name(id=name) if name in arrays:
            return arrays[name]
        case ast.Constant(value=int() | float() as number) if number == number:
            return _Value((Fraction(number),), is_array=False)
        case ast.BinOp(left=left, op=operation, right=right):
            return _combine(operation, _evaluate(left, arrays), _evaluate(right, arrays))
        case ast.Compare(left=left, ops=[operation], comparators=[right]):
            return _combine(operation, _evaluate(left, arrays), _evaluate(right, arrays))
        case ast.Call():
            return _call(node, arrays)
    raise _Unknown


def _call(node: ast.Call, arrays: dict[str, _Value]) -> _Value:
    function = ast.unparse(node.func).rpartition(".")[2]
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    values = list(node.args)
    if owner is not None and not (isinstance(owner, ast.Name) and owner.id not in arrays):
        values.insert(0, owner)
    if function in _FUNCTIONS and len(values) == 2:
        left, right = (_evaluate(value, arrays) for value in values)
        return _spread(_FUNCTIONS[function], left, right)
    if not values or function not in _SUMS | _MEANS | _SAME:
        raise _Unknown
    value = _evaluate(values[0], arrays)
    if function in _SAME or not value.is_array:
        return value
    sums = [
        sum((Fraction(n) * x for n, x in zip(trial, value.numbers, strict=True)), Fraction())
        / (sum(trial) if function in _MEANS else 1)
        for trial in _TRIALS
    ]
    return _Value(tuple(sums), is_array=False)


def _combine(operation: ast.operator | ast.cmpop, left: _Value, right: _Value) -> _Value:
    if isinstance(operation, ast.Div) and not right.is_array:
        return _spread(lambda a, b: a / b, left, right)
    work = _OPERATORS.get(type(operation))
    if work is None:
        raise _Unknown
    return _spread(work, left, right)


def _spread(work: Callable[[Fraction, Fraction], Fraction], left: _Value, right: _Value) -> _Value:
    """Apply an operation number by number; a single number fits any other value."""
    longest = max(len(left.numbers), len(right.numbers))
    if not {len(left.numbers), len(right.numbers)} <= {1, longest}:
        raise _Unknown
    a, b = (one.numbers * (longest if len(one.numbers) == 1 else 1) for one in (left, right))
    numbers = tuple(work(x, y) for x, y in zip(a, b, strict=True))
    return _Value(numbers, left.is_array or right.is_array)


def _recognise(node: ast.expr, numbers: tuple[Fraction, ...], *, sided: bool) -> Formula | None:
    """Return the ratio that has these numbers in the trials."""
    arithmetic = not any(
        isinstance(one, (ast.BitAnd, ast.BitOr, ast.Compare))
        or (isinstance(one, ast.Attribute) and one.attr.startswith("logical"))
        for one in ast.walk(node)
    )
    terms = [
        Fraction(one.value)
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, (int, float)) and one.value > 0
    ]
    for smooth in (Fraction(), *terms):
        for ratio, work in _RATIOS.items():
            if not sided and ratio in {"precision", "recall"}:
                continue
            expected = [work(trial, smooth) for trial in _TRIALS]
            if len(numbers) == len(expected) and all(
                abs(x - y) < _CLOSE for x, y in zip(numbers, expected, strict=True)
            ):
                return Formula(ratio, float(smooth), arithmetic)
    return None


_RATIOS: dict[str, Callable[[tuple[int, ...], Fraction], Fraction]] = {
    "iou": lambda n, s: (n[3] + s) / (n[1] + n[2] + n[3] + s),
    "dice": lambda n, s: (2 * n[3] + s) / (n[1] + n[2] + 2 * n[3] + s),
    "accuracy": lambda n, s: (n[0] + n[3] + s) / (sum(n) + s),
    "precision": lambda n, s: (n[3] + s) / (n[1] + n[3] + s),
    "recall": lambda n, s: (n[3] + s) / (n[2] + n[3] + s),
}

"""Find the expressions in some code that may be a metric's call, whatever surrounds them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from iou_doctor.metrics.calls.read_code import Code
from iou_doctor.record import record

LOADERS = ("load_metric", "datasets.load_metric", "evaluate.load")
COMPUTE = frozenset({"compute", "_compute"})
MEANS = frozenset({"mean", "nanmean", "reduce_mean", "average"})
OLD_MMSEG = frozenset({"mIoU", "mDice", "mFscore"})


@record
class Candidate:
    """An expression that may be a metric's call."""

    name: str
    """The full name as far as it is known."""
    call: ast.Call | None
    """`None` for a bare name."""
    node: ast.expr
    """The expression with what is read from the result, `.to(device)` for instance."""
    results: tuple[str, ...] = ()
    """The methods and keys behind the call, the first first."""

    @property
    def arguments(self) -> str:
        """The arguments as they are written."""
        values: list[ast.expr | ast.keyword] = []
        if self.call is not None:
            values = [*self.call.args, *self.call.keywords]
        return ", ".join(map(ast.unparse, values))


def find_candidates(code: Code) -> Iterator[Candidate]:
    """Yield the calls and names in the code from the beginning, outer ones before inner ones.

    If the user asked for a line, only the statement on that line counts.
    """
    for statement in list_statements(code):
        yield from _visit(statement, code)


def list_statements(code: Code) -> list[ast.stmt]:
    """Return the statements that the user asked about."""
    return code.tree.body if code.line is None else _find_statement(code.tree, code.line)


def _find_statement(tree: ast.Module, line: int) -> list[ast.stmt]:
    """Return the innermost statement on a line, nothing for a line between statements."""
    found: list[ast.stmt] = []
    inside: list[ast.stmt] = tree.body
    while inside:
        found = [one for one in inside if one.lineno <= line <= (one.end_lineno or one.lineno)]
        inside = [inner for one in found for inner in _list_inner_statements(one)]
    return found


def _list_inner_statements(statement: ast.stmt) -> list[ast.stmt]:
    blocks = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
    blocks += [handler.body for handler in getattr(statement, "handlers", [])]
    return [inner for block in blocks for inner in block]


def _visit(node: ast.AST, code: Code) -> Iterator[Candidate]:
    found = read_candidate(node, code) if isinstance(node, ast.expr) else None
    if found is not None:
        yield found
    for child in _list_children(node):
        yield from _visit(child, code)


def _list_children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that may hold a call: no imports, types, bases or targets."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.arg():
            return
        case ast.ClassDef(body=body):
            yield from body
        case ast.FunctionDef(body=body, args=args) | ast.AsyncFunctionDef(body=body, args=args):
            yield args
            yield from body
        case ast.AnnAssign(annotation=annotation, value=value):
            yield annotation if value is None else value
        case _:
            for child in ast.iter_child_nodes(node):
                if not isinstance(getattr(child, "ctx", None), (ast.Store, ast.Del)):
                    yield child


def read_candidate(node: ast.expr, code: Code) -> Candidate | None:
    """Return the call that an expression consists of, aside from what is read from its result."""
    found = _unwrap(node, code)
    return None if found is None else Candidate(found.name, found.call, node, found.results)


def _unwrap(node: ast.expr, code: Code) -> Candidate | None:
    match node:
        case ast.Dict():
            return _read_config(node, _as_call(node))
        case ast.Name() | ast.Attribute() if name := _join_name(node, code):
            return Candidate(name, None, node)
        case ast.Call(func=ast.Name() | ast.Attribute() as function):
            return _read_call(node, function, code)
        case ast.Attribute(value=inner, attr=attribute):
            return _follow(inner, attribute, code)
        case ast.Call(
            func=ast.Call() as inner
        ):  # the object is called: `MeanIoU(3)(y_true, y_pred)`
            return _unwrap(inner, code)
        case ast.Subscript(value=inner, slice=ast.Constant(value=str() | int() as key)):
            return _follow(inner, f"[{key}]", code)
    return None


def _follow(inner: ast.expr, result: str, code: Code) -> Candidate | None:
    found = _unwrap(inner, code)
    if found is None:
        return None
    return Candidate(found.name, found.call, inner, (*found.results, result))


def _join_name(node: ast.expr, code: Code) -> str:
    """Return a dotted name with its import expanded, an empty text for another expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([code.imports.get(node.id, node.id), *reversed(parts)])


def _read_call(node: ast.Call, function: ast.Name | ast.Attribute, code: Code) -> Candidate | None:
    name = _join_name(function, code)
    if isinstance(function, ast.Attribute) and not name:
        return _read_method(node, function, code)
    last = name.rpartition(".")[2]
    if name in {"dict", "Dict", "ConfigDict"}:
        return _read_config(node, node)
    if name in LOADERS:
        return _read_loader(node)
    keywords = {keyword.arg for keyword in node.keywords}
    if last in COMPUTE and keywords & {"references", "num_labels"}:
        return Candidate("evaluate.mean_iou", node, node)
    found = _read_wrapper(node, last, code) or _read_object(function, code)
    return found or Candidate(name, _fill_in(node, code), node)


def _read_object(function: ast.Name | ast.Attribute, code: Code) -> Candidate | None:
    """Return the call that made the object whose method is called."""
    if not isinstance(function, ast.Attribute):
        return None
    made = code.constants.get(ast.unparse(function.value))
    inside = made is None or any(part is function for part in ast.walk(made))  # `m = m.to(device)`
    return None if inside or not isinstance(made, ast.Call) else _follow(made, function.attr, code)


def _fill_in(call: ast.Call, code: Code) -> ast.Call:
    """Return a call with the entries of `**options` in place, as far as the code tells them."""
    keywords: list[ast.keyword] = []
    for one in call.keywords:
        value = code.constants.get(ast.unparse(one.value), one.value)
        if one.arg is None and isinstance(value, ast.Dict):
            value = _as_call(value)
        if one.arg is None and isinstance(value, ast.Call) and _is_dict(value):
            keywords += value.keywords
        else:
            keywords.append(one)
    return ast.Call(call.func, call.args, keywords)


def _is_dict(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "dict" and not call.args


def _read_method(node: ast.Call, method: ast.Attribute, code: Code) -> Candidate | None:
    """Return the call whose result has a method called, `MeanIoU(3).result()` for instance."""
    found = _follow(method.value, method.attr, code)
    if found and found.name.startswith("evaluate.") and method.attr in COMPUTE:
        return Candidate(found.name, node, node)
    return found


def _read_wrapper(node: ast.Call, function: str, code: Code) -> Candidate | None:
    """Return what `partial(dice, iou=True)` binds, or what `np.mean(...)` averages."""
    if function == "partial" and node.args:
        rest = ast.Call(func=node.args[0], args=node.args[1:], keywords=node.keywords)
        return _unwrap(rest, code)
    if function in MEANS and len(node.args) == 1 and isinstance(node.args[0], ast.Call):
        return _follow(node.args[0], "mean", code)
    return None


def _read_loader(node: ast.Call) -> Candidate | None:
    """Return what `evaluate.load("mean_iou")` loads."""
    first = node.args[0] if node.args else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return None
    return Candidate(f"evaluate.{first.value}", None, node)


def _as_call(node: ast.Dict) -> ast.Call:
    keywords = [
        ast.keyword(arg=None if key is None else str(key.value), value=value)  # `**` has no key
        for key, value in zip(node.keys, node.values, strict=True)
        if key is None or isinstance(key, ast.Constant)
    ]
    return ast.Call(func=ast.Name("dict", ast.Load()), args=[], keywords=keywords)


def _read_config(node: ast.expr, call: ast.Call) -> Candidate | None:
    """Return what `dict(type="IoUMetric", ...)` or `dict(metric="mIoU")` configures."""
    entries = {keyword.arg: keyword.value for keyword in call.keywords}
    kind, metric = entries.get("type", entries.get("_target_")), entries.get("metric")
    if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
        others = [one for one in call.keywords if one.arg not in {"type", "_target_"}]
        return Candidate(kind.value, ast.Call(func=call.func, args=[], keywords=others), node)
    names = metric.elts if isinstance(metric, (ast.List, ast.Tuple)) else [metric or call]
    if names and isinstance(names[0], ast.Constant) and names[0].value in OLD_MMSEG:
        wanted = ast.keyword(arg="iou_metrics", value=ast.List(elts=[names[0]], ctx=ast.Load()))
        return Candidate("mmseg.evaluation.IoUMetric", ast.Call(call.func, [], [wanted]), node)
    return None

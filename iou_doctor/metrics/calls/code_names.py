"""List what some code says about names: imports, constants, and the classes and functions in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from iou_doctor.metrics.calls.names import ROOTS

OWN = "."
"""Begins the full name of what is imported from a module that is no known library."""


def list_imports(tree: ast.Module) -> dict[str, str]:
    """Return the full name of each imported name.

    The name of something from the user's own modules begins with `OWN`, so that `from metrics
    import MeanIoU` is not taken for Keras' `metrics.MeanIoU`.
    """
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.asname: one.name for one in node.names if one.asname}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            known = not node.level and module.partition(".")[0] in ROOTS
            prefix = f"{module}." if known else f"{OWN}{module}." if module else OWN
            found |= {one.asname or one.name: f"{prefix}{one.name}" for one in node.names}
    return found


def list_constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Return the values of names that are assigned once in all of the code."""
    found: dict[str, list[ast.expr]] = {}

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")
            for target, value in _list_assignments(node):
                found.setdefault(prefix + ast.unparse(target), []).append(value)
            for inner in ("body", "orelse", "finalbody"):
                if not isinstance(node, ast.ClassDef):
                    visit(getattr(node, inner, []), prefix)

    visit(tree.body, "")
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def list_definitions(tree: ast.Module) -> dict[str, ast.ClassDef | ast.FunctionDef]:
    """Return the classes and functions that the code defines."""
    return {
        node.name: node
        for node in ast.walk(tree)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    }


def _list_assignments(node: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=False)
            else:
                yield target, node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield node.target, node.value

"""Read the `_target_` entries of a YAML configuration, as Hydra has them, as calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from textwrap import dedent

from iou_doctor.errors import UsageError
from iou_doctor.metrics.calls.read_code import LONGEST_CALL, Code

_IS_YAML = re.compile(r"(?<!['\"])\b_target_\s*:")
"""A key in quotes may be Python, which is read as Python."""
_NAME = re.compile(r"\$\{([\w.]+)\}")
_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
"""A number for Hydra, and a text for YAML."""


def read_targets(text: str) -> Code | None:
    """Return the calls that the entries of a configuration make; `None` if it has none.

    Raises:
        UsageError: it is YAML, and PyYAML is not installed.
    """
    if len(text) > LONGEST_CALL or not _IS_YAML.search(text):
        return None
    calls = list(_list_calls(_parse(text)))
    source = calls[0] if len(calls) == 1 else f"[{', '.join(calls)}]"
    try:
        return Code(source, ast.parse(source)) if calls else None
    except SyntaxError:
        return None


def _parse(text: str) -> object:
    """Return what a text means in YAML; `None` if it is none."""
    try:
        import yaml
    except ImportError as error:
        raise UsageError(
            '--metric is a configuration in YAML; `pip install "iou-doctor[yaml]"` reads it, or'
            " write the call itself, such as keras.metrics.MeanIoU(num_classes=3)"
        ) from error
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(dedent(text))):
            return None  # a few of them can stand for billions of values
        return yaml.safe_load(dedent(text))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _list_calls(value: object) -> Iterator[str]:
    """Yield the calls in a configuration, those of outer entries first."""
    if isinstance(value, Mapping):
        target = value.get("_target_")
        if isinstance(target, str) and re.fullmatch(r"[\w.]+", target):
            yield f"{target}({', '.join(_list_arguments(value))})"
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _list_calls(one)


def _list_arguments(entries: Mapping[object, object]) -> Iterator[str]:
    """Yield the arguments in a mapping. Hydra itself reads the keys that begin with `_`."""
    for key, value in entries.items():
        if isinstance(key, str) and not key.startswith("_"):
            yield f"{key}={_write(value)}"


def _write(value: object) -> str:
    """Return a value as Python code; a mapping, which is no literal argument, as a text."""
    if isinstance(value, list):
        return f"[{', '.join(map(_write, value))}]"
    if isinstance(value, str):
        name = _NAME.fullmatch(value)
        if name is not None:
            return name[1]
        return value if _EXPONENT.fullmatch(value) else repr(value)
    return repr(value if value is None or isinstance(value, (int, float)) else str(value))

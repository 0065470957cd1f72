"""Read the `_target_` entries of a YAML configuration, as Hydra has them, as calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from iou_doctor.metrics.calls.read_code import Code

_TARGET = re.compile(r"(?P<indent>[\s-]*)_target_:\s*(?P<name>[\w.]+)\s*")
_ENTRY = re.compile(r"(?P<indent>\s*)(?P<key>[A-Za-z]\w*):\s*(?P<value>[^#]*?)\s*(#.*)?")
_WORDS = {"true": "True", "false": "False", "null": "None", "~": "None", "": "None"}


def read_targets(text: str) -> Code | None:
    """Return the calls that the entries of a configuration make; `None` if it has none."""
    lines = text.splitlines() if "_target_:" in text else []
    calls = []
    for number, line in enumerate(lines):
        if found := _TARGET.fullmatch(line):
            entries = _read_entries(lines[number + 1 :], len(found["indent"]))
            calls.append(f"{found['name']}({', '.join(entries)})")
    source = calls[0] if len(calls) == 1 else f"[{', '.join(calls)}]"
    try:
        return Code(source, ast.parse(source)) if calls else None
    except SyntaxError:
        return None


def _read_entries(lines: Sequence[str], depth: int) -> Iterator[str]:
    """Yield the arguments on the lines below a target, up to one that is indented differently."""
    for line in lines:
        found = _ENTRY.fullmatch(line)
        if found is None or len(found["indent"]) != depth:
            return
        yield f"{found['key']}={_read_value(found['value'])}"


def _read_value(text: str) -> str:
    """Return a value as Python code: a number, a list, a text, or a name for `${a.b}`."""
    if name := re.fullmatch(r"\$\{([\w.]+)\}", text):
        return name[1]
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return _WORDS.get(text.lower(), repr(text))
    return text

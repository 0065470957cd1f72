"""Explain in one line why some code names no metric that iou-doctor knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from iou_doctor.errors import UsageError
from iou_doctor.metrics.calls import names
from iou_doctor.metrics.calls.candidates import Candidate, list_statements
from iou_doctor.metrics.calls.read_code import EXAMPLE, Code
from iou_doctor.metrics.calls.refusals import build_refusal, build_unknown_error, quote, shorten
from iou_doctor.metrics.metric import Signature

MOST_PLACES = 8
"""The maximum number of lines of a file that an error names."""
_OVERLAP = ("iou", "jaccard", "dice", "f1")
_METRICS = (*_OVERLAP, "acc", "score", "metric")


def explain_failure(
    code: Code,
    signatures: tuple[Signature, ...],
    unclear: Sequence[Candidate],
    unknown: Sequence[Candidate],
) -> UsageError:
    """Return the error for code that names no known metric.

    Args:
        code: the code.
        signatures: the calls that are known.
        unclear: names in it that may be those of several libraries.
        unknown: names in it that no metric has.
    """
    if unclear:
        name = unclear[0].name
        return names.explain_ambiguity(name, names.find_matches(name, signatures))
    likely = find_likely(code, unknown)
    words = [one.name for one in unknown] + ([] if likely else list(_list_words(code)))
    word = next(filter(names.is_ambiguous_word, words), None)
    if word and not code.owns(word):
        return names.explain_word(word)
    named = [one for one in unknown if any(part in one.name.lower() for part in _METRICS)]
    called = [one for one in unknown if one.call is not None or one.node is _get_whole(code)]
    if not named and not called:
        line = "" if code.line is None else f":{code.line}"
        place = f"@{code.file}{line}" if code.file else quote(code.text)
        return UsageError(
            f"--metric {place} does not name a metric; write it as in your code, {EXAMPLE}"
        )
    first = (likely or named or called)[0]
    own = code.definitions.get(first.name)
    kind = "" if own is None else "class" if isinstance(own, ast.ClassDef) else "function"
    base = _find_base(own, code, signatures)
    return build_unknown_error(first.name, first.arguments, signatures, base=base, own=kind)


def find_likely(code: Code, unknown: Sequence[Candidate]) -> list[Candidate]:
    """Return the calls of the user's own code that look like metrics of overlap."""
    return [
        one
        for one in unknown
        if one.call is not None
        and not one.name.lower().endswith("loss")
        and any(word in one.name.lower() for word in _OVERLAP)
        and (code.owns(one.name) or one.name[:1].isupper())
    ]


def list_places(code: Code, lines: Mapping[int, str]) -> UsageError:
    """Return the error for a file with several metrics.

    Args:
        code: the file.
        lines: the name of the metric on each line.
    """
    places = [f"line {line} {name}" for line, name in sorted(lines.items())]
    first = min(lines)
    return build_refusal(
        f"@{code.file}",
        f" holds {len(lines)} metrics: give the line, @{shorten(code.file)}:{first} for instance",
        f" ({', '.join(places[:MOST_PLACES])})",
    )


def _get_whole(code: Code) -> ast.expr | None:
    """Return the expression that the code consists of; `None` for anything else."""
    first = code.tree.body[0]
    return first.value if len(code.tree.body) == 1 and isinstance(first, ast.Expr) else None


def _list_words(code: Code) -> Iterator[str]:
    """Yield the texts in some code, such as the `"accuracy"` of `metrics=["accuracy"]`."""
    for statement in list_statements(code):
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _find_base(
    own: ast.ClassDef | ast.FunctionDef | None, code: Code, signatures: tuple[Signature, ...]
) -> str:
    """Return the known metric that a class is derived from, an empty text for none."""
    for base in own.bases if isinstance(own, ast.ClassDef) else ():
        first, dot, rest = ast.unparse(base).partition(".")
        matches = names.find_matches(f"{code.imports.get(first, first)}{dot}{rest}", signatures)
        if matches:
            return matches[0].name
    return ""

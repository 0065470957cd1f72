"""Parse a metric's call as written in the user's code. The call is never executed."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from iou_doctor.metrics.calls import names
from iou_doctor.metrics.calls.bind import bind_arguments
from iou_doctor.metrics.calls.candidates import Candidate, find_candidates
from iou_doctor.metrics.calls.failures import explain_failure, find_likely, list_places
from iou_doctor.metrics.calls.read_code import Code, read_code
from iou_doctor.metrics.calls.refusals import build_refusal
from iou_doctor.metrics.calls.shell_commands import read_command
from iou_doctor.metrics.calls.smp_counts import find_counts, read_settings
from iou_doctor.metrics.calls.yaml_targets import read_targets
from iou_doctor.metrics.metric import COUNTS, Signature
from iou_doctor.record import record

MOST_OTHERS = 3
"""The maximum number of other metrics that a note names."""
SMP = "segmentation_models_pytorch"
_NO_OPTIONS: Mapping[str, int | float | None] = {}


@record
class ParsedCall:
    """A call that iou-doctor understands."""

    signature: Signature
    arguments: Mapping[str, object]
    """The value of each parameter, and under `RESULT` what is read from the result."""
    text: str
    """The call as it is written, without what surrounds it."""
    guesses: tuple[str, ...] = ()
    """What was guessed about it, in words."""


@record
class _Found:
    candidate: Candidate
    choice: names.Choice
    """What it means."""

    @property
    def is_refused(self) -> bool:
        return bool(self.choice.signature.refusal)


def parse_call(
    text: str,
    signatures: Sequence[Signature],
    options: Mapping[str, int | float | None] = _NO_OPTIONS,
) -> ParsedCall:
    """Return the call of a metric that the text contains, with defaults filled in.

    `tf.keras.metrics.MeanIoU(3)`, `MeanIoU(num_classes=3)`, the bare name, an assignment, a list of
    metrics and a whole `model.compile(...)` are all understood, and so are `@FILE.py:LINE` and the
    `_target_` of a configuration.

    Args:
        text: the code.
        signatures: the calls that are known.
        options: values for arguments that are no literals; see `bind_arguments`.

    Raises:
        UsageError: the text is no code, names no known metric or several, or has wrong arguments.
    """
    code = read_command(text) or read_targets(text) or read_code(text)
    found, others = _select(code, tuple(signatures))
    candidate, choice = found.candidate, found.choice
    signature = choice.signature
    if signature.refusal:
        raise build_refusal(signature.name, f": {signature.refusal}")
    arguments, guesses = bind_arguments(candidate, signature, code.constants, options)
    if choice.namesakes:
        namesakes = " or ".join(choice.namesakes)
        guesses = (f"{signature.last} may also be {namesakes}", *guesses)
    if signature.guess:
        guesses = (*guesses, signature.guess)
    if others:
        guesses = (*guesses, f"the code also has {', '.join(others[:MOST_OTHERS])}")
    written = _write(candidate, code, text)
    if counts := find_counts(code) if signature.root == SMP else None:
        arguments[COUNTS] = read_settings(counts, code.constants)
        written = written.replace("(tp, fp, fn, tn", f"(*{code.write_segment(counts)}")
    return ParsedCall(signature, arguments, written, guesses)


def _write(candidate: Candidate, code: Code, text: str) -> str:
    """Return the call as the user wrote it."""
    if code.file or not _is_alone(candidate, code):
        return code.write_segment(candidate.node)
    return " ".join(text.split())


def _is_alone(candidate: Candidate, code: Code) -> bool:
    first = code.tree.body[0]
    return (
        len(code.tree.body) == 1 and isinstance(first, ast.Expr) and first.value is candidate.node
    )


def _select(code: Code, signatures: tuple[Signature, ...]) -> tuple[_Found, list[str]]:
    """Return the metric that some code is about, and the names of others in it.

    Raises:
        UsageError: there is none, or it is not clear which.
    """
    found, unclear, unknown = _sort_candidates(code, signatures)
    clear = [one for one in found if not one.is_refused]
    if not clear and not (found and not find_likely(code, unknown)):
        raise explain_failure(code, signatures, unclear, unknown)
    clear = clear or found
    first = clear[0]
    same = [one for one in clear if one.choice.signature == first.choice.signature]
    others = {ast.unparse(one.candidate.node): one for one in clear if one not in same}
    if code.file and code.line is None and (others or _differ(same)):
        raise list_places(
            code, {one.candidate.node.lineno: one.choice.signature.last for one in reversed(clear)}
        )
    names_of_others = [one.choice.signature.name for one in others.values()]
    return max(same, key=_count_details), list(dict.fromkeys(names_of_others))


def _count_details(found: _Found) -> int:
    """Return how much of what the metric needs to know an expression says."""
    named = found.choice.signature.results.intersection(found.candidate.results)
    return bool(found.candidate.call) + bool(named)


def _differ(found: Sequence[_Found]) -> bool:
    """Return whether calls of one metric have different arguments; a bare name has none."""
    calls = {one.candidate.arguments for one in found if one.candidate.call is not None}
    return len(calls) > 1


def _sort_candidates(
    code: Code, signatures: tuple[Signature, ...]
) -> tuple[list[_Found], list[Candidate], list[Candidate]]:
    """Return the metrics in some code, names that may mean several, and unknown names."""
    found, bare, unclear, unknown = [], [], [], []
    inside: set[int] = set()
    for candidate in find_candidates(code):
        if id(candidate.node) in inside:
            continue
        matches = names.find_matches(candidate.name, signatures)
        if code.owns(candidate.name):
            matches = [one for one in matches if one.root == names.SCRIPTS]
        if not matches:
            unknown.append(candidate)
            continue
        inside |= {id(part) for part in ast.walk(candidate.node)}
        choice = names.choose(candidate.name, candidate.call, matches)
        if choice is None:
            unclear.append(candidate)
        elif candidate.call is None and "." not in candidate.name:
            bare.append(_Found(candidate, choice))
        else:
            found.append(_Found(candidate, choice))
    if not found and not (code.file and code.line is None):
        found = bare
    return found, unclear, unknown

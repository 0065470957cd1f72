"""Bind the arguments of a call to the parameters of a metric."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from iou_doctor.errors import UsageError
from iou_doctor.metrics.calls.candidates import MEANS, Candidate
from iou_doctor.metrics.calls.literals import UnknownValue, UnreadableValue, evaluate
from iou_doctor.metrics.calls.refusals import build_refusal, find_close_matches, shorten
from iou_doctor.metrics.metric import RESULT, Signature

IGNORED = frozenset({"name"})
"""Arguments that change no number."""
OPTIONS = {
    **dict.fromkeys(
        (
            *("num_classes", "num_labels", "n_classes", "nclass", "num_class", "numClass", "nc"),
            *("n_class", "K"),
        ),
        "num_classes",
    ),
    **dict.fromkeys(("ignore_index", "ignore_class", "ignore_label", "void_code"), "ignore_index"),
    "threshold": "threshold",
}
"""The option that says what an argument says."""
RESULTS = frozenset({"mean_iou", "mIoU", "foreground_mean", "Dice", "IoU"})
"""Keys under which a result holds the number of a metric."""
WEIGHTS = frozenset({"weights", "sample_weight"})
LAST_PARTS = frozenset({"dtype", "device"})
"""Arguments whose value is a name: `tf.float16` stands for "float16"."""


def bind_arguments(
    candidate: Candidate,
    signature: Signature,
    constants: Mapping[str, ast.expr],
    options: Mapping[str, int | float | None],
) -> tuple[dict[str, object], tuple[str, ...]]:
    """Return a value for each parameter, and what was guessed, in words.

    Where the call has a name that the code does not explain, such as `NUM_CLASSES`, the option
    about the same counts. The number of classes may stay open: it is inferred from the arrays.

    Args:
        candidate: the call.
        signature: the metric.
        constants: what names stand for.
        options: the values of `num_classes`, `ignore_index` and `threshold`; `None` if not given.

    Raises:
        UsageError: an argument is missing, unknown, or no value.
    """
    arguments = dict(signature.parameters)
    guesses = []
    for name, node in _match_parameters(candidate, signature).items():
        try:
            arguments[name] = _read_value(name, node, constants)
        except UnreadableValue as error:
            raise build_refusal(signature.name, f": {name} {error}") from error
        except UnknownValue as error:
            option = OPTIONS.get(name)
            arguments[name] = options.get(option) if option else None
            if arguments[name] is None and option != "num_classes":
                raise _refuse_name(signature, name, node, option) from error
            if arguments[name] is None:
                what = shorten(ast.unparse(node))
                guesses.append(f"{name}={what} is not known here, so the arrays tell the number")
    for name, value in arguments.items():
        if value is ... and name != "target_class_ids":
            raise UsageError(f"--metric {signature.name} needs {name}")
    arguments[RESULT] = _read_result(candidate, signature)
    return arguments, tuple(guesses)


def _read_result(candidate: Candidate, signature: Signature) -> str:
    """Return the last method or key behind the call that says which number is taken.

    Raises:
        UsageError: it is a key of a number that iou-doctor does not work out.
    """
    kept = ""
    for result in candidate.results:
        key = result.strip("[]").strip(" :\t")
        numbered = result.startswith("[") and key.isdecimal()
        if key in signature.results or ((numbered or result in MEANS) and not kept):
            kept = key
        elif result.startswith("[") and key not in RESULTS and not key.lstrip("-").isdecimal():
            known = ", ".join(filter(None, sorted(signature.results))) or "the number itself"
            raise build_refusal(
                signature.name, f": iou-doctor does not work out `{key}`; what works: {known}"
            )
    return kept


def _read_value(name: str, node: ast.expr, constants: Mapping[str, ast.expr]) -> object:
    if name in LAST_PARTS and isinstance(node, (ast.Attribute, ast.Name)):
        return ast.unparse(node).rpartition(".")[2]
    return evaluate(node, constants)


def _match_parameters(candidate: Candidate, signature: Signature) -> dict[str, ast.expr]:
    """Return the expression for each parameter that the call gives and that matters."""
    call, names = candidate.call, list(signature.parameters)
    if call is None:
        return {}
    if len(call.args) > len(names):
        raise UsageError(f"--metric {signature.name} takes at most {len(names)} arguments")
    found = dict(zip(names, call.args, strict=False))
    if any(isinstance(found[name], ast.Starred) for name in found.keys() - signature.free):
        raise build_refusal(signature.name, ": write the arguments in place of `*`")
    for keyword in call.keywords:
        argument = keyword.arg or ""
        if not argument:
            code = shorten(f"**{ast.unparse(keyword.value)}")
            raise build_refusal(signature.name, f": write the arguments in place of `{code}`")
        if argument in (IGNORED | signature.free):
            found.setdefault(argument, keyword.value)
            continue
        if argument in found or argument not in signature.parameters:
            raise _refuse_keyword(signature, argument, is_given=argument in found)
        found[argument] = keyword.value
    return {name: node for name, node in found.items() if name not in IGNORED | signature.free}


def _refuse_keyword(signature: Signature, argument: str, *, is_given: bool) -> UsageError:
    if is_given:
        return build_refusal(signature.name, f" is given {shorten(argument)} twice")
    names = list(signature.parameters)
    near = find_close_matches(argument, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else f" (it has {', '.join(names)})"
    return build_refusal(signature.name, f" has no argument {shorten(argument)}", hint)


def _refuse_name(signature: Signature, name: str, node: ast.expr, option: str | None) -> UsageError:
    code = shorten(ast.unparse(node))
    if name in WEIGHTS:
        hint = "leave it out, and give --ignore-index for the pixels of weight 0"
    elif option is None:
        hint = f"write its value in place of `{code}`, because the call is read, never run"
    else:
        hint = f"give --{option.replace('_', '-')}, or write its value in place of `{code}`"
    return build_refusal(signature.name, f": {name}=`{code}` is not a value; {hint}")

"""Find the metric that a name means: the call of one library is never read as another's."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from iou_doctor.errors import UsageError
from iou_doctor.metrics.calls.refusals import build_ambiguous_error
from iou_doctor.metrics.calls.words import CHOICES, MEANINGS
from iou_doctor.metrics.metric import Signature
from iou_doctor.record import record

ROOTS = {
    "tf": "tensorflow",
    "slim": "tensorflow",
    "tm": "torchmetrics",
    "pl": "pytorch_lightning",
    "lightning": "pytorch_lightning",
    "smp": "segmentation_models_pytorch",
    "sm": "segmentation_models",
    "tfa": "tensorflow_addons",
    "TM": "torchmetrics",
    "sk": "sklearn",
    "skm": "sklearn",
    "datasets": "evaluate",
    **{
        name: name
        for name in (
            *("tensorflow", "keras", "tf_keras", "keras_cv", "keras_hub", "tensorflow_addons"),
            *("torchmetrics", "pytorch_lightning", "torchvision", "torch", "ignite", "kornia"),
            *("segmentation_models", "segmentation_models_pytorch", "monai", "nnunetv2", "nnunet"),
            *("sklearn", "evaluate", "mmseg", "mmcv", "mmengine", "paddleseg", "paddle"),
            *("ultralytics", "detectron2", "super_gradients", "fastai", "medpy", "medpy2"),
            *("skimage", "scipy", "numpy", "np", "cv2", "jax", "transformers", "timm"),
        )
    },
}
"""The library that the first part of a name means, under all names that people import it by."""
KERAS = ("keras", "tf_keras")
SCRIPTS = "scripts"
"""Stands for a library in the names of classes that people copy from one script to another."""
IGNORED = frozenset({"name", "dtype"})
_DISTINCT = frozenset({"binary", "compat", "contrib", "core", "references"})
"""Modules that belong to one library."""
_COMMON = frozenset(
    {
        *("num_classes", "n_classes", "ignore_index", "threshold", "smooth", "eps", "epsilon"),
        *("axis", "weights"),
    }
)
"""Arguments that functions of any origin may have."""
_DATA = frozenset(
    {
        *("pred", "preds", "target", "targets", "y_true", "y_pred", "label", "labels", "gt"),
        *("prediction", "predictions", "input", "inputs", "output", "outputs", "y", "p", "x"),
        *("mask", "masks", "targs"),
    }
)


@record
class Choice:
    """The metric that a name means."""

    signature: Signature
    namesakes: tuple[str, ...] = ()
    """The full names of the other metrics that it may mean."""


def find_matches(name: str, signatures: Sequence[Signature]) -> list[Signature]:
    """Return the metrics that a name may mean.

    A name that begins with a library means that library. Other names have to be the parts of a
    full name in order, such as `metrics.MeanIoU`.
    """
    parts = _expand(name)
    same = [one for one in signatures if one.last == parts[-1]]
    if len(parts) > 1 and parts[0] in ROOTS.values():
        found = [one for one in same if one.root == parts[0]]
        if not found and parts[0] == "tensorflow":  # TensorFlow 2 names Keras' metrics in this way
            found = [
                one for one in same if one.root == "keras" and parts[1:] == ["metrics", one.last]
            ]
        return [one for one in found if _contains(one, parts)] or found
    found = [one for one in same if _contains(one, parts)]
    return found or [one for one in same if one.root == SCRIPTS]


def has_library(name: str) -> bool:
    """Return whether a name begins with a library."""
    parts = name.split(".")
    return len(parts) > 1 and parts[0] in ROOTS


def choose(name: str, call: ast.Call | None, matches: Sequence[Signature]) -> Choice | None:
    """Return the metric that a call means; `None` if it may be that of several libraries.

    Args:
        name: the name, imports expanded.
        call: the call; `None` for a bare name.
        matches: the metrics with this name, at least one.
    """
    fitting = [one for one in matches if _fits(call, one)]
    if call is not None and any(_is_identified(call, one) for one in fitting if not one.refusal):
        fitting = [one for one in fitting if not one.refusal]
    last = name.rpartition(".")[2]
    vague = not has_library(name) and not _DISTINCT & {*name.split(".")[:-1]}
    if vague and last.lower() in MEANINGS and _is_vague(call, last):
        fitting = [one for one in fitting if call is not None and _is_identified(call, one)]
        if not fitting:
            return None
    found = fitting or list(matches)
    roots = {one.root for one in found}
    if len(roots) > 1 and (found[0].root not in KERAS or _is_unclear(call, found, fitting)):
        return None
    others = (one.name for one in matches if one.root != found[0].root and not one.refusal)
    return Choice(found[0], () if has_library(name) else tuple(dict.fromkeys(others)))


def explain_ambiguity(name: str, matches: Sequence[Signature]) -> UsageError:
    """Return the error for a name that may be that of several libraries."""
    word = MEANINGS.get(name.rpartition(".")[2].lower())
    needs = [
        f"{one.name}({', '.join(_list_required(one) or list(one.parameters)[:1])})"
        for one in matches
        if not one.refusal
    ]
    return build_ambiguous_error(name, CHOICES[word] if word and not name[:1].isupper() else needs)


def is_ambiguous_word(word: str) -> bool:
    """Return whether a word such as `dice` means several things."""
    return word.lower() in MEANINGS and not word.startswith("Mean")


def explain_word(word: str) -> UsageError:
    """Return the error for a word such as `dice`."""
    return build_ambiguous_error(word, CHOICES[MEANINGS[word.lower()]])


def _expand(name: str) -> list[str]:
    """Return the parts of a name, of which the first is the full name of a library if it is one."""
    parts = name.split(".")
    while parts[0] in {"self", "cls"} and len(parts) > 1:
        parts = parts[1:]
    if len(parts) > 1:
        parts[0] = ROOTS.get(parts[0], parts[0])
    if parts[0] == "tensorflow" and "keras" in parts[:-1]:
        parts = parts[parts.index("keras") :]
    return parts


def _contains(signature: Signature, parts: Sequence[str]) -> bool:
    rest = iter(signature.name.split("."))
    return all(part in rest for part in parts)


def _list_required(signature: Signature) -> list[str]:
    return [key for key, value in signature.parameters.items() if value is ...]


def _fits(call: ast.Call | None, signature: Signature) -> bool:
    """Return whether a signature has all the arguments of a call, and the call all it needs."""
    if call is None or (signature.refusal and not signature.parameters):
        return True
    names = list(signature.parameters)
    given = {keyword.arg or "**" for keyword in call.keywords} - IGNORED
    bound = {*given, *names[: len(call.args)]}
    positions = zip(call.args, names, strict=False)
    return (
        all(_may_be(argument, name, signature) for argument, name in positions)
        and given <= {*names, *signature.free}
        and len(call.args) <= len(names)
        and all(name in bound for name in _list_required(signature))
    )


def _may_be(argument: ast.expr, name: str, signature: Signature) -> bool:
    """Return whether a parameter may have an argument: data are no number, a task is a text."""
    literal = argument.value if isinstance(argument, ast.Constant) else None
    if name in signature.free or name == "task":
        return not isinstance(literal, (int, float) if name == "task" else (int, float, str))
    return not ast.unparse(argument).partition("(")[0].endswith("Matrix")


def _is_vague(call: ast.Call | None, last: str) -> bool:
    """Return whether a name is a function that anybody may have written, or just a word."""
    return last != "MeanIoU" and (call is None or not last[:1].isupper())


def _is_identified(call: ast.Call, signature: Signature) -> bool:
    """Return whether the names of the arguments show that a call is that of this metric."""
    if signature.root == SCRIPTS:  # the arguments that it needs are there
        return True
    keywords = {keyword.arg for keyword in call.keywords} - _COMMON - _DATA
    pairs = zip(call.args, signature.parameters, strict=False)
    named = [isinstance(one, ast.Name) and one.id == name for one, name in pairs]
    distinct = bool(set(signature.parameters) - _COMMON - _DATA)
    positions = bool(named) and all(named) and distinct
    matrix = call.args[:1] and ast.unparse(call.args[0]).partition("(")[0].endswith("Matrix")
    data = {keyword.arg for keyword in call.keywords} >= {"labels", "predictions"}
    return bool(keywords or (positions and _begins_distinct(signature)) or matrix or data)


def _begins_distinct(signature: Signature) -> bool:
    return next(iter(signature.parameters), "") not in _DATA


def _is_unclear(
    call: ast.Call | None, found: Sequence[Signature], fitting: Sequence[Signature]
) -> bool:
    """Return whether Keras' metric is not what a name without arguments most likely means."""
    return call is None and bool(fitting) and bool(_list_required(found[0]))

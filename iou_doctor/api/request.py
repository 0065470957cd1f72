"""Build the request of a check from the arguments of Python users."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from iou_doctor.api.arguments import build_model_options, check_device, refuse_missing_arrays
from iou_doctor.api.check_types import (
    take_choice,
    take_class_names,
    take_encoding,
    take_integer,
    take_number,
    take_score,
    take_text,
)
from iou_doctor.api.metric_objects import describe_metric
from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.model import may_be_model
from iou_doctor.choices import Device, LedgerDetail
from iou_doctor.diagnosis.request import CheckRequest, check_confidence
from iou_doctor.errors import UsageError
from iou_doctor.ledger.interval import CONFIDENCE

if TYPE_CHECKING:
    from iou_doctor.arrays.model import ModelOptions
    from iou_doctor.diagnosis.slicing import SliceRequest

DETAILS: tuple[LedgerDetail, ...] = get_args(LedgerDetail)


def build_request(arguments: dict[str, Any]) -> CheckRequest:
    """Return the request that `iou_doctor.check` makes.

    Args:
        arguments: those of `check`, by name; a missing one has its default.

    Raises:
        UsageError: a value has a wrong type, or values do not go together.
    """
    given = arguments.get
    model = _take_model_options(arguments)
    refuse_missing_arrays(
        given("y_true"), given("y_pred"), given("pairs"), has_model=model is not None
    )
    contracts = take_choice("contracts", given("contracts", "common"), ("common", "all"))
    seen = take_score("seen", given("seen"))
    device = take_choice("device", given("device", "auto"), get_args(Device))
    return CheckRequest(
        images=None if model else given("images"),
        predictions=given("y_pred"),
        masks=given("y_true"),
        pairs=given("pairs"),
        model=model,
        options=take_options(arguments),
        metric=describe_metric(given("metric")),
        batch_size=take_integer("batch_size", given("batch_size"), example=8, least=1),
        baseline=_take_baseline(given("baseline"), given("max_drop", 0.01)),
        confidence=_take_confidence(given("confidence", CONFIDENCE)),
        details=True,
        boundary_iou=bool(given("boundary_iou", False)),
        ledger=take_choice("ledger", given("ledger", "auto"), DETAILS),
        slices=_take_slices(given("slices", ())),
        all_implementations=contracts == "all",
        score_to_explain=None if seen is None else _parse_score(seen),
        jobs=take_integer("jobs", given("jobs"), example=4, least=1),
        device=check_device(device),
    )


def take_options(arguments: dict[str, Any]) -> Options:
    """Return what the user says about the arrays.

    Raises:
        UsageError: a value has a wrong type, or values contradict each other.
    """
    given = arguments.get
    return Options(
        num_classes=take_integer("num_classes", given("num_classes")),
        ignore_index=_take_ignore_index(given("ignore_index"), given("ignore_class")),
        threshold=take_number("threshold", given("threshold"), example=0.5),
        layout=take_text("layout", given("layout"), example="NHWC"),
        predictions_as=take_encoding("predictions_as", given("predictions_as")),
        masks_as=take_encoding("masks_as", given("masks_as")),
        class_names=take_class_names(given("class_names")),
    )


def _take_ignore_index(ignore_index: Any, ignore_class: Any) -> int | None:
    index = take_integer("ignore_index", ignore_index, example=255)
    same = take_integer("ignore_class", ignore_class, example=255)
    if index is not None and same is not None and index != same:
        raise UsageError(
            f"ignore_index={index} and ignore_class={same} mean the same; give one of them"
        )
    return same if index is None else index


def _take_model_options(arguments: dict[str, Any]) -> ModelOptions | None:
    given = arguments.get
    return build_model_options(
        images=given("images") if _predicts(arguments) else None,
        has_images=given("images") is not None,
        signature=take_text("signature", given("signature"), example="serving_default"),
        output_name=take_text("output_name", given("output_name"), example="mask"),
        input_scale=given("input_scale", 1.0),
        batch_size=take_integer("batch_size", given("batch_size"), example=8, least=1),
        resize=bool(given("resize", False)),
        trust_model=bool(given("trust_model", False)),
    )


def _predicts(arguments: dict[str, Any]) -> bool:
    """Return whether a model is to predict the images; beside arrays, they are only shown."""
    from iou_doctor.sources.memory.tensor import is_array_or_tensor

    predictions = arguments.get("y_pred")
    if isinstance(predictions, (str, os.PathLike)):
        return may_be_model(os.fspath(predictions))
    is_list = isinstance(predictions, (list, tuple))
    return arguments.get("pairs") is None and not is_list and not is_array_or_tensor(predictions)


def _take_confidence(value: Any) -> float:
    confidence = take_number("confidence", value, example=0.95)
    return CONFIDENCE if confidence is None else check_confidence(confidence, name="confidence")


def _take_slices(slices: Any) -> tuple[SliceRequest, ...]:
    if not slices:
        return ()
    from iou_doctor.diagnosis.slice_options import build_request, parse_slices

    if isinstance(slices, Mapping):
        return tuple(
            build_request(str(by), values, option=f"slices={{{by!r}: …}}")
            for by, values in slices.items()
        )
    words = [slices] if isinstance(slices, str) else list(slices)
    return parse_slices([str(word) for word in words], option="slices")


def _take_baseline(baseline: Any, max_drop: Any) -> Any:
    if baseline is None:
        return None
    from iou_doctor.report.baseline import load_baseline

    drop = take_number("max_drop", max_drop, example=0.01)
    return load_baseline(str(baseline), max_drop=0.01 if drop is None else drop)


def _parse_score(text: str) -> Any:
    from iou_doctor.report.score_lookup import parse_score

    return parse_score(text)

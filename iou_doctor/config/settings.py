"""What a configuration file may say, key by key. In the file `num_classes` is `num-classes`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Literal

from iou_doctor.arrays.expected import ExpectedInterpretation
from iou_doctor.choices import AnyEncodingName, EncodingName, FailOn
from iou_doctor.record import record


def key_of(name: str) -> str:
    """Return the key of a field in the file."""
    return "report" if name == "reports" else name.replace("_", "-")


RULES_OF_READING: dict[str, Any] = {
    "extra": "forbid",
    "strict": True,
    "use_attribute_docstrings": True,
    "alias_generator": lambda name: key_of(name),
}
"""For pydantic: unknown keys are errors, nothing is converted, docstrings go into the schema."""


@record(kw_only=True)
class Expected:
    """The reading that later runs are held to; `iou-doctor init` writes it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = RULES_OF_READING

    predictions_encoding: AnyEncodingName | None = None
    """What the predictions are."""
    predictions_class_axis: int | None = None
    """The class axis of the predictions, counted from the end: -1 is the last one."""
    masks_encoding: AnyEncodingName | None = None
    """What the masks are."""
    masks_class_axis: int | None = None
    """The class axis of the masks, counted from the end: -1 is the last one."""


@record(kw_only=True)
class CheckSettings:
    """The options of one check; what is left out keeps its default."""

    __pydantic_config__: ClassVar[dict[str, Any]] = RULES_OF_READING

    num_classes: int | None = None
    """Number of classes, background included."""
    metric: str | None = None
    """The metric's call as written in your code."""
    ignore_index: int | None = None
    """Mask label to leave out (void), 255 often."""
    class_names: list[str] | None = None
    """Names of the classes."""
    layout: str | None = None
    """What the axes mean, NHWC or NCHW for instance."""
    threshold: float | None = None
    """Cut of one channel of scores."""
    predictions_as: EncodingName | None = None
    """What the predictions are, if misread."""
    masks_as: EncodingName | None = None
    """What the masks are, if misread."""
    images: str | None = None
    """Predict these images with the model `predictions`; relative to this file."""
    signature: str | None = None
    """The signature of a SavedModel to call."""
    output_name: str | None = None
    """The output of the model to score, where there are several."""
    input_scale: str | None = None
    """SCALE or SCALE,OFFSET: images are multiplied and moved before the model, `1/255`."""
    resize: bool | None = None
    """Resize images to the model's input, and its output back."""
    select: list[str] | None = None
    """Report only these codes, prefixes or names of rules."""
    ignore: list[str] | None = None
    """Do not report these codes, prefixes or names of rules."""
    fail_on: FailOn | None = None
    """Exit with 1 for findings this bad or worse."""
    min_iou: float | None = None
    """Exit with 1 if the doctor's mean IoU is lower."""
    baseline: str | None = None
    """A JSON report of an earlier run to compare with; `{name}` stands for the check's name."""
    max_drop: float | None = None
    """How far an IoU may fall below the baseline's."""
    contracts: Literal["common", "all"] | None = None
    """Which implementations to compare: those people use most, or all."""
    expect: Expected | None = None
    """The reading that the arrays are held to (IOU109)."""

    @property
    def given(self) -> dict[str, Any]:
        """What the file says, by parameter name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@record(kw_only=True)
class NamedCheck(CheckSettings):
    """One of several pairs; its options come before those of the whole file."""

    name: str
    """What to call it: letters, digits, `.`, `_` and `-`."""
    predictions: str
    """The predictions, as on the command line; relative to this file."""
    masks: str
    """The true masks, as on the command line; relative to this file."""


@record(kw_only=True)
class Settings(CheckSettings):
    """The whole file: `iou-doctor.toml`, or `[tool.iou-doctor]` in `pyproject.toml`."""

    predictions: str | None = None
    """The predictions, as on the command line; relative to this file."""
    masks: str | None = None
    """The true masks, as on the command line; relative to this file."""
    batch_size: int | None = None
    """Images in one update, for averages over batches."""
    jobs: int | None = None
    """Threads of the scan."""
    output_format: str | None = None
    """How to write the report."""
    reports: list[str] | None = None
    """More reports, FORMAT=FILE each; relative to this file."""
    check: list[NamedCheck] | None = None
    """The pairs that `iou-doctor check --all` checks."""


@record
class Configuration:
    """The settings, and where they stand."""

    path: str
    """The file, relative to the working directory."""
    settings: Settings

    def frozen(self, values: Mapping[str, Any]) -> ExpectedInterpretation | None:
        """Return the reading that settings expect; `None` where they expect none.

        Args:
            values: what the file says for one check, by parameter name. Besides `expect`, its
                `num_classes` and `ignore_index` are held to: a flag may say otherwise.
        """
        expected: Expected | None = values.get("expect")
        if expected is None:
            return None
        named = {
            "num_classes": values.get("num_classes"),
            "ignore_index": values.get("ignore_index"),
            "predictions.encoding": expected.predictions_encoding,
            "predictions.class_axis": expected.predictions_class_axis,
            "masks.encoding": expected.masks_encoding,
            "masks.class_axis": expected.masks_class_axis,
        }
        held = {field: value for field, value in named.items() if value is not None}
        return ExpectedInterpretation("configuration", self.path, held)

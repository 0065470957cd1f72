"""The options that a configuration file may hold.

The keys of the file have hyphens: the field `num_classes` is the key `num-classes`. The docstrings
of the fields are the descriptions in the JSON Schema that `iou-doctor schema config` prints.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Literal, cast

from iou_doctor.arrays.expected import ExpectedInterpretation
from iou_doctor.choices import AnyEncodingName, EncodingName, FailOn, LedgerDetail
from iou_doctor.record import record


def make_key(name: str) -> str:
    """Return the key in the file for the name of a field."""
    return {"reports": "report", "slices": "slice"}.get(name, name.replace("_", "-"))


PYDANTIC_CONFIG = {
    "extra": "forbid",
    "strict": True,
    "use_attribute_docstrings": True,
    "alias_generator": make_key,
}
"""How pydantic validates the classes below: unknown keys are errors, and nothing is converted."""


@record(kw_only=True)
class Expected:
    """The interpretation of the arrays that is expected; `iou-doctor init` writes it."""

    __pydantic_config__ = PYDANTIC_CONFIG

    predictions_encoding: AnyEncodingName | None = None
    """How the predictions are encoded."""
    predictions_class_axis: int | None = None
    """The class axis of the predictions, counted from the end: -1 is the last axis."""
    masks_encoding: AnyEncodingName | None = None
    """How the masks are encoded."""
    masks_class_axis: int | None = None
    """The class axis of the masks, counted from the end: -1 is the last axis."""


@record(kw_only=True)
class CheckSettings:
    """The options of one check. An option that is left out has its default value."""

    __pydantic_config__ = PYDANTIC_CONFIG

    num_classes: int | None = None
    """Number of classes, background included."""
    metric: str | None = None
    """The call of the metric as written in your code."""
    ignore_index: int | None = None
    """Mask label to leave out (void), often 255."""
    class_names: list[str] | None = None
    """Names of the classes."""
    layout: str | None = None
    """What the axes mean, for instance NHWC or NCHW."""
    threshold: float | None = None
    """Decision threshold for single-channel scores."""
    predictions_as: EncodingName | None = None
    """How the predictions are encoded, if iou-doctor misreads them."""
    masks_as: EncodingName | None = None
    """How the masks are encoded, if iou-doctor misreads them."""
    images: str | None = None
    """Images to predict with the model `predictions`; relative to this file."""
    signature: str | None = None
    """The signature of a SavedModel to call."""
    output_name: str | None = None
    """The output of the model to score, if it has several."""
    input_scale: str | None = None
    """Multiply images by SCALE and add OFFSET before the model: `1/255`, or `1/127.5,-1`."""
    resize: bool | None = None
    """Resize images to the model's input (bilinear), and its output back."""
    model_timeout: int | None = None
    """Seconds that the model may take to be loaded, or to predict one batch."""
    select: list[str] | None = None
    """Report only these codes, prefixes or names of rules."""
    ignore: list[str] | None = None
    """Do not report these codes, prefixes or names of rules."""
    fail_on: FailOn | None = None
    """Exit with 1 if a finding is at least this severe."""
    min_iou: float | None = None
    """Exit with 1 if iou-doctor's mean IoU is lower."""
    min_class_iou: list[str] | None = None
    """Exit with 1 if the IoU of a class is lower: `["car=0.6", "person=0.4"]`."""
    min_image_iou: str | None = None
    """Exit with 1 if more images than this share have a lower mean IoU: `"5%:0.3"`."""
    beyond_noise: bool | None = None
    """Let `min-iou` and `max-drop` pass if other images might have passed."""
    confidence: float | None = None
    """Confidence of the intervals of scores, from 0.5 to 0.999."""
    ledger: LedgerDetail | None = None
    """How much of the account of missing points to work out."""
    slices: list[str] | None = None
    """Score and price the samples of each slice: `folder`, `size`, or `COLUMN@FILE.csv`, whose path
    is relative to this file."""
    baseline: str | None = None
    """A JSON report of an earlier run to compare with, relative to this file. `{name}` stands for
    the name of the check."""
    max_drop: float | None = None
    """How far an IoU may fall below the baseline's."""
    contracts: Literal["common", "all"] | None = None
    """Which implementations to compare: those people use most, or all."""
    expect: Expected | None = None
    """The expected interpretation of the arrays. A different one is reported as IOU109."""

    @property
    def values(self) -> dict[str, object]:
        """The options that the file sets, by parameter name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@record(kw_only=True)
class NamedCheck(CheckSettings):
    """One of several pairs to check. Its options take precedence over those of the whole file."""

    name: str
    """The name of the check: letters, digits, `.`, `_` and `-`."""
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
    """Images per update, for metrics that average over batches, and per call of a model."""
    jobs: int | None = None
    """Number of threads for the scan."""
    output_format: str | None = None
    """The format of the report."""
    pictures: int | None = None
    """How many samples an HTML report shows as pictures; 0 for none."""
    reports: list[str] | None = None
    """More reports to write, each `FORMAT=FILE`; relative to this file."""
    check: list[NamedCheck] | None = None
    """The pairs that `iou-doctor check --all` checks."""


@record
class Configuration:
    """The settings, and the file that holds them."""

    path: str
    """The path of the file, relative to the working directory."""
    settings: Settings

    def build_expected_interpretation(
        self, check: CheckSettings | None = None
    ) -> ExpectedInterpretation | None:
        """Return the interpretation that the file expects, or `None` if it expects none.

        The file's `num_classes` and `ignore_index` are expected too, because the command line may
        set others.

        Args:
            check: the settings of one pair, which take precedence over those of the whole file.
        """
        values = self.settings.values | (check.values if check else {})
        expected = values.get("expect")
        if not isinstance(expected, Expected):
            return None
        fields = {
            "num_classes": cast("int | None", values.get("num_classes")),
            "ignore_index": cast("int | None", values.get("ignore_index")),
            "predictions.encoding": expected.predictions_encoding,
            "predictions.class_axis": expected.predictions_class_axis,
            "masks.encoding": expected.masks_encoding,
            "masks.class_axis": expected.masks_class_axis,
        }
        named = {field: value for field, value in fields.items() if value is not None}
        return ExpectedInterpretation("configuration", self.path, named)

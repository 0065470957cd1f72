"""The parts of a JSON report that make a baseline, as types of the parsed document."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from iou_doctor.ledger import stored_areas


class NamedDocument(TypedDict):
    """An entry of which only the name matters: the tool, or a finding."""

    name: str


class InputDocument(TypedDict):
    """One of the two arrays."""

    path: str
    shape: list[int | None]
    encoding: str
    class_axis: int | None


class InputsDocument(TypedDict):
    """Both arrays."""

    predictions: InputDocument
    masks: InputDocument


class InterpretationDocument(TypedDict):
    """How the arrays were interpreted."""

    num_classes: int
    ignore_index: int | None


class ClassDocument(TypedDict):
    """The score of one class."""

    id: int
    iou: float | None
    truth_pixels: int


class ScoresDocument(TypedDict):
    """The doctor's scores."""

    mean_iou: float | None
    per_class: list[ClassDocument]


class LedgerDocument(TypedDict):
    """What the ledger says of single images."""

    of: str
    areas: NotRequired[stored_areas.Document | None]


class ReportDocument(TypedDict):
    """A report."""

    schema_version: int
    tool: NamedDocument
    inputs: InputsDocument
    reading: InterpretationDocument
    scores: ScoresDocument
    ledger: NotRequired[LedgerDocument | None]
    findings: list[NamedDocument]

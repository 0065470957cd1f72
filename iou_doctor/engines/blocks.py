"""What a process of a cluster does: open the arrays once, and answer for blocks of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np

from iou_doctor.arrays.source import Pair
from iou_doctor.diagnosis.pipeline import open_arrays
from iou_doctor.diagnosis.questions import AnyQuestion, OpenArrays, ScanSettings
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import IouDoctorError, SourceError
from iou_doctor.parts.fingerprint import fingerprint_files
from iou_doctor.parts.part import ModelPart, describe_model, unite
from iou_doctor.record import record
from iou_doctor.sources.files.bus_errors import BUS_ERRORS
from iou_doctor.sources.files.stamps import check_unchanged

AT_ONCE = 8
"""Answers that are merged together."""


@record
class Work:
    """What every process is told: how to open the arrays, and what they have to be."""

    request: CheckRequest
    """Only the fields that say where the arrays are."""
    fingerprint: str


@record
class Found:
    """An answer, and what the processes that found it know of the model."""

    answer: Any
    models: tuple[ModelPart, ...]


@record
class Refusal:
    """An error of the input in place of an answer: it would occur in every process."""

    error: IouDoctorError


class _Opened:
    """The arrays that this process has opened last."""

    def __init__(self) -> None:
        self.lock, self.model_lock = Lock(), Lock()
        self.work: Work | None = None
        self.pair: Pair | None = None

    def open(self, work: Work) -> Pair:
        """Return the arrays; they are opened if these are others.

        Raises:
            IouDoctorError: they cannot be opened, or are not those of the check.
        """
        with self.lock:
            if self.pair is None or self.work != work:
                pair = open_arrays(work.request)
                if fingerprint_files(pair.files) != work.fingerprint:
                    raise SourceError(
                        f"cannot read `{pair.y_pred.path}` on a worker: the content of the files is"
                        " not that where the check was started; give all workers the same files"
                    )
                self.work, self.pair = work, pair
            return self.pair


OPENED = _Opened()


def answer_block(block: range, question: AnyQuestion, work: Work) -> Found | Refusal:
    """Return the answer for some samples, or why there is none. This runs in another process."""
    try:
        pair = OPENED.open(work)
        arrays = OpenArrays(pair, ScanSettings(1, work.request.device), block)
        # without the latter, files would be copied out instead of mapped
        with np.errstate(over="ignore", invalid="ignore"), BUS_ERRORS.catch():
            if pair.model is None:
                answer = question.answer(arrays)
            else:
                with OPENED.model_lock:  # a model keeps one batch, which blocks would take turns in
                    getattr(pair.y_pred, "begin_at", int)(block.start)
                    answer = question.answer(arrays)
        check_unchanged(pair.files)
    except IouDoctorError as error:
        return Refusal(error)
    return Found(answer, describe_model(pair))


def merge_answers(question: AnyQuestion, answers: Sequence[Found | Refusal]) -> Found | Refusal:
    """Return the merged answers, or the first `Refusal` among them."""
    found = []
    for one in answers:
        if isinstance(one, Refusal):
            return one
        found.append(one)
    models = unite(model for one in found for model in one.models)
    return Found(question.merge([one.answer for one in found]), models)


def make_work(request: CheckRequest, fingerprint: str) -> Work:
    """Return what other processes have to know to open the same arrays."""
    model = None if request.model is None else replace(request.model, watch=None)
    alone = CheckRequest(
        predictions=request.predictions, masks=request.masks, model=model, device=request.device
    )
    return Work(alone, fingerprint)

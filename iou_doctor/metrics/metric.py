"""The metric that the user feeds: what its call says and how it reads arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.metrics.definition import Contract
from iou_doctor.metrics.input_spec import InputSpec, PixelContent
from iou_doctor.record import record


@record
class Signature:
    """A call that can stand in a user's code: its full name and its parameters in order."""

    name: str
    parameters: Mapping[str, Any]
    """Parameter to default; `...` where the call must name a value."""
    free: frozenset[str] = frozenset()
    """Parameters that hold data or do not change the number; any expression may stand there."""
    keywords: bool = False
    """Whether all parameters are given by name."""


@record
class Metric:
    """One metric object of the user's code. The arrays' encodings are judged for it."""

    name: str
    """The full name, `keras.metrics.MeanIoU`."""
    call: str
    """The call as the user wrote it, or as it would be written."""
    true: LabelDecoding
    """How it turns masks into class ids."""
    pred: LabelDecoding
    """How it turns predictions into class ids."""
    num_classes: int | None = None
    """`None` while it waits for the number of classes found in the arrays."""
    ignore_class: int | None = None
    target_class_ids: tuple[int, ...] | None = None
    """The classes in its mean; `None` for all."""
    threshold: float | None = None
    axis: int = -1
    """The axis over which it argmaxes, as written."""
    contract: Contract | None = None
    """What it computes, where it is none of Keras' metrics as a call names them."""
    ignores: bool = True
    """Whether the call says what is ignored; else the declared label goes to the metric."""

    @property
    def short_name(self) -> str:
        """The name as people say it, `MeanIoU`."""
        return re.split(r"[\[@]", self.name)[0].rpartition(".")[2]

    @property
    def true_labels(self) -> bool:
        """Whether it reads one class id from each value of the masks."""
        return self.true is LabelDecoding.LABELS

    @property
    def pred_labels(self) -> bool:
        """Whether it reads one class id from each value of the predictions."""
        return self.pred is LabelDecoding.LABELS

    @property
    def takes(self) -> InputSpec | None:
        """The arrays that it takes; `None` where it flattens whatever it gets."""
        flattens = self.contract is None or self.contract.pairing is not None
        return None if flattens or self.contract is None else self.contract.takes

    @property
    def class_axis(self) -> int | None:
        """Where the classes of mended arrays go, as in `Step`."""
        return None if self.takes is None or self.takes.axis == -1 else self.takes.axis

    @property
    def takes_scores(self) -> bool:
        """Whether it makes a class of the scores of a pixel."""
        if self.takes is None:
            return self.pred is LabelDecoding.ARGMAX_LAST
        return self.takes.predictions in {PixelContent.SCORES, PixelContent.EITHER}

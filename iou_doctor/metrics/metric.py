"""A metric as its call defines it, and how it reads arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.metrics.definition import Contract
from iou_doctor.metrics.input_spec import InputSpec, PixelContent
from iou_doctor.record import record

COUNTS = "(counts)"
"""The key under which the arguments of a call hold the settings of `get_stats` of smp."""
RESULT = "(result)"
"""The key under which the arguments of a call hold what is read from the metric's result: the
method or the key behind the call, such as `Mean_Intersection_over_Union` or `IoU`."""


@record
class Signature:
    """A call that iou-doctor understands: its full name, and its parameters in order."""

    name: str
    parameters: Mapping[str, object]
    """The default of each parameter; `...` if the call must give a value."""
    free: frozenset[str] = frozenset()
    """Parameters that hold data or do not change the number; any expression may appear there."""
    keywords: bool = False
    """Whether all parameters are given by name."""
    results: frozenset[str] = frozenset()
    """Keys and methods that take one of several numbers from the result."""
    guess: str = ""
    """What is assumed about a function that anybody may have written in another way."""
    refusal: str = ""
    """Why iou-doctor does not work out this metric, and what to name instead."""

    @property
    def root(self) -> str:
        """The library, the first part of the name."""
        return self.name.partition(".")[0]

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


@record
class Metric:
    """One metric object of the user's code. Checks judge the encodings of the arrays for it."""

    name: str
    """The full name, `keras.metrics.MeanIoU`."""
    call: str
    """The call as the user wrote it, or as it would be written."""
    y_true: LabelDecoding
    """How it turns masks into class ids."""
    y_pred: LabelDecoding
    """How it turns predictions into class ids."""
    num_classes: int | None = None
    """`None` until the number of classes is inferred from the arrays."""
    ignore_class: int | None = None
    target_class_ids: tuple[int, ...] | None = None
    """The classes in its mean; `None` for all."""
    threshold: float | None = None
    axis: int = -1
    """The axis over which it argmaxes, as written."""
    contract: Contract | None = None
    """What it computes; `None` for Keras' own metrics, whose module evaluates them."""
    call_error: str = ""
    """The error that the call itself raises, whatever the arrays hold."""
    dtype: str = ""
    """The type in which a metric of Keras counts, if the call says so."""
    ignores: bool = True
    """Whether the call names the ignore label; if not, the metric gets that of the options."""

    @property
    def short_name(self) -> str:
        """The last part of the name, for instance `MeanIoU`."""
        return re.split(r"[\[@]", self.name)[0].rpartition(".")[2]

    @property
    def of_channels(self) -> Metric:
        """This metric as it scores channels that overlap."""
        if self.contract is None or self.contract.of_channels is None:
            return self
        takes = replace(
            self.contract.takes, masks=PixelContent.ONE_HOT, predictions=PixelContent.SCORES
        )
        contract = replace(self.contract, choices=self.contract.of_channels, takes=takes)
        return replace(self, contract=contract)

    @property
    def reads_mask_labels(self) -> bool:
        """Whether it reads one class id from each value of the masks."""
        return self.y_true is LabelDecoding.LABELS

    @property
    def reads_prediction_labels(self) -> bool:
        """Whether it reads one class id from each value of the predictions."""
        return self.y_pred is LabelDecoding.LABELS

    @property
    def takes(self) -> InputSpec | None:
        """The arrays that it accepts; `None` if it flattens any arrays."""
        flattens = self.contract is None or self.contract.pairing is not None
        return None if flattens or self.contract is None else self.contract.takes

    @property
    def class_axis(self) -> int | None:
        """The axis on which repaired arrays have their classes, as in `Step`."""
        return None if self.takes is None or self.takes.axis == -1 else self.takes.axis

    @property
    def takes_scores(self) -> bool:
        """Whether it turns the scores of a pixel into a class."""
        if self.takes is None:
            return self.y_pred is LabelDecoding.ARGMAX_LAST
        return self.takes.predictions in {PixelContent.SCORES, PixelContent.EITHER}

"""The implementations that are known: one file each, and one line in a table of this file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Contract
from iou_doctor.metrics.libraries import (
    ade20k,
    cityscapes,
    detectron2,
    fast_hist,
    hf_evaluate,
    ignite,
    keras,
    keras_backend,
    kornia,
    mmseg,
    monai,
    nnunet,
    paddleseg,
    pascal_voc,
    plain,
    segmentation_models,
    sklearn,
    smp,
    tf_keras,
    torchmetrics,
    torchmetrics_segmentation,
    torchvision,
    ultralytics,
)
from iou_doctor.metrics.metric import Metric, Signature
from iou_doctor.metrics.score import ContractScore


class Implementation(Protocol):
    """What every file of this package defines."""

    CONTRACTS: tuple[Contract, ...]


class CallLibrary(Protocol):
    """What the file of a library defines whose metrics can be named by a call."""

    SIGNATURES: tuple[Signature, ...]

    def build_metric(self, name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
        """Return the metric of a parsed call.

        Args:
            name: the full name of the metric, one of `SIGNATURES`.
            arguments: a value for each parameter of the signature.
            call: the call as the user wrote it.

        Raises:
            UsageError: an argument has a value that is not supported.
        """


class Library(CallLibrary, Implementation, Protocol):
    """What the file of a library defines that is also shown beside the others."""


class KerasLibrary(Library, Protocol):
    """What the files of Keras and tf-keras define in addition.

    Their metrics flatten both arrays whatever they hold, and have too many settings to write a
    contract for each.
    """

    LIBRARY: str
    VERSIONS: str
    SIZES: str
    """The library's error for arrays that flatten to different lengths."""

    def evaluate(
        self,
        metric: Metric,
        pairs: PairCounts,
        *,
        num_classes: int,
        batch_size: int | None = None,
    ) -> ContractScore:
        """Return what the metric reports.

        Args:
            metric: a metric of this library.
            pairs: the label pairs as the metric reads them from the arrays.
            num_classes: for a metric whose call does not name it.
            batch_size: images in one update; `None`: all.
        """

    def describe_axis_error(self, metric: Metric) -> str | None:
        """Return the error that the metric's `axis` leads to, if any."""


KERAS_LIBRARIES: tuple[KerasLibrary, ...] = (keras, tf_keras)
LIBRARIES: tuple[Library, ...] = (
    *KERAS_LIBRARIES,
    torchmetrics,
    torchmetrics_segmentation,
    mmseg,
    hf_evaluate,
    sklearn,
    monai,
    smp,
    segmentation_models,
    ultralytics,
    detectron2,
    paddleseg,
    ignite,
    kornia,
    nnunet,
    torchvision,
)
"""The libraries whose metrics a call can name.

A short name such as `MeanIoU` means that of the first library in this table which has one.
"""
IDIOMS: tuple[Implementation, ...] = (
    fast_hist,
    ade20k,
    cityscapes,
    pascal_voc,
    keras_backend,
    plain,
)
"""Code that people copy, scripts of benchmarks and textbook definitions: no calls to parse."""

CONTRACTS: tuple[Contract, ...] = tuple(
    contract for one in (*LIBRARIES, *IDIOMS) for contract in one.CONTRACTS
)
"""All contracts, in the order in which they are reported."""

"""Stats -> Score: one file a library, and nothing outside Stats is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from iou_doctor.contracts import keras, tf_keras
from iou_doctor.metric import Metric, Signature
from iou_doctor.score import ContractScore
from iou_doctor.stats import PairCounts

__all__ = ["SIGNATURES", "contract_of", "failure", "keras", "not_replayed", "tf_keras"]


class Contract(Protocol):
    """What a module of this package offers for the metrics that a call can name."""

    LIBRARY: str
    VERSIONS: str
    SIGNATURES: tuple[Signature, ...]

    def metric_from_call(self, name: str, arguments: Mapping[str, Any], *, call: str) -> Metric:
        """Return the metric of a parsed call."""

    def evaluate(self, metric: Metric, pairs: PairCounts, *, num_classes: int) -> ContractScore:
        """Return what the metric reports for the table of its own pairing."""

    def size_error(self, true_size: int | None, pred_size: int | None) -> str:
        """Return the error of two arrays that flatten to different lengths."""

    def axis_error(self, metric: Metric) -> str | None:
        """Return the error that the metric's `axis` leads to, if any."""


_CONTRACTS: tuple[Contract, ...] = (keras, tf_keras)
"""The first one that has a metric of a short name is meant by it."""
SIGNATURES = tuple(signature for contract in _CONTRACTS for signature in contract.SIGNATURES)


def contract_of(metric_name: str) -> Contract:
    """Return the contract of a metric by its full name, one of `SIGNATURES`."""
    by_name = {
        signature.name: contract for contract in _CONTRACTS for signature in contract.SIGNATURES
    }
    return by_name[metric_name]


def failure(metric: Metric, error: str) -> ContractScore:
    """Return the score of a metric that raises."""
    contract = contract_of(metric.name)
    return ContractScore(metric.name, contract.LIBRARY, contract.VERSIONS, value=None, error=error)


def not_replayed(metric: Metric, why: str) -> ContractScore:
    """Return the score of a metric whose number is not worked out here."""
    contract = contract_of(metric.name)
    return ContractScore(metric.name, contract.LIBRARY, contract.VERSIONS, value=None, note=why)

"""How samples are dealt to processes that evaluate side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record


@record
class Sharding:
    """How samples are dealt to processes, and how their counts or values become one number.

    Source: torch 2.13.0, `torch/utils/data/distributed.py` with `shuffle=False`.
    """

    ranks: int
    """The number of processes. Sample i goes to process i modulo this number."""
    drops: bool = False
    """Whether the last samples are left out so that all processes have as many. Otherwise the first
    samples are repeated."""
    averages: bool = False
    """Whether the number is the mean of the processes' values. Otherwise counts are added up."""
    drops_last_batch: bool = False
    """Whether each process leaves out its last batch if that is smaller."""
    in_float32: bool = False
    """Whether counts are added up in float32."""

    def __str__(self) -> str:
        last = "without its last, smaller batch" if self.drops_last_batch else ""
        if self.ranks == 1:
            return f"one process {last}".rstrip()
        rest = "the last samples left out" if self.drops else "the first samples repeated"
        mean = ", their values averaged" if self.averages else ""
        return f"{self.ranks} processes, {rest}{mean}"

    def deal(self, samples: int, batch_size: int | None) -> list[NDArray[np.int64]]:
        """Return the samples of each process, in its order.

        Args:
            samples: the number of samples.
            batch_size: samples in a batch; `None` for all.
        """
        numbers = np.arange(samples, dtype=np.int64)
        each = samples // self.ranks if self.drops else -(-samples // self.ranks)
        numbers = np.resize(numbers, each * self.ranks) if samples else numbers
        dealt = [numbers[rank :: self.ranks] for rank in range(self.ranks)]
        if self.drops_last_batch and batch_size is not None:
            dealt = [own[: len(own) - len(own) % batch_size] for own in dealt]
        return dealt

    def changes(self, samples: int, batch_size: int | None) -> bool:
        """Return whether another number can result than from one process."""
        if self.averages and 1 < self.ranks < samples:
            return True
        kept = sum(map(len, self.deal(samples, batch_size)))
        return samples > self.ranks and kept not in {0, samples}

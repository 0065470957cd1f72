"""Evaluation by several processes: what becomes of samples that cannot be dealt evenly.

PyTorch's `DistributedSampler` repeats the first samples until all processes have as many, or leaves
out the last ones with `drop_last=True`. Metrics that add up their counts (torchmetrics) then count
some samples twice or not at all. Scripts that average the values of the processes (`all_reduce` and
a division, Horovod) report another number even if the samples can be dealt evenly. Compared with
torch 2.13.0 and gloo, with 2 to 4 processes; see `tests/metrics/record_distributed.py`.

The doctor's own conventions apply otherwise, as in `plain`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from iou_doctor.metrics.definition import Absent, Average, Choices, Contract, Ratio
from iou_doctor.metrics.libraries import plain
from iou_doctor.metrics.sharding import Sharding

RANKS = (2, 3, 4, 8)
"""The numbers of processes that are tried."""
_PLAIN = next(contract for contract in plain.CONTRACTS if contract.name == "plain.mean_iou")
_SCORES: dict[str, tuple[str, dict[str, Any]]] = {
    "mean_iou": ("mean IoU", {}),
    "mean_dice": ("mean Dice", {"ratio": Ratio.DICE}),
    "iou": ("IoU of class 1", {"average": Average.FOREGROUND, "absent": Absent.ZERO}),
    "dice": (
        "Dice of class 1",
        {"average": Average.FOREGROUND, "ratio": Ratio.DICE, "absent": Absent.ZERO},
    ),
}
"""The scores: their names, and their choices."""


def _list_shardings() -> Iterator[tuple[str, str, Sharding]]:
    """Yield what follows a score's name, the same in words, and what it means."""
    for ranks in RANKS:
        for drops in (False, True):
            for averages in (False, True):
                words = "the last samples left out" if drops else "the first samples repeated"
                mean = f"mean over {ranks} processes" if averages else f"{ranks} processes"
                options = [f"ranks={ranks}", *["drop_last"] * drops, *["mean"] * averages]
                sharding = Sharding(ranks, drops, averages)
                yield ", ".join(options), f"{mean}, {words}", sharding
    words = "the last, smaller batch left out"
    yield "last batch dropped", words, Sharding(1, drops_last_batch=True)
    yield (
        "ranks=2, float32",
        "2 processes, counts added up in float32",
        Sharding(2, in_float32=True),
    )


def _list_contracts() -> Iterator[Contract]:
    for score, (short, more) in _SCORES.items():
        choices: Choices = replace(_PLAIN.choices, **more)
        for options, words, sharding in _list_shardings():
            yield replace(
                _PLAIN,
                name=f"distributed.{score}[{options}]",
                library="distributed",
                short=f"{short}, {words}",
                choices=replace(choices, sharding=sharding),
                binary=choices.average is Average.FOREGROUND,
                common=False,
            )
        dropped = Sharding(1, drops_last_batch=True)
        yield replace(
            _PLAIN,
            name=f"distributed.{score}[last batch dropped, mean]",
            library="distributed",
            short=f"{short} of each batch, the last, smaller batch left out",
            choices=replace(choices, sharding=dropped, averages_batches=True),
            binary=choices.average is Average.FOREGROUND,
            common=False,
        )


CONTRACTS: tuple[Contract, ...] = tuple(_list_contracts())

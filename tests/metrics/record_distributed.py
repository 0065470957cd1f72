"""Record what several processes of torch.distributed report; not run by the tests.

    PYTHONPATH=tests:FOLDER_OF_TORCH python tests/metrics/record_distributed.py

It starts 2, 3 and 4 processes with gloo. Each reads its samples through `DistributedSampler` and
`DataLoader`, counts a confusion matrix, and takes part in `all_reduce`. `golden_distributed.json`
holds the arrays and a row for each contract: its name, the batch size, and the answer of rank 0.
Recorded with torch 2.13.0 and torchmetrics 1.9.0 on a CPU.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler
from torchmetrics import JaccardIndex

GOLDEN = Path(__file__).with_name("golden_distributed.json")
CASES = ((7, 3), (9, 2), (12, 4))
"""Samples and classes."""
BATCH_SIZES = (2, 4)


def draw(samples, classes):
    """Return masks and predictions of samples that differ in difficulty."""
    random = np.random.default_rng(samples)
    masks = random.integers(0, classes, (samples, 6, 8)).astype(np.int64)
    wrong = random.random(masks.shape) < np.linspace(0.05, 0.6, samples)[:, None, None]
    other = random.integers(0, classes, masks.shape)
    return masks, np.where(wrong, other, masks)


def count(loader, classes, dtype):
    matrix = torch.zeros(classes, classes, dtype=dtype)
    for truth, predicted in loader:
        cells = torch.bincount((truth * classes + predicted).ravel(), minlength=classes**2)
        matrix += cells.reshape(classes, classes).to(dtype)
    return matrix


def score(matrix, name):
    right = matrix.diagonal().double()
    truth, predicted = matrix.sum(1).double(), matrix.sum(0).double()
    iou, dice = right / (truth + predicted - right), 2 * right / (truth + predicted)
    ratios = iou if name.endswith("iou") else dice
    return ratios.nanmean() if name.startswith("mean") else ratios[1].nan_to_num(0)


def evaluate(rank, ranks, port, case, queue):
    """Evaluate one case in one of the processes, and put the answers of rank 0 into a queue."""
    address = f"tcp://127.0.0.1:{port}"
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=ranks)
    samples, classes = case
    data = TensorDataset(*map(torch.from_numpy, draw(samples, classes)))
    names = ["mean_iou", "mean_dice"] + (["iou", "dice"] if classes == 2 else [])
    rows = []
    for drops in (False, True):
        sampler = DistributedSampler(data, ranks, rank, shuffle=False, drop_last=drops)
        own = count(DataLoader(data, 2, sampler=sampler), classes, torch.int64)
        whole, halves = own.clone(), own.to(torch.float32)
        dist.all_reduce(whole)
        dist.all_reduce(halves)
        option = f"ranks={ranks}" + ", drop_last" * drops
        for name in names:
            mean = score(own, name)
            dist.all_reduce(mean)
            rows.append([f"distributed.{name}[{option}]", None, float(score(whole, name))])
            rows.append([f"distributed.{name}[{option}, mean]", None, float(mean / ranks)])
            if ranks == 2 and not drops:
                answer = float(score(halves, name))
                rows.append([f"distributed.{name}[ranks=2, float32]", None, answer])
        metric = JaccardIndex(task="multiclass", num_classes=classes)
        for truth, predicted in DataLoader(data, 2, sampler=sampler):
            metric.update(predicted, truth)
        synchronised = float(metric.compute())
        difference = abs(synchronised - float(score(whole, "mean_iou")))
        assert difference < 1e-6, "torchmetrics adds up the counts of all processes"
    if rank == 0:
        queue.put(rows)
    dist.destroy_process_group()


def drop_batches(case):
    """Return the answers of one process that leaves out its last, smaller batch."""
    samples, classes = case
    data = TensorDataset(*map(torch.from_numpy, draw(samples, classes)))
    rows = []
    for size in BATCH_SIZES:
        batches = list(DataLoader(data, size, drop_last=True))
        for name in ["mean_iou", "mean_dice"] + (["iou", "dice"] if classes == 2 else []):
            whole = score(count(batches, classes, torch.int64), name)
            each = [score(count([batch], classes, torch.int64), name) for batch in batches]
            start = f"distributed.{name}[last batch dropped"
            rows.append([f"{start}]", size, float(whole)])
            rows.append([f"{start}, mean]", size, float(torch.stack(each).mean())])
    return rows


def find_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def main():
    cases = []
    for case in CASES:
        rows = drop_batches(case)
        for ranks in (2, 3, 4):
            queue = mp.get_context("spawn").SimpleQueue()
            mp.spawn(evaluate, (ranks, find_port(), case, queue), nprocs=ranks)
            rows += queue.get()
        masks, predictions = draw(*case)
        cases.append(
            {
                "classes": case[1],
                "masks": masks.tolist(),
                "predictions": predictions.tolist(),
                "expect": rows,
            }
        )
    GOLDEN.write_text(json.dumps(cases, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

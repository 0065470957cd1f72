"""`python -m parts.measure`: the size of parts, and what it takes to merge and to report them.

The arrays are views of few images, so that they need no memory: 64 shards of 1 GiB, and a million
small images with names.
"""

# ruff: noqa: T201 - what it says goes to the terminal

from __future__ import annotations

import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.source import Pair
from iou_doctor.diagnosis.passes import Counts
from iou_doctor.diagnosis.pipeline import choose_settings
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.parts.file import read_part, write_part
from iou_doctor.parts.job import make_job
from iou_doctor.parts.look import look_over
from iou_doctor.parts.make_report import make_report
from iou_doctor.parts.part import merge_parts
from iou_doctor.parts.scan_shard import ShardScan
from iou_doctor.render import json_v1
from iou_doctor.sources.memory.array import ArraySource

CLASSES = 19
MILLION = 1_000_000


class Repeated(ArraySource):
    """A few images, again and again, with names."""

    def __init__(self, images, samples, *, named):
        super().__init__(images, "repeated")
        self.few = images
        self.shape = (samples, *images.shape[1:])
        self.chunk_shape = (1,) * len(self.shape)
        self.names = None
        if named:
            self.names = tuple(
                f"frankfurt_{number:06}_000019_leftImg8bit" for number in range(samples)
            )

    def get_sample_shape(self, index):  # noqa: ARG002
        return self.shape[1:]

    def read(self, window):
        first, stop, _ = window[0].indices(self.shape[0])
        return self.few[np.arange(first, stop) % len(self.few)][(slice(None), *window[1:])]


def make_images(number, side, seed, cell):
    """Return label maps with regions of some pixels, and predictions with errors."""
    rng = np.random.default_rng(seed)
    few = side // cell
    masks = np.stack(
        [
            rng.choice(rng.choice(CLASSES, 8, replace=False), (few, few))
            .repeat(cell, 0)
            .repeat(cell, 1)
            for _ in range(number)
        ]
    ).astype(np.uint8)
    wrong = rng.random(masks.shape) < 0.1
    near = np.roll(masks, (3, 2), (1, 2))
    return masks, np.where(wrong, near, masks).astype(np.uint8)


def scan(folder, pair, shards, *, of, request):
    """Return the parts of the first shards, all of the same size."""
    look = look_over(pair, request)
    job = make_job(pair, request, look.layout, of)
    places = []
    for shard in range(1, shards + 1):
        start = time.process_time()
        part = ShardScan(pair, job, look.questions, shard, choose_settings(request)).scan(
            keep=print
        )
        places.append(folder / f"{shard}.npz")
        write_part(places[-1], vary(part, seed=shard))
        if shard == 1:
            print(f"one shard is scanned in {time.process_time() - start:.1f} s of process time")
    return places


def vary(part, seed):
    """Return a part whose images differ, so that deflate finds no copies."""
    rng = np.random.default_rng(seed)
    answers = {}
    for key, answered in part.answers.items():
        answer = answered.answer
        if isinstance(answer, Counts):
            tables = {}
            for pairing, table in answer.stats.tables.items():
                factors = np.exp(rng.normal(0, 0.2, len(table)))
                counts = np.maximum(1, table.count * factors).astype(np.int64)
                tables[pairing] = table.replace(count=counts)
            answer = replace(answer, stats=replace(answer.stats, tables=tables))
        answers[key] = replace(answered, answer=answer)
    return replace(part, answers=answers)


def main() -> int:
    """Print all measurements."""
    request = CheckRequest(options=Options(num_classes=CLASSES), jobs=2, ledger="off")
    with tempfile.TemporaryDirectory() as name:
        if "merge" in sys.argv or len(sys.argv) == 1:
            measure_merge(Path(name), request)
        if "million" in sys.argv or len(sys.argv) == 1:
            measure_million(Path(name), request)
        if "few" in sys.argv or len(sys.argv) == 1:
            measure_few(Path(name), request)
    return 0


def measure_merge(folder: Path, request: CheckRequest) -> None:
    """64 shards of 1 GiB: 2048 pairs of 512 x 512 labels each."""
    masks, predictions = make_images(64, 512, 0, 32)
    samples = 64 * 2048
    pair = Pair(Repeated(masks, samples, named=True), Repeated(predictions, samples, named=True))
    places = scan(folder, pair, 64, of=64, request=request)
    parts, read = _time("64 parts are read", lambda: [read_part(str(place)) for place in places])
    whole, merged = _time("64 parts are merged", lambda: merge_parts(parts))
    print(f"together {read + merged:.2f} s of process time")
    _describe(whole, places)
    _time("the report takes", lambda: json_v1.render(make_report(whole, request)))


def measure_million(folder: Path, request: CheckRequest) -> None:
    """A million images of 64 x 64, with names, in 16 parts."""
    masks, predictions = make_images(1000, 64, 1, 16)
    pair = Pair(Repeated(masks, MILLION, named=True), Repeated(predictions, MILLION, named=True))
    places = scan(folder, pair, 16, of=16, request=request)
    del pair
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start = time.process_time()
    whole = merge_parts([read_part(str(place)) for place in places])
    report = make_report(whole, request)
    json_v1.render(report)
    print(f"a million images: the report takes {time.process_time() - start:.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"and at most {peak:.2f} GiB of memory ({before:.2f} before)")
    _describe(whole, places)


def measure_few(folder: Path, request: CheckRequest) -> None:
    """Two parts of 20 to 20,000 images of 128 x 128, of which 3,000 follow before they repeat."""
    for images in (20, 200, 2000, 20_000):
        masks, predictions = make_images(min(images, 3000), 128, 2, 8)
        pair = Pair(Repeated(masks, images, named=True), Repeated(predictions, images, named=True))
        print(f"{images:,} images:")
        places = scan(folder, pair, 2, of=2, request=request)
        _describe(merge_parts([read_part(str(place)) for place in places]), places)


def _time(what, work):
    start = time.process_time()
    result = work()
    took = time.process_time() - start
    print(f"{what}: {took:.2f} s of process time")
    return result, took


def _describe(whole, places):
    """Print the bytes of all parts, by what takes them."""
    counts = next(one for key, one in whole.answers.items() if '"kind": "count"' in key)
    cells = sum(len(table) for table in counts.answer.stats.tables.values())
    sizes: Counter[str] = Counter()
    for place in places:
        with zipfile.ZipFile(place) as archive:
            members = archive.infolist()
        for each in members:
            sizes[_name_kind(each.filename)] += each.compress_size
        sizes["the archive"] += place.stat().st_size - sum(one.compress_size for one in members)
    total = sum(sizes.values())
    print(f"{total / 2**20:.2f} MiB for {cells:,} cells, in bytes for each cell:")
    for kind, size in [*sizes.most_common(), ("together", total)]:
        print(f"  {kind:12} {size / cells:6.2f}")


def _name_kind(member):
    kinds = {"pairs": "cells", "kinds": "kinds", "sums": "sums", "names": "names"}
    maps = dict.fromkeys(("many", "fine", "crops", "y_true", "y_pred"), "maps")
    words = member.replace("_", "/").split("/")
    found = next((word for word in words if word.rstrip("0123456789.npy") in kinds), None)
    if found is not None:
        return kinds[found.rstrip("0123456789.npy")]
    return next((maps[word] for word in member.split("/") if word in maps), "the rest")


if __name__ == "__main__":
    sys.exit(main())

"""`python -m parts.casebook`: compare the reports of parts with those of checks, on sick cases.

With `--dask 3`, the reports of a Dask cluster of three workers are compared instead.
"""

# ruff: noqa: T201 - what it says goes to the terminal

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from casebook import sick
from casebook.cases import Case

from iou_doctor.api.request import build_request
from iou_doctor.diagnosis import pipeline
from iou_doctor.diagnosis.pipeline import open_arrays
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import IouDoctorError
from iou_doctor.render import json_v1
from iou_doctor.report.report import Report
from parts.sharded import compare


def main() -> int:
    """Compare the cases that the command line names; return 1 if a report differs."""
    parser = argparse.ArgumentParser("parts.casebook", description=__doc__)
    parser.add_argument("--rule", help="only the cases of this rule")
    parser.add_argument("--shards", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="only every Nth case")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--dask", type=int, help="workers of a Dask cluster in place of parts")
    options = parser.parse_args()
    cases = [case for case in sick.cases() if options.rule in (None, case.sick.rule)]
    cases = cases[:: options.every]
    if options.dask:
        told = tell_of_dask(cases, options.dask)
    else:
        with ProcessPoolExecutor(options.jobs) as pool:
            told = list(pool.map(partial(tell, options.shards), cases, chunksize=4))
    for case, line in zip(cases, told, strict=True):
        if not line.isdigit():
            print(f"{case.sick.rule}, {case.sick.label}, {case.place}: {line}")
    exact = sum(line.isdigit() for line in told)
    first = sum(line == "1" for line in told)
    print(f"{exact} of {len(told)} are the same, {first} of them in the first round")
    return int(exact < len(told))


def tell(shards: int, case: Case) -> str:
    """Return the number of rounds, or where the two reports differ."""
    arrays = case.build()
    request = build_request({"y_true": arrays.y_true, "y_pred": arrays.y_pred, **arrays.options})
    try:
        with tempfile.TemporaryDirectory() as folder:
            wanted, found, rounds = compare(open_arrays(request), request, shards, folder)
    except IouDoctorError as error:
        return f"{type(error).__name__}: {error}"
    return _differ(wanted, found) or str(rounds)


def tell_of_dask(cases: list[Case], workers: int) -> list[str]:
    """Return for each case 1, or where the report of a cluster differs."""
    from dask.distributed import LocalCluster

    from iou_doctor.engines import dask

    told = []
    options = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with LocalCluster(n_workers=workers, **options) as cluster, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in cases:
            arrays = case.build()
            with tempfile.TemporaryDirectory() as folder:
                named = {"y_true": arrays.y_true, "y_pred": arrays.y_pred}
                request = build_request({**_save(named, folder), **arrays.options})
                on_cluster = partial(dask.check, scheduler=cluster.scheduler_address)
                wanted, found = (_render(check, request) for check in (pipeline.check, on_cluster))
            told.append(_differ(wanted, found) or "1")
    return told


def _render(check: Callable[[CheckRequest], Report], request: CheckRequest) -> str:
    """Return a report as JSON, or why there is none: some cases cannot be stored as files."""
    try:
        return json_v1.render(check(request))
    except IouDoctorError as error:
        return str(error)


def _save(arrays: dict[str, Any], folder: str) -> dict[str, str]:
    """Save arrays, and return their paths: workers open files."""
    paths = {name: str(Path(folder) / f"{name}.npy") for name in arrays}
    for name, array in arrays.items():
        np.save(paths[name], array)
    return paths


def _differ(wanted: str, found: str) -> str:
    """Return where two reports differ; nothing if they are the same."""
    lines = zip(wanted.splitlines(), found.splitlines(), strict=False)
    return next(
        (f"{one.strip()} became {other.strip()}" for one, other in lines if one != other), ""
    )


if __name__ == "__main__":
    sys.exit(main())

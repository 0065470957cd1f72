"""`python -m parts.casebook`: compare the reports of parts with those of checks, on sick cases."""

# ruff: noqa: T201 - what it says goes to the terminal

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from casebook import sick
from casebook.cases import Case

from iou_doctor.api.request import build_request
from iou_doctor.diagnosis.pipeline import open_arrays
from iou_doctor.errors import IouDoctorError
from parts.sharded import compare


def main() -> int:
    """Compare the cases that the command line names; return 1 if a report differs."""
    parser = argparse.ArgumentParser("parts.casebook", description=__doc__)
    parser.add_argument("--rule", help="only the cases of this rule")
    parser.add_argument("--shards", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="only every Nth case")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    cases = [case for case in sick.cases() if options.rule in (None, case.sick.rule)]
    with ProcessPoolExecutor(options.jobs) as pool:
        told = list(pool.map(partial(tell, options.shards), cases[:: options.every], chunksize=4))
    for case, line in zip(cases[:: options.every], told, strict=True):
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
    if wanted == found:
        return str(rounds)
    lines = zip(wanted.splitlines(), found.splitlines(), strict=False)
    return next(
        (f"{one.strip()} became {other.strip()}" for one, other in lines if one != other), ""
    )


if __name__ == "__main__":
    sys.exit(main())

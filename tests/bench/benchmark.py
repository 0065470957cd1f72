"""The results of a whole run, as they are kept in `results.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.machine import describe_machine, list_versions
from bench.results import Result, read_result

KEPT = Path(__file__).with_name("results.json")
"""The run that the documentation shows."""


@dataclass(frozen=True)
class Benchmark:
    """The results of a run, and on what it ran."""

    results: tuple[Result, ...]
    machine: str
    versions: dict[str, str]
    kernels: str
    """What counted, in words."""

    @classmethod
    def of_this_machine(cls, results: Sequence[Result], kernels: str) -> Benchmark:
        """Return results that were measured here."""
        return cls(tuple(results), describe_machine(), list_versions(), kernels)

    @classmethod
    def read(cls, path: Path) -> Benchmark:
        """Read what `write` stored."""
        stored = json.loads(path.read_text(encoding="utf-8"))
        results = tuple(map(read_result, stored["cases"]))
        return cls(results, stored["machine"], stored["versions"], stored["kernels"])

    def update(self, newer: Benchmark) -> Benchmark:
        """Return these results with those rows replaced that a later run measured.

        Raises:
            ValueError: it ran on another machine, or with other kernels.
        """
        if (newer.machine, newer.kernels) != (self.machine, self.kernels):
            raise ValueError(f"the other rows are of {self.machine}, with {self.kernels}")
        names = {result.case.name for result in newer.results}
        others = [result for result in self.results if result.case.name not in names]
        return replace(newer, results=(*others, *newer.results))

    def write(self, path: Path) -> None:
        """Write everything to a JSON file."""
        stored = {
            "machine": self.machine,
            "versions": self.versions,
            "kernels": self.kernels,
            "cases": [result.to_json() for result in self.results],
        }
        path.write_text(json.dumps(stored, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

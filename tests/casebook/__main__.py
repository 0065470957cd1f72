"""`python -m casebook`: run the whole casebook and print what came out."""

# ruff: noqa: T201 - what it says goes to the terminal

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from casebook import blocks, both, combinations, cost, healthy, real, sick
from casebook.both import Told
from casebook.cases import Case
from casebook.healthy import Healthy
from casebook.verdicts import Alarm, Seen, built, listen, see

LEAST_RIGHT = 0.97
MOST_WARNINGS = 0.01
CHUNK = 12

Row = tuple[str, ...]
Item = TypeVar("Item", Case, Healthy)
HEAD: Row = ("rule", "cases", "root cause right", "repairs right")


def main() -> int:
    """Run what the command line asks for; return 1 where the bar is missed."""
    parser = argparse.ArgumentParser("casebook", description=__doc__)
    parser.add_argument("--rule", help="only the sick cases of this rule")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--cost", action="store_true", help="time the checks against the scan")
    parser.add_argument("--blocks", action="store_true", help="run the blocks to paste instead")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    if options.cost:
        return cost.main()
    cases = [case for case in sick.cases() if options.rule in (None, case.sick.rule)]
    if not cases:
        parser.error(f"no case is of the rule {options.rule!r}")
    variants = [] if options.rule else list(healthy.variants())
    pairs = [] if options.rule else list(range(len(list(combinations.pairs()))))
    if options.blocks:
        return _run_blocks(cases, pairs, options.jobs)
    with ProcessPoolExecutor(options.jobs) as pool:
        seen = list(pool.map(see, cases, chunksize=CHUNK))
        told = list(pool.map(combinations.tell_numbered, pairs, chunksize=CHUNK))
        alarms = [alarm for alarm in pool.map(listen, variants, chunksize=CHUNK) if alarm]
    _print_table(seen, markdown=options.markdown)
    if variants:
        print(_healthy_line(len(variants), alarms))
        print(both.line(told))
    if not options.markdown:
        _print_offenders(seen, alarms)
        _print_half_told(told)
    right = _passes(seen, alarms, len(variants)) and (not told or both.passes(told))
    return 0 if right else 1


def _run_blocks(cases: Sequence[Case], pairs: Sequence[int], jobs: int) -> int:
    """Run the block of each case and pair; print those that break their promise."""
    with ProcessPoolExecutor(jobs) as pool:
        pasted = list(pool.map(blocks.paste, cases, chunksize=CHUNK))
        pasted += pool.map(blocks.paste_numbered, pairs, chunksize=CHUNK)
    for one in pasted:
        if not one.right:
            print(f"{one.name}: promised {one.promised:.4f}, got {one.got}\n{one.code}\n")
        elif one.is_repaired and one.promised is None:
            print(f"{one.name}: no block")
    print(blocks.line(pasted))
    return 0 if all(one.right for one in pasted) else 1


def _passes(seen: Sequence[Seen], alarms: Sequence[Alarm], variants: int) -> bool:
    right = sum(case.right for case in seen) >= LEAST_RIGHT * len(seen)
    restored = all(case.restored for case in seen if case.judged)
    quiet = sum(bool(alarm.warnings) for alarm in alarms) <= MOST_WARNINGS * variants
    return right and restored and quiet and not any(alarm.errors for alarm in alarms)


def _row(name: str, seen: Sequence[Seen]) -> Row:
    judged = [case for case in seen if case.judged]
    restored = f"{sum(case.restored for case in judged)} of {len(judged)}" if judged else "–"
    return name, str(len(seen)), str(sum(case.right for case in seen)), restored


def _print_table(seen: Sequence[Seen], *, markdown: bool) -> None:
    rules = dict.fromkeys(case.case.sick.rule for case in seen)
    rows = [_row(rule, [case for case in seen if case.case.sick.rule == rule]) for rule in rules]
    rows.append(_row("all", seen))
    if markdown:
        for row in (HEAD, ("---", "---:", "---:", "---:"), *rows):
            print(f"| {' | '.join(row)} |")
        return
    for row in (HEAD, *rows):
        print(f"{row[0]:38}{row[1]:>7}{row[2]:>18}{row[3]:>16}")


def _healthy_line(variants: int, alarms: Sequence[Alarm]) -> str:
    errors = sum(bool(alarm.errors) for alarm in alarms)
    warned = sum(bool(alarm.warnings) for alarm in alarms)
    off = sum(alarm.off is not None for alarm in alarms)
    missing = real.missing()
    note = f"; real data skipped: {missing}" if missing else ""
    return (
        f"\nhealthy: {variants} variants, {errors} with an error, {warned} with a warning,"
        f" {off} misscored{note}\n"
    )


def _print_offenders(seen: Sequence[Seen], alarms: Sequence[Alarm]) -> None:
    for case in seen:
        if not case.right:
            state = "" if built(case.case.sick.rule) else " (not built)"
            print(f"wrong cause  {case.case.sick.rule}{state}: {case.case.name}: got {case.got}")
    for case in seen:
        if case.judged and not case.restored:
            print(
                f"wrong repair {case.case.sick.rule}: {case.case.name}: {_number(case.repaired)},"
                f" all {_number(case.after_all)}, wanted {_number(case.wanted)}"
            )
    for alarm in alarms:
        off = "" if alarm.off is None else f" score off by {alarm.off:+.4f}"
        errors, warnings = ", ".join(alarm.errors), ", ".join(alarm.warnings)
        print(f"false alarm  {alarm.variant}: errors [{errors}] warnings [{warnings}]{off}")


def _print_half_told(told: Sequence[Told]) -> None:
    for one in told:
        if not one.right:
            print(
                f"two at once  {one.name}: got {', '.join(one.roots) or 'nothing'},"
                f" all {_number(one.after_all)}, wanted {_number(one.wanted)}"
            )


def _number(score: float | None) -> str:
    return "none" if score is None else f"{score:.4f}"


if __name__ == "__main__":
    sys.exit(main())

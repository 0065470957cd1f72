"""Count label maps in threads that need no Python, while this one does something else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice

from iou_doctor.arrays.batch import Batch
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.record import record
from iou_doctor.scan.batch_plan import BatchPlan
from iou_doctor.scan.native.count_batch import PreparedBatch, make_counts, prepare_batch
from iou_doctor.scan.native.crew import Crew
from iou_doctor.scan.native.library import Kernels
from iou_doctor.scan.native.pick_labels import PreparedPicks
from iou_doctor.scan.probing import Wanted
from iou_doctor.scan.threads import map_in_order

AT_ONCE = 16
"""The maximum number of parts that are handed out together. They stay mapped until all of them are
counted."""


def count_ahead(
    kernels: Kernels,
    plan: BatchPlan,
    batches: Iterable[Batch],
    helpers: int,
    meanwhile: Callable[[], object] | None,
) -> Iterator[tuple[int, list[Stats]]]:
    """Yield the last sample and the Stats of each part, in order.

    Args:
        kernels: the native kernels.
        plan: what to count.
        batches: views of both arrays.
        helpers: the number of threads besides this one.
        meanwhile: called once, while the others count.
    """
    parts = (part for batch in batches for part in plan.split(batch))
    while some := list(islice(parts, AT_ONCE)):
        done = 0
        for stats in _count_together(kernels, plan, some, helpers, meanwhile):
            yield int(some[done].samples[-1]), [stats]
            done += 1
        if done < len(some):  # NumPy has to count this one, and probably all that come
            rest = chain(some[done:], parts)
            yield from map_in_order(partial(_count_by_itself, plan), rest, jobs=helpers + 1)
        meanwhile = None


def _count_by_itself(plan: BatchPlan, part: Batch) -> tuple[int, list[Stats]]:
    return int(part.samples[-1]), plan.count_parts(part)


def _count_together(
    kernels: Kernels,
    plan: BatchPlan,
    parts: Sequence[Batch],
    helpers: int,
    meanwhile: Callable[[], object] | None,
) -> Iterator[Stats]:
    """Yield the Stats of some parts, until the first one that only NumPy can count."""
    known = list(_prepare(kernels, plan, parts))
    labels, picks = [one.counted.labels for one in known], [one.picks for one in known]
    crew = Crew(kernels, labels, picks, plan.scratch, helpers)
    try:
        if meanwhile is not None:
            meanwhile()
        for number, one in enumerate(known):
            stats = _finish(plan, one, crew.count(number))
            if stats is None:
                return
            yield stats
    finally:
        crew.stop()


@record
class _Part:
    """A part whose labels the kernels can count."""

    counted: PreparedBatch
    wanted: list[Wanted]
    """What the probe keeps of its label maps."""
    picks: list[PreparedPicks]
    """The same, as the kernels take it."""


def _prepare(kernels: Kernels, plan: BatchPlan, parts: Iterable[Batch]) -> Iterator[_Part]:
    """Yield what the kernels need, until the first part that only NumPy can count."""
    for part in parts:
        counted = prepare_batch(kernels, part, plan.layout, plan.pairings, plan.scratch)
        if counted is None:
            return
        wanted: list[Wanted] = []
        if plan.probe:
            true, pred = plan.fit_maps(part, *counted.name_maps())
            wanted = list(plan.probe.choose(part, y_true=true, y_pred=pred))
        yield _Part(counted, wanted, [one.prepare() for one in wanted])


def _finish(plan: BatchPlan, part: _Part, tables: list[PairCounts] | None) -> Stats | None:
    """Return the Stats of a part; `None` if NumPy has to count it."""
    counted = None if tables is None else make_counts(part.counted, tables)
    if counted is None:
        return None
    for one, picks in zip(part.wanted, part.picks, strict=True):
        one.keep(picks.picked)
    return plan.make_stats(part.counted.batch, counted)

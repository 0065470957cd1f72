"""Count label maps in threads that need no Python, while this one does something else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
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

WAITING, WAITING_FOR_EACH = 16, 4
"""The number of parts that wait to be counted or collected, and how many more for each helper. Each
stays mapped until it is collected."""


def count_ahead(
    kernels: Kernels,
    plan: BatchPlan,
    batches: Iterable[Batch],
    helpers: int,
    meanwhile: Callable[[], object] | None,
) -> Generator[tuple[int, list[Stats]], None, None]:
    """Yield the last sample and the Stats of each part, in order.

    Args:
        kernels: the native kernels.
        plan: what to count.
        batches: views of both arrays.
        helpers: the number of threads besides this one.
        meanwhile: called once, while the others count.
    """
    most = WAITING + WAITING_FOR_EACH * helpers
    parts = (part for batch in batches for part in plan.split(batch))
    waiting: deque[tuple[Batch, _Part | None]] = deque()
    crew = Crew(kernels, plan.scratch, helpers, most)

    def hand_out(count: int) -> None:
        for part in islice(parts, count):
            waiting.append((part, _submit(kernels, plan, part, crew)))

    try:
        hand_out(most)
        if meanwhile is not None:
            meanwhile()
        while waiting:
            part, prepared = waiting[0]
            stats = None if prepared is None else _finish(plan, prepared, crew.take())
            if stats is None:
                break
            del waiting[0]
            yield int(part.samples[-1]), [stats]
            hand_out(1)
    finally:
        crew.stop()
    if waiting:  # NumPy has to count the first one, and probably all that come
        rest = chain((part for part, _ in waiting), parts)
        yield from map_in_order(partial(_count_by_itself, plan), rest, jobs=helpers + 1)


def _count_by_itself(plan: BatchPlan, part: Batch) -> tuple[int, list[Stats]]:
    return int(part.samples[-1]), plan.count_parts(part)


@record
class _Part:
    """A part whose labels the kernels can count."""

    counted: PreparedBatch
    wanted: list[Wanted]
    """What the probe keeps of its label maps."""
    picks: list[PreparedPicks]
    """The same, as the kernels take it."""


def _submit(kernels: Kernels, plan: BatchPlan, part: Batch, crew: Crew) -> _Part | None:
    """Let the crew count a part; return `None` if only NumPy can count it."""
    counted = prepare_batch(kernels, part, plan.layout, plan.pairings, plan.scratch)
    if counted is None:
        return None
    wanted: list[Wanted] = []
    if plan.probe:
        true, pred = plan.fit_maps(part, *counted.name_maps())
        wanted = list(plan.probe.choose(part, y_true=true, y_pred=pred))
    prepared = _Part(counted, wanted, [one.prepare() for one in wanted])
    crew.submit(counted.labels, prepared.picks)
    return prepared


def _finish(plan: BatchPlan, part: _Part, tables: list[PairCounts] | None) -> Stats | None:
    """Return the Stats of a part; `None` if NumPy has to count it."""
    counted = None if tables is None else make_counts(part.counted, tables)
    if counted is None:
        return None
    for one, picks in zip(part.wanted, part.picks, strict=True):
        one.keep(picks.picked)
    return plan.make_stats(part.counted.batch, counted)

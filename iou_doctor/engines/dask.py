"""Run a check on a Dask cluster: one there is, or one of the cores of this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from iou_doctor.arrays.layout import Layout
from iou_doctor.diagnosis.pipeline import open_arrays, report_on
from iou_doctor.diagnosis.questions import Answer, Progress, Question
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.understanding import infer_layout, parse_metric
from iou_doctor.engines.blocks import (
    AT_ONCE,
    Found,
    Refusal,
    Work,
    answer_block,
    make_work,
    merge_answers,
)
from iou_doctor.errors import SourceError, UsageError
from iou_doctor.parts.job import make_job
from iou_doctor.parts.part import ModelPart, describe_model
from iou_doctor.parts.recorded import RecordedModel
from iou_doctor.record import record
from iou_doctor.report.report import Report
from iou_doctor.scan.threads import count_usable_cores

RETRIES = 3
"""How often a block is counted again after an error of a worker, or its loss."""
BLOCKS_PER_WORKER = 8
"""Blocks for each thread of a worker: few enough to cost little, enough to share the work."""
MISSING = (
    '--engine dask: Dask is missing; `pip install "iou-doctor[dask]"` installs it, or leave out'
    " --engine"
)
TIMEOUT = 30
"""Seconds to wait for the scheduler."""


@record
class DaskArrays:
    """Answers questions on the workers of a cluster."""

    client: Any
    work: Work
    layout: Layout
    """What the axes mean, as it was decided where the check was started."""
    blocks: tuple[range, ...]
    models: list[ModelPart]
    """What all processes know of the model."""
    progress: Progress | None = None

    @property
    def can_read(self) -> bool:
        """Whether every question can be answered: the workers have the arrays."""
        return True

    @property
    def fallbacks(self) -> tuple[()]:
        """What a worker's processor counted in place of its GPU is not known here."""
        return ()

    def ask(self, question: Question[Answer]) -> Answer:
        """Return the answer for all samples.

        Raises:
            IouDoctorError: an input cannot be read, or the cluster is lost.
        """
        told = {"question": question, "work": self.work}
        futures = self.client.map(answer_block, self.blocks, **told, retries=RETRIES, pure=False)
        whole = self._merge(question, futures)
        samples, done = dict(zip([one.key for one in futures], self.blocks, strict=True)), 0
        for future in _load_dask().as_completed(futures):
            done += len(samples[future.key])
            if self.progress:
                self.progress(done, self.layout.samples)
        with _translate_errors():
            found: Found | Refusal = whole.result()
        if isinstance(found, Refusal):
            raise found.error
        self.models.extend(found.models)
        return found.answer  # type: ignore[no-any-return]  # what a worker returns has no type

    def _merge(self, question: Question[Answer], futures: Sequence[Any]) -> Any:
        """Return the future of the merged answer, by a tree of a few answers each."""
        while True:
            groups = [futures[place : place + AT_ONCE] for place in range(0, len(futures), AT_ONCE)]
            futures = [
                self.client.submit(merge_answers, question, group, retries=RETRIES, pure=False)
                for group in groups
            ]
            if len(futures) == 1:
                return futures[0]


def check(
    request: CheckRequest, *, scheduler: str | None = None, progress: Progress | None = None
) -> Report:
    """Return the Report on arrays, counted by the workers of a Dask cluster.

    Args:
        request: what to check, and how.
        scheduler: the address of the cluster's scheduler; `None`: processes of this machine.
        progress: called with the number of samples done and in total.

    Raises:
        UsageError: Dask is missing, there is no scheduler, or options do not go together.
        SourceError: a file cannot be read, here or on a worker.
        ReadingError: the arrays cannot be understood.
    """
    with ExitStack() as stack:
        client = stack.enter_context(_connect(scheduler, request.jobs))
        pair = open_arrays(request)
        _, metric = parse_metric(pair, request)
        layout = infer_layout(pair, metric)
        threads = max(1, sum(client.nthreads().values()))
        job = make_job(pair, request, layout, min(layout.samples, threads * BLOCKS_PER_WORKER) or 1)
        blocks = [job.list_samples(number) for number in range(1, job.shards + 1)]
        some = tuple(block for block in blocks if len(block)) or (range(0),)
        models = [*describe_model(pair)]
        work = make_work(request, job.fingerprint)
        arrays = DaskArrays(client, work, layout, some, models, progress)
        model = RecordedModel(models) if models else None
        return report_on(replace(pair, model=model), request, arrays)


@contextmanager
def _connect(scheduler: str | None, jobs: int | None) -> Iterator[Any]:
    """Yield the client of a cluster; one of this machine ends with the block.

    Raises:
        UsageError: Dask is missing, or there is no scheduler at the address.
    """
    library = _load_dask()
    with ExitStack() as stack:
        if scheduler is None:
            cluster = library.LocalCluster(
                n_workers=jobs or count_usable_cores(),
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.ERROR,
            )
            yield stack.enter_context(library.Client(stack.enter_context(cluster)))
            return
        try:
            client = library.Client(scheduler, timeout=TIMEOUT)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"--scheduler {scheduler}: no Dask scheduler answers there ({error}); give its"
                " address, for instance tcp://10.0.0.1:8786"
            ) from error
        yield stack.enter_context(client)


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Turn the loss of the cluster into a `SourceError`."""
    library = _load_dask()
    try:
        yield
    except (library.CancelledError, library.KilledWorker, OSError) as error:
        raise SourceError(
            "--engine dask: the cluster was lost, or a block ended each worker that took it"
            f" ({error}); give the workers more memory, or start fewer on a machine"
        ) from error


def _load_dask() -> Any:
    """Return the module `dask.distributed`, which has no types.

    Raises:
        UsageError: Dask is missing.
    """
    try:
        import dask.distributed
    except ImportError as error:
        raise UsageError(MISSING) from error
    return dask.distributed

"""What the workers of a Dask cluster count is what one process counts, even if one is lost."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from parts.test_same_report import make_labels, make_scores
from PIL import Image
from typer.testing import CliRunner

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.model import ModelOptions
from iou_doctor.cli.app import build_app
from iou_doctor.diagnosis import pipeline
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.engines.blocks import answer_block, make_work
from iou_doctor.errors import SourceError, UsageError
from iou_doctor.parts.fingerprint import fingerprint_files
from iou_doctor.render import json_v1
from iou_doctor.sources.files.bus_errors import BUS_ERRORS, IS_SUPPORTED

dask = pytest.importorskip("iou_doctor.engines.dask")


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("dask.distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as started:
        yield started


def save(folder, masks, predictions, **more):
    np.save(folder / "m.npy", masks)
    np.save(folder / "p.npy", predictions)
    return CheckRequest(predictions=str(folder / "p.npy"), masks=str(folder / "m.npy"), **more)


class AreFilesMapped:
    """A question about how the arrays are read."""

    def answer(self, _arrays):
        return BUS_ERRORS.can_map


@pytest.mark.skipif(not IS_SUPPORTED, reason="files are mapped on Linux and Windows only")
def test_a_worker_maps_files(tmp_path):
    request = save(tmp_path, *make_labels())
    fingerprint = fingerprint_files(pipeline.open_arrays(request).files)
    found = answer_block(range(1), AreFilesMapped(), make_work(request, fingerprint))
    assert found.answer is True


def as_json(report):
    return json_v1.render(report)


@pytest.mark.slow
def test_a_lost_worker_changes_nothing(cluster, tmp_path):
    """Samples in another order take a second pass, during which one worker is killed as well."""
    masks, predictions = make_labels(samples=40)
    order = np.random.default_rng(0).permutation(40)
    options = Options(num_classes=4)
    request = save(tmp_path, masks, predictions[order], options=options, all_implementations=True)
    killed = []

    def kill_one(done, total):
        assert 0 < done <= total == 40
        if len(killed) < 2 and done < total:
            victim = next(iter(cluster.workers.values()))
            if victim.pid is not None and victim.pid not in killed:
                killed.append(victim.pid)
                os.kill(victim.pid, signal.SIGKILL)

    found = dask.check(request, scheduler=cluster.scheduler_address, progress=kill_one)
    assert killed
    wanted = pipeline.check(request)
    assert wanted.primary.rule.name == "shuffled-samples"
    assert as_json(found) == as_json(wanted)


@pytest.mark.slow
def test_scores_and_folders_and_errors(cluster, tmp_path):
    address = cluster.scheduler_address
    request = save(tmp_path, *make_scores())
    assert as_json(dask.check(request, scheduler=address)) == as_json(pipeline.check(request))
    masks, predictions = make_labels()
    for name, stack in (("masks", masks), ("predictions", predictions)):
        (tmp_path / name).mkdir()
        for number, labels in enumerate(stack):
            Image.fromarray(labels[: 20 + number]).save(tmp_path / name / f"{number}.png")
    folders = replace(
        request, masks=str(tmp_path / "masks"), predictions=str(tmp_path / "predictions")
    )
    assert as_json(dask.check(folders, scheduler=address)) == as_json(pipeline.check(folders))
    damaged = tmp_path / "predictions" / "3.png"
    damaged.write_bytes(damaged.read_bytes()[:60])
    with pytest.raises(SourceError, match=r"3\.png"):
        dask.check(folders, scheduler=address)


@pytest.mark.slow
def test_workers_tell_what_they_know_of_a_model(cluster, tmp_path):
    """The output differs only in a sample that no process but one has predicted."""
    masks, images = (np.tile(one, (4, *[1] * (one.ndim - 1))) for one in make_scores())
    images *= 0.1
    images += np.arange(len(images), dtype=np.float32)[:, None, None, None] * 1e-4
    images[20] *= 10
    request = replace(
        save(tmp_path, masks, images, options=Options(num_classes=4)),
        predictions=lambda batch: np.eye(4, dtype=np.float32)[(batch > 0.3).any(-1).astype(int)],
        model=ModelOptions(images=str(tmp_path / "p.npy"), batch_size=2),
    )
    wanted = pipeline.check(request)
    assert "constant-output" not in {finding.rule.name for finding in wanted.findings}
    found = dask.check(request, scheduler=cluster.scheduler_address)
    assert as_json(found) == as_json(wanted)


def test_options_that_do_not_go_together_are_refused(tmp_path, monkeypatch):
    save(tmp_path, *make_labels())
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(build_app(), ["check", "p.npy", "m.npy", "--scheduler", "tcp://x:1"])
    assert done.exit_code == 2
    assert "--scheduler tcp://x:1: it is for --engine dask" in done.stderr
    monkeypatch.setattr(dask, "TIMEOUT", 0.2)
    with pytest.raises(UsageError, match="no Dask scheduler answers there"):
        dask.check(CheckRequest(predictions="p.npy", masks="m.npy"), scheduler="tcp://127.0.0.1:9")

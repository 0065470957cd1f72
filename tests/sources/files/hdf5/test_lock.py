from __future__ import annotations

import ast
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest

from iou_doctor.sources.files.hdf5 import chunks as hdf5_chunks
from iou_doctor.sources.files.hdf5.lock import HDF5_LOCK
from iou_doctor.sources.opening import open_source

PACKAGE = Path(__file__).parents[4] / "iou_doctor"


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=np.arange(8), chunks=(4,), compression="gzip")
    return str(tmp_path / "a.h5")


def imports_private_name(file: Path) -> bool:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.startswith("h5py._") for name in names):
            return True
    return False


def test_one_file_imports_a_private_name_of_h5py():
    found = [file.name for file in PACKAGE.rglob("*.py") if imports_private_name(file)]
    assert found == ["lock.py"]


def test_it_is_the_lock_that_h5py_itself_waits_for(path):
    done = threading.Event()
    with h5py.File(path) as file:

        def read():
            file["x"][:]
            done.set()

        thread = threading.Thread(target=read)
        with HDF5_LOCK:
            thread.start()
            assert not done.wait(0.2)
        thread.join()
    assert done.is_set()


def test_chunks_are_fetched_under_the_lock(path):
    source, done = open_source(path), threading.Event()

    def read():
        source.read(())
        done.set()

    thread = threading.Thread(target=read)
    with HDF5_LOCK:
        thread.start()
        assert not done.wait(0.2)
    thread.join()
    assert done.is_set()


def test_without_the_lock_hdf5_reads_the_chunks(path, monkeypatch):
    monkeypatch.setattr(hdf5_chunks, "HDF5_LOCK", None)
    source = open_source(path)
    assert source._chunk_reader is None
    assert source.read(()).tolist() == list(range(8))

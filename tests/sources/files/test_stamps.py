"""A file that another program changes during a run is an error, and gives no score."""

from __future__ import annotations

import os
import sys

import h5py
import numpy as np
import pytest
from PIL import Image

import iou_doctor
from iou_doctor.cli.app import build_app
from iou_doctor.diagnosis import passes
from iou_doctor.errors import SourceError
from iou_doctor.sources.files.stamps import CHANGED, check_unchanged, stamp_files

VALUES = np.random.default_rng(0).integers(0, 3, (4, 16, 16), np.uint8)
LARGE = np.random.default_rng(0).integers(0, 3, (80, 256, 256), np.uint8)  # it is mapped


def save_npy(folder, values):
    np.save(folder / "p.npy", values)
    return folder / "p.npy", folder / "p.npy"


def save_npz(folder, values):
    np.savez(folder / "p.npz", values)
    return folder / "p.npz", folder / "p.npz"


def save_compressed(folder, values):
    np.savez_compressed(folder / "p.npz", values)
    return folder / "p.npz", folder / "p.npz"


def save_hdf5(folder, values):
    with h5py.File(folder / "p.h5", "w") as file:
        file.create_dataset("x", data=values, chunks=(1, *values.shape[1:]), compression="gzip")
    return folder / "p.h5", f"{folder / 'p.h5'}::/x"


def save_images(folder, values):
    (folder / "p").mkdir()
    for number, pixels in enumerate(values):
        Image.fromarray(pixels).save(folder / "p" / f"{number}.png")
    return folder / "p" / "2.png", folder / "p"


SAVERS = [save_npy, save_npz, save_compressed, save_hdf5, save_images]


def write_in_place(path):
    """Replace the last bytes, as a program that writes to a mapping does."""
    status = path.stat()
    with path.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\1")
    # the clock of a file system may be too coarse for a test
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


def replace(path):
    """Put another file of the same size and time in its place."""
    status = path.stat()
    path.rename(path.with_suffix(".old"))
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def remove(path):
    path.unlink()


def append(path):
    with path.open("ab") as stream:
        stream.write(b"\0")


def touch_all_but_content(path):
    """Read, link and protect a file: its content stays."""
    path.read_bytes()
    os.link(path, path.with_suffix(".link"))
    path.chmod(0o600)


@pytest.fixture
def meddle(monkeypatch):
    """Return a function that lets something happen to a file at the end of the pass."""

    def plan(path, action):
        scan, waiting = passes.scan, [action]

        def scan_and_meddle(*arguments, **options):
            done = scan(*arguments, **options)
            while waiting:
                waiting.pop()(path)
            return done

        monkeypatch.setattr(passes, "scan", scan_and_meddle)

    return plan


@pytest.mark.parametrize("save", SAVERS)
def test_values_that_change_in_place_give_no_score(tmp_path, meddle, save):
    np.save(tmp_path / "m.npy", VALUES)
    path, given = save(tmp_path, VALUES)
    meddle(path, write_in_place)
    with pytest.raises(SourceError, match=CHANGED):
        iou_doctor.check(y_true=tmp_path / "m.npy", y_pred=given, num_classes=3)


@pytest.mark.parametrize("action", [write_in_place, replace, remove, append])
def test_masks_that_change_give_no_score(tmp_path, meddle, action):
    np.save(tmp_path / "p.npy", LARGE)
    np.save(tmp_path / "m.npy", LARGE)
    meddle(tmp_path / "m.npy", action)
    with pytest.raises(SourceError, match=r"m\.npy.*(changed|cut off)"):
        iou_doctor.check(y_true=tmp_path / "m.npy", y_pred=tmp_path / "p.npy", num_classes=3)


@pytest.mark.parametrize("save", SAVERS)
def test_files_that_are_read_linked_and_protected_meanwhile_are_scored(tmp_path, meddle, save):
    np.save(tmp_path / "m.npy", VALUES)
    path, given = save(tmp_path, VALUES)
    meddle(path, touch_all_but_content)
    assert iou_doctor.check(y_true=tmp_path / "m.npy", y_pred=given, num_classes=3).mean_iou == 1


def test_a_changed_input_is_one_line_and_no_report(tmp_path, meddle, monkeypatch, capfd):
    save_npy(tmp_path, VALUES)
    np.save(tmp_path / "m.npy", VALUES)
    meddle(tmp_path / "p.npy", write_in_place)
    report = tmp_path / "r.json"
    arguments = ["check", str(tmp_path / "p.npy"), str(tmp_path / "m.npy"), "-n", "3"]
    monkeypatch.setattr(sys, "argv", ["iou-doctor"])
    with pytest.raises(SystemExit) as stop:
        build_app()([*arguments, "--no-config", "--report", f"json={report}"])
    out, err = capfd.readouterr()
    assert (stop.value.code, out, err.count("\n")) == (2, "", 1)
    assert CHANGED in err
    assert not report.exists()


def test_a_repaired_copy_of_a_changed_input_is_not_written(tmp_path, monkeypatch, capfd):
    from iou_doctor.file_repair.stream import RepairStream

    np.save(tmp_path / "p.npy", VALUES.clip(0, 1))
    np.save(tmp_path / "m.npy", VALUES.clip(0, 1) * np.uint8(255))
    repair = RepairStream._repair

    def change_and_repair(self, *arguments):
        write_in_place(tmp_path / "m.npy")
        return repair(self, *arguments)

    monkeypatch.setattr(RepairStream, "_repair", change_and_repair)
    arguments = ["fix", str(tmp_path / "p.npy"), str(tmp_path / "m.npy"), "--no-config"]
    with pytest.raises(SystemExit) as stop:
        build_app()([*arguments, "--output-dir", str(tmp_path / "out")])
    assert stop.value.code == 2
    assert CHANGED in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_all_files_of_a_folder_have_stamps(tmp_path):
    (tmp_path / "variables").mkdir()
    for name in ("saved_model.pb", "variables/variables.index"):
        (tmp_path / name).write_bytes(b"1")
    stamps = stamp_files(str(tmp_path))
    assert len(stamps) == 2
    check_unchanged(stamps)
    write_in_place(tmp_path / "variables" / "variables.index")
    with pytest.raises(SourceError, match=r"variables\.index"):
        check_unchanged(stamps)

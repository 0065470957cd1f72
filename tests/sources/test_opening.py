from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from sources.window_cases import error_of

from iou_doctor.errors import SourceError
from iou_doctor.sources.opening import open_pair, open_source


@pytest.mark.parametrize("suffix", [".npy", ".NPY", ".bin", ""])
def test_a_format_is_known_by_its_suffix_or_else_by_its_first_bytes(tmp_path, suffix):
    np.save(tmp_path / "a.npy", np.arange(3))
    (tmp_path / "a.npy").rename(tmp_path / f"a{suffix}")
    assert open_source(str(tmp_path / f"a{suffix}")).format == "npy"


def test_an_npz_and_an_hdf5_file_are_known_by_their_first_bytes(tmp_path):
    np.savez(tmp_path / "a.npz", np.arange(3))
    (tmp_path / "a.npz").rename(tmp_path / "a.data")
    with h5py.File(tmp_path / "b.data", "w") as file:
        file["x"] = [1, 2]
    assert open_source(str(tmp_path / "a.data")).path == f"{tmp_path}/a.data::arr_0"
    assert open_source(str(tmp_path / "b.data")).path == f"{tmp_path}/b.data::/x"


def test_a_path_with_two_colons_in_it_is_a_path(tmp_path):
    path = tmp_path / "a::b.npy"
    np.save(path, np.arange(3))
    assert open_source(str(path)).path == str(path)


def test_an_empty_name_is_none(tmp_path):
    np.savez(tmp_path / "a.npz", np.arange(3))
    assert open_source(f"{tmp_path}/a.npz::").path == f"{tmp_path}/a.npz::arr_0"


def test_an_unknown_file_is_refused_with_what_works(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\0\1\2\3")
    message = error_of(tmp_path / "a.bin")
    assert f"`{tmp_path / 'a.bin'}`: it begins with b'\\x00\\x01\\x02\\x03', which" in message
    assert "; images and .npy, .npz, .h5, " in message
    assert message.endswith(" files work, and folders of them")


def test_a_pickle_is_refused_as_one(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\x80\x04N.")
    assert "it begins like a pickle, which is not an array" in error_of(tmp_path / "a.bin")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "seg.dcm",
            b"\0" * 128 + b"DICM\2\0",
            "it is a DICOM file, which",
        ),
        ("seg", b"text" * 32 + b"DICM\2\0", "pydicom.dcmread(FILE).pixel_array"),
        ("p.pt", b"PK\3\4", "np.save('NAME.npy', torch.load(FILE, map_location='cpu').numpy())"),
        ("p.pth", b"\x80\x02", "a file of PyTorch, a pickle that is never loaded"),
        ("p.pkl", b"\x80\x04N.", "it is a pickle, which is never loaded; load it yourself"),
        ("s.csv", b"ImageId,EncodedPixels\n1,1 2", "it is a table of run lengths (RLE)"),
        ("s.csv", b"1,2,3\n", "it is a table or text, not an array; load it with `np.loadtxt`"),
        ("coco.json", b"{}", "it is a JSON file, not an array; if it holds COCO's polygons"),
        ("coco", b'[{"a": 1}]', "`coco.annToMask`"),
    ],
)
def test_a_known_format_that_is_not_read_is_named_with_what_works(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert words in error_of(tmp_path / name)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5", ".png", ".csv"])
def test_a_missing_file_is_refused_with_a_similar_name(tmp_path, suffix):
    (tmp_path / f"masks{suffix}").touch()
    assert error_of(tmp_path / f"mask{suffix}") == (
        f"cannot read `{tmp_path}/mask{suffix}`: there is no such file; "
        f"did you mean `{tmp_path}/masks{suffix}`?"
    )


def test_a_missing_file_without_a_similar_name_is_refused(tmp_path):
    assert "there is no such file; check the path" in error_of(tmp_path / "a.npy")


def test_a_missing_folder_is_refused(tmp_path):
    message = f"there is no folder `{tmp_path}/none`; check the path"
    assert message in error_of(tmp_path / "none" / "a.npy")


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5", ".png", ".csv"])
def test_an_empty_file_is_refused(tmp_path, suffix):
    (tmp_path / f"a{suffix}").touch()
    assert "the file is empty (0 bytes); save the array again" in error_of(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5", ".png"])
def test_a_folder_named_like_a_file_is_refused(tmp_path, suffix):
    (tmp_path / f"a{suffix}").mkdir()
    message = f"a{suffix}`: it is a folder and not a {suffix} file; give a file inside it"
    assert message in error_of(tmp_path / f"a{suffix}")


def test_a_model_is_refused_as_one(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").touch()
    (tmp_path / "model.keras").write_bytes(b"PK\x03\x04")
    for name in ("model", "model.keras"):
        assert error_of(tmp_path / name) == (
            f"cannot read `{tmp_path / name}`: it is a model: `iou-doctor check MODEL MASKS"
            " --images IMAGES` scores what it predicts; for other commands save that with `np.save`"
        )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "a.npy")
    assert "a pipe or a device; save the array to a file first" in error_of(tmp_path / "a.npy")


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5", ".png", ".csv"])
def test_a_file_that_may_not_be_read_is_refused(tmp_path, suffix, monkeypatch):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"content")

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    message = error_of(path)
    assert f"`{path}`: check that you may read the file (Permission denied)" in message


def test_a_folder_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    def forbidden(_):
        raise PermissionError(13, "Permission denied")

    Image.new("L", (1, 1)).save(tmp_path / "a.png")
    monkeypatch.setattr(os, "scandir", forbidden)
    message = f"`{tmp_path}`: check that you may read the folder (Permission denied)"
    assert message in error_of(tmp_path)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("a\0.npy", "check the path and its permissions"),
        ("x" * 5000 + ".npy", "check the path and its permissions"),
        ("", "the path is empty; give a file or a folder"),
    ],
)
def test_a_path_that_cannot_exist_is_refused(spec, words):
    assert words in error_of(spec)


def test_a_line_break_in_a_name_stays_out_of_the_message(tmp_path):
    assert "a\\nb.npy" in error_of(tmp_path / "a\nb.npy")


def test_heavy_libraries_are_imported_only_for_their_files(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    code = (
        "import sys; from iou_doctor.sources.opening import open_source; open_source(sys.argv[1]); "
        "sys.exit(bool({'h5py', 'PIL'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.npy")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.stderr.strip(), result.returncode) == ("", 0)


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_a_file_of_several_arrays_names_the_one_for_each_side(tmp_path, suffix):
    arrays = {name: np.zeros((2, 3, 4)) for name in ("images", "my_masks", "probs")}
    path = tmp_path / f"run{suffix}"
    if suffix == ".npz":
        np.savez(path, **arrays)
    else:
        with h5py.File(path, "w") as file:
            for name, values in arrays.items():
                file[name] = values
    slash = "" if suffix == ".npz" else "/"
    with pytest.raises(SourceError, match=f"add `::{slash}my_masks` or another name for the masks"):
        open_pair(y_true=str(path), y_pred=f"{path}::{slash}probs")
    words = f"add `::{slash}probs` or another name for the predictions"
    with pytest.raises(SourceError, match=words):
        open_pair(y_true=f"{path}::{slash}my_masks", y_pred=str(path))

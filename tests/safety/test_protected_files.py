"""Nothing that a run reads may be written, whatever its path is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from iou_doctor.safety.protected_files import ProtectedPath, describe_conflict, protect_inputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "0.png").write_text("0")
    (tmp_path / "in" / "deep" / "1.png").write_text("1")
    (tmp_path / "elsewhere").write_text("2")
    (tmp_path / "in" / "2.png").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "round").symlink_to(tmp_path / "in")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    (tmp_path / "hard").hardlink_to(tmp_path / "in" / "deep" / "1.png")
    (tmp_path / "file").write_text("a file")
    (tmp_path / "same").hardlink_to(tmp_path / "file")
    (tmp_path / "other").write_text("another")
    return tmp_path


@pytest.mark.parametrize(
    "target",
    ["in/0.png", "in/new", "in/deep/new", "link/0.png", "in/deep/../new", "hard", "elsewhere"],
)
def test_a_file_of_an_input_folder_is_protected_under_all_its_names(folder, target):
    conflict = describe_conflict(folder / target, protect_inputs([str(folder / "in")]))
    assert conflict == f"it is a file in `{folder / 'in'}`, an input, which is never changed"


@pytest.mark.parametrize("target", ["file", "same", "in/../file"])
@pytest.mark.parametrize("ending", ["", "::/name", "::a::b"])
def test_a_file_is_protected_under_all_its_names(folder, target, ending):
    conflict = describe_conflict(folder / target, protect_inputs([f"{folder / 'file'}{ending}"]))
    assert conflict == "this file is an input, which is never changed"


def test_a_path_with_colons_is_protected(folder):
    (folder / "a::b").write_text("a::b")
    assert describe_conflict(folder / "a::b", protect_inputs([f"{folder / 'a::b'}::/name"]))


@pytest.mark.parametrize("name", ["m.onnx", "m.onnx.data", "m.onnx_data"])
def test_the_weights_of_an_onnx_model_are_protected(folder, name):
    for file in ("m.onnx", "m.onnx.data", "m.onnx_data"):
        (folder / file).write_text(file)
    protected = protect_inputs([str(folder / "m.onnx")])
    assert describe_conflict(folder / name, protected)
    assert describe_conflict(folder / "m.json", protected) is None


def test_a_folder_that_holds_an_input_is_protected(folder):
    conflict = describe_conflict(folder / "in", protect_inputs([str(folder / "in" / "deep")]))
    assert conflict is not None
    assert "lies in it" in conflict


def test_other_files_may_be_written(folder):
    protected = [
        *protect_inputs([str(folder / "in"), str(folder / "file"), "no/such/file", "a\0b"]),
        ProtectedPath(folder / "missing", "the baseline"),
    ]
    for target in ("other", "new", "innocent", "no/such"):
        assert describe_conflict(folder / target, protected) is None
    assert describe_conflict(Path("/dev/null"), protected) is None


@pytest.mark.parametrize("target", ["file", "same", "elsewhere", "in/volume.raw"])
def test_what_a_list_of_files_names_is_protected(folder, target):
    (folder / "in" / "volume.raw").write_text("voxels")
    (folder / "in" / "a.mhd").write_text("ElementDataFile = volume.raw\n")
    for name in ("file", "same"):
        (folder / name).rename(folder / f"{name}.npy")
    target = f"{target}.npy" if target in {"file", "same"} else target
    rows = "file,mask\n# a comment\nfile.npy,in/2.png\n,in/a.mhd\nno.npy,\nin/0.png,\n"
    (folder / "list.csv").write_text(rows)
    protected = protect_inputs([str(folder / "list.csv")])
    assert "an input, which is never changed" in describe_conflict(folder / target, protected)
    for other in ("new", "in/0.png"):  # neither an empty entry nor a line behind a missing file
        assert describe_conflict(folder / other, protected) is None

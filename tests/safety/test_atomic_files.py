"""Files that are written atomically appear whole, or everything is as it was."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from iou_doctor.safety.atomic_files import (
    check_writable,
    follow_links,
    is_special,
    open_part,
    stage,
)

FULL = OSError(28, "No space left on device")


def names_and_texts(folder: Path) -> dict[str, str]:
    """Return the files in a folder and below, hidden ones too."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def write_all(targets, *, overwrite, text="new", error=None, durable=False):
    with stage(targets, overwrite=overwrite, durable=durable) as parts:
        for part in parts.values():
            part.write_text(text)
        if error:
            raise error


def failing_replace(monkeypatch, at: Path, error: BaseException) -> None:
    """Let the rename of one target fail."""
    replace = Path.replace

    def failing(part, target):
        if target == at and part.suffix == ".part":
            raise error
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", failing)


@pytest.mark.parametrize("durable", [False, True])
def test_all_files_appear_at_the_end_in_folders_made_for_them(tmp_path, durable):
    targets = [tmp_path / "a", tmp_path / "new" / "folder" / "b"]
    with stage(targets, overwrite=False, durable=durable) as parts:
        for target in targets:
            parts[target].write_text("new")
            assert parts[target].parent == target.parent
            assert parts[target].name.startswith(".")
        assert not any(target.exists() for target in targets)
    assert names_and_texts(tmp_path) == {"a": "new", str(Path("new/folder/b")): "new"}


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt(), ValueError("ours")])
def test_nothing_is_left_of_a_write_that_broke_off(tmp_path, error):
    with pytest.raises(type(error)):
        write_all([tmp_path / "new" / "a", tmp_path / "b"], overwrite=False, error=error)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_another_program_uses_by_now_stays(tmp_path):
    def write_and_fail():
        with stage([tmp_path / "new" / "a"], overwrite=False) as parts:
            next(iter(parts.values())).write_text("new")
            (tmp_path / "new" / "other").write_text("another's")
            raise FULL

    with pytest.raises(OSError, match="No space"):
        write_and_fail()
    assert names_and_texts(tmp_path) == {str(Path("new/other")): "another's"}


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()])
def test_old_files_survive_a_write_that_broke_off(tmp_path, error):
    target = tmp_path / "a"
    target.write_text("old")
    with pytest.raises(type(error)):
        write_all([target], overwrite=True, error=error)
    assert names_and_texts(tmp_path) == {"a": "old"}


@pytest.mark.parametrize("hard_links", [True, False])
def test_files_folders_and_links_are_replaced(tmp_path, monkeypatch, hard_links):
    if not hard_links:
        monkeypatch.setattr(os, "link", raise_unsupported)
    file, folder, link = tmp_path / "file", tmp_path / "folder", tmp_path / "link"
    elsewhere = tmp_path / "elsewhere"
    for path in (folder, elsewhere):
        path.mkdir()
        (path / "old").write_text("old")
    file.write_text("old")
    link.symlink_to(elsewhere)
    with stage([file, folder, link], overwrite=True) as parts:
        parts[file].write_text("new")
        for target in (folder, link):
            parts[target].mkdir()
            (parts[target] / "new").write_text("new")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder", "link", "elsewhere"}
    assert names_and_texts(tmp_path) == {
        "file": "new",
        str(Path("folder/new")): "new",
        str(Path("link/new")): "new",
        str(Path("elsewhere/old")): "old",
    }


def raise_unsupported(*_: object) -> None:
    raise OSError(95, "Operation not supported")


def test_there_is_no_moment_without_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "a"
    target.write_text("old")
    replace = Path.replace
    seen = []

    def watched(part, place):
        seen.append(target.read_text())
        return replace(part, place)

    monkeypatch.setattr(Path, "replace", watched)
    write_all([target], overwrite=True)
    assert (seen, target.read_text()) == (["old"], "new")


def test_a_target_that_appears_meanwhile_is_left_as_it_is(tmp_path):
    target = tmp_path / "a"

    def write_beside_another():
        with stage([target], overwrite=False) as parts:
            parts[target].write_text("new")
            target.write_text("another's")

    with pytest.raises(FileExistsError, match="it has appeared meanwhile") as raised:
        write_beside_another()
    assert raised.value.filename == str(target)
    assert names_and_texts(tmp_path) == {"a": "another's"}


@pytest.mark.parametrize("hard_links", [True, False])
@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()])
@pytest.mark.parametrize("kind", ["none", "file", "folder"])
def test_all_places_are_as_they_were_if_the_last_rename_fails(
    tmp_path, monkeypatch, kind, error, hard_links
):
    if not hard_links:
        monkeypatch.setattr(os, "link", raise_unsupported)
    targets = [tmp_path / "a", tmp_path / "b"]
    for target in targets:
        if kind == "file":
            target.write_text("old")
        elif kind == "folder":
            target.mkdir()
            (target / "old").write_text("old")
    before = names_and_texts(tmp_path)
    failing_replace(monkeypatch, targets[-1], error)
    with pytest.raises(type(error)) as raised:
        write_all(targets, overwrite=True)
    assert names_and_texts(tmp_path) == before
    if isinstance(error, OSError):
        assert raised.value.filename == str(targets[-1])


@pytest.mark.skipif(os.name != "posix", reason="pipes with a name")
def test_a_pipe_is_written_to_directly(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with stage([pipe, tmp_path / "a"], overwrite=True) as parts:
        assert parts[pipe] == pipe
        parts[tmp_path / "a"].write_text("new")
    assert is_special(pipe)
    assert follow_links(pipe) == pipe
    check_writable(pipe)
    with pytest.raises(ValueError, match="ours"):
        write_nothing_and_fail(pipe)
    assert is_special(pipe)


def write_nothing_and_fail(target):
    with stage([target], overwrite=True):
        raise ValueError("ours")


def test_a_link_leads_to_its_file(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    assert follow_links(tmp_path / "link") == (tmp_path / "real").resolve()
    assert not is_special(tmp_path / "link")


def test_links_that_lead_to_each_other_are_an_error(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links") as raised:
        follow_links(tmp_path / "a")
    assert raised.value.errno == errno.ELOOP


def test_a_check_leaves_nothing_behind(tmp_path):
    (tmp_path / "old").write_text("old")
    check_writable(tmp_path / "old")
    check_writable(tmp_path / "new")
    assert names_and_texts(tmp_path) == {"old": "old"}


def test_a_place_that_is_no_file_in_a_folder_is_not_writable(tmp_path):
    for path in (tmp_path, tmp_path / "no" / "such"):
        with pytest.raises(OSError, match="not a file in an existing folder"):
            check_writable(path)
    with pytest.raises(OSError, match="too long"):
        check_writable(tmp_path / ("a" * 300))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_and_a_folder_without_the_right_to_write_are_not_writable(tmp_path):
    (tmp_path / "a").touch(mode=0o400)
    with pytest.raises(OSError, match="it is read-only"):
        check_writable(tmp_path / "a")
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        check_writable(tmp_path / "b")
    tmp_path.chmod(0o700)


def test_a_part_does_not_follow_a_link_that_somebody_has_put_there(tmp_path):
    (tmp_path / "victim").write_text("old")
    with stage([tmp_path / "a"], overwrite=True) as parts:
        part = parts[tmp_path / "a"]
        part.symlink_to(tmp_path / "victim")
        with pytest.raises(FileExistsError):
            open_part(part)
        part.unlink()
        with open_part(part) as stream:
            stream.write(b"new")
    assert names_and_texts(tmp_path) == {"victim": "old", "a": "new"}


def test_nobody_can_foresee_the_name_of_a_part(tmp_path):
    names = set()
    for _ in range(2):
        with stage([tmp_path / ("a" * 255)], overwrite=True) as parts:
            names |= {part.name for part in parts.values()}
            write = next(iter(parts.values()))
            write.write_text("new")
    assert len(names) == 2
    assert not any(str(os.getpid()) in name and len(name) < 20 for name in names)

"""Objects in a store are read as files on this machine are, or not at all."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from sources.files.remote.faulty_proxy import FAULTS
from sources.files.remote.formats import MASKS, PREDICTIONS, WRITERS, write_images, write_zarr

import iou_doctor
from iou_doctor.errors import SourceError
from iou_doctor.sources.files.remote import connection
from iou_doctor.sources.files.stamps import check_unchanged
from iou_doctor.sources.opening import open_pair, open_source

pytestmark = pytest.mark.filterwarnings("default")  # those of fsspec and the stores' libraries


def run(*arguments):
    """Run the program, as its own process."""
    command = [sys.executable, "-m", "iou_doctor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def catch_error(call, *arguments):
    """Return the message for what is refused."""
    with pytest.raises(SourceError) as caught:
        call(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("write", WRITERS)
def test_every_format_gives_the_same_report(write, store, tmp_path):
    names = write(tmp_path)
    base = store.put_folder(write.__name__, tmp_path)
    texts = []
    for place in (str(tmp_path), base):
        y_pred, y_true = (f"{place}/{name}" for name in names)
        report = iou_doctor.check(y_true=y_true, y_pred=y_pred, num_classes=3)
        texts.append(report.to_json().replace(place, "PLACE"))
    assert texts[0] == texts[1]


def test_only_the_parts_that_are_needed_are_fetched(store):
    masks = np.repeat(MASKS, 500, axis=0)  # three blocks
    address = store.put_array("large.npy", masks)
    source = open_source(address)
    np.testing.assert_array_equal(source.read((slice(2999, 3000),)), masks[2999:])
    assert store.proxy.fetched <= 50_000
    read = [source.read((slice(start, start + 100),)) for start in range(0, 3000, 100)]
    np.testing.assert_array_equal(np.concatenate(read), masks)
    assert store.proxy.fetched <= 1.05 * masks.nbytes


def test_each_image_of_a_folder_is_fetched_once(store, tmp_path):
    write_images(tmp_path)
    base = store.put_folder("once", tmp_path)
    source = open_source(f"{base}/masks")
    np.testing.assert_array_equal(source.read(()), MASKS)
    assert store.proxy.requests == len(MASKS)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_an_answer_that_fails_is_asked_for_again(fault, store, monkeypatch):
    monkeypatch.setattr(connection, "WAITS", (0.0,) * 4)
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    connection.list_options.cache_clear()
    address = store.put_array(f"{fault}.npy", np.repeat(MASKS, 300, axis=0))
    store.proxy.faults.extend([fault] * 3)
    np.testing.assert_array_equal(open_source(address).read(()), np.repeat(MASKS, 300, axis=0))
    assert not store.proxy.faults


@pytest.mark.parametrize("repeats", [100, 500])
def test_a_damaged_member_of_an_archive_is_an_error(repeats, store):
    stream = io.BytesIO()
    np.savez(stream, masks=np.repeat(MASKS, repeats, axis=0))
    content = bytearray(stream.getvalue())
    sound = store.put(f"sound-{repeats}.npz", bytes(content))
    content[len(content) // 2] ^= 1
    damaged = store.put(f"damaged-{repeats}.npz", bytes(content))
    read = open_source(sound).read(())
    np.testing.assert_array_equal(read, np.repeat(MASKS, repeats, axis=0))
    message = catch_error(lambda: open_source(damaged).read(()))
    assert "::masks`: it is damaged: its values have another checksum" in message


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_chunks_of_zarr_are_asked_for_again(fault, store, tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "WAITS", (0.0,) * 4)
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    connection.list_options.cache_clear()
    write_zarr(tmp_path)
    base = store.put_folder(f"zarr-{fault}", tmp_path)
    source = open_source(f"{base}/v3.zarr::3/preds")
    store.proxy.faults.extend([fault] * 3)
    np.testing.assert_array_equal(source.read(()), PREDICTIONS)
    assert not store.proxy.faults


def test_a_damaged_chunk_is_told_from_a_store_that_fails(store, tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "WAITS", (0.0,) * 2)
    write_zarr(tmp_path)
    base = store.put_folder("zarr-damaged", tmp_path)
    store.put("zarr-damaged/v3.zarr/3/preds/c/0/0/0", b"no chunk")
    address = f"{base}/v3.zarr::3/preds"
    message = catch_error(lambda: open_source(address).read(()))
    assert message.startswith(f"cannot read `{address}`: the Zarr array is damaged or cut off")
    source = open_source(address)
    store.proxy.faults.extend(["busy"] * 1000)
    message = catch_error(source.read, ())
    assert "the store does not answer as it should (" in message


@pytest.mark.parametrize("fault", ["busy", "less"])
def test_a_store_that_never_answers_is_an_error(fault, store, monkeypatch):
    monkeypatch.setattr(connection, "WAITS", (0.0,) * 2)
    address = store.put_array(f"never-{fault}.npy", MASKS)
    store.proxy.faults.extend([fault] * 1000)
    message = catch_error(open_source, address)
    assert message.startswith(f"cannot read `{address}`: the store does not answer as it should (")


def test_an_object_that_changes_is_an_error(store):
    true, pred = store.put_array("old.npy", MASKS), store.put_array("new.npy", PREDICTIONS)
    pair = open_pair(y_true=true, y_pred=pred)
    check_unchanged(pair.files)
    store.put_array("old.npy", MASKS[::-1])
    message = catch_error(check_unchanged, pair.files)
    assert message == f"cannot read `{true}`: it changed while it was read; run again"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nothing.npy", "the store has nothing by this name; check the address"),
        ("*/nothing.png", "there are no images or arrays; check the address"),
        ("empty.npy", "the file is empty (0 bytes); save the array again"),
        ("volume.nii.gz", ".nii files are not read over the network; copy it here first"),
        ("fortran.npy", "it is in Fortran order, of which no parts can be read over the network"),
    ],
)
def test_what_cannot_be_read_is_said(name, why, store):
    store.put("empty.npy", b"")
    store.put("volume.nii.gz", b"\x1f\x8b")
    store.put_array("fortran.npy", np.asfortranarray(np.repeat(MASKS, 600, axis=0)))
    message = catch_error(open_source, f"{store.address}/{name}")
    assert message.startswith(f"cannot read `{store.address}/{name}`: {why}")


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    message = catch_error(open_source, "s3://bucket/preds.npy")
    assert message.endswith(
        'it is not on this machine; `pip install "iou-doctor[remote]"` reads it'
    )


@pytest.mark.parametrize("name", ["signed.npy", "missing.npy"])
def test_signatures_are_never_printed(name, store):
    """The web address of an object holds what lets anybody read it."""
    store.put_array("signed.npy", PREDICTIONS)
    web = f"{store.proxy.url}/bucket/{name}?AWSAccessKeyId=somebody&Signature=SECRET%3D"
    masks = store.put_array("masks.npy", MASKS)
    done = run("check", web, masks, "--num-classes", "3", "--output-format", "json")
    text = done.stdout + done.stderr
    assert done.returncode == (0 if name == "signed.npy" else 2), text
    assert f"{store.proxy.url}/bucket/{name}" in text
    assert "SECRET" not in text
    assert "somebody" not in text


def test_a_configuration_may_name_addresses(store, tmp_path):
    lines = [
        f"{key} = '{store.put_array(f'{key}.npy', MASKS)}'\n" for key in ("predictions", "masks")
    ]
    file = tmp_path / "iou-doctor.toml"
    file.write_text("".join(lines))
    done = run("check", "--config", str(file))
    assert "6 images" in done.stdout, done.stderr

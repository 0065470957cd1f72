"""What the writers write is what the sources read, in every format."""

from __future__ import annotations

from itertools import product

import h5py
import numpy as np
import pytest
from file_repair.writers.formats import in_batches, read, write_array
from PIL import Image

from iou_doctor.errors import OutputError

LABELS = np.arange(5 * 3 * 4, dtype=np.uint8).reshape(5, 3, 4)


@pytest.mark.parametrize(
    ("format_name", "name", "place"),
    [
        ("npy", None, "a.npy"),
        ("npz", "labels", "a.npz::labels"),
        ("hdf5", "/group/labels", "a.h5::/group/labels"),
    ],
)
def test_an_array_comes_back_with_its_dtype(tmp_path, format_name, name, place):
    dtypes = ["bool", "uint8", "int16", "int64", "float16", "float32"]
    for dtype, batch in product(dtypes, [1, 2, 5]):
        array = (LABELS % 7).astype(dtype)
        folder = tmp_path / f"{dtype}-{batch}"
        folder.mkdir()
        batches = in_batches(array, name=name, batch=batch)
        write_array(folder / place.partition("::")[0], format_name, batches)
        back = read(f"{folder}/{place}")
        assert back.dtype == array.dtype, batch
        assert (back == array).all(), (dtype, batch)


def test_numpy_reads_what_was_written(tmp_path):
    write_array(tmp_path / "a.npy", "npy", in_batches(LABELS))
    write_array(
        tmp_path / "a.npz",
        "npz",
        in_batches(LABELS, name="m"),
        in_batches(LABELS + 1, name="p.npy"),
    )
    assert (np.load(tmp_path / "a.npy") == LABELS).all()
    with np.load(tmp_path / "a.npz") as archive:
        assert sorted(archive) == ["m", "p"]
        assert (archive["p"] == LABELS + 1).all()


def test_a_data_set_is_chunked_by_samples_and_compressed(tmp_path):
    write_array(
        tmp_path / "a.h5", "hdf5", in_batches(LABELS, name="m"), in_batches(LABELS, name="p")
    )
    with h5py.File(tmp_path / "a.h5") as file:
        assert sorted(file) == ["m", "p"]
        assert file["m"].chunks == (1, 3, 4)
        assert file["m"].compression == "gzip"


@pytest.mark.parametrize(
    ("dtype", "mode", "stored"),
    [("bool", "L", "uint8"), ("uint8", "L", "uint8"), ("int32", "I;16", "uint16")],
)
def test_labels_become_grey_images_with_the_stems_given(tmp_path, dtype, mode, stored):
    array = (LABELS % 2).astype(dtype)
    stems = ("a", "b", "c", "d", "e.f")
    write_array(tmp_path / "masks", "images", in_batches(array, stems=stems))
    back = read(tmp_path / "masks")
    assert [path.name for path in sorted((tmp_path / "masks").iterdir())] == [
        f"{stem}.png" for stem in stems
    ]
    assert back.dtype == stored
    assert (back == array).all()
    with Image.open(tmp_path / "masks" / "a.png") as image:
        assert image.mode == mode


def test_one_image_and_colours_are_written_as_they_are(tmp_path):
    colours = np.arange(1 * 2 * 4 * 3, dtype=np.uint8).reshape(1, 2, 4, 3)
    write_array(tmp_path / "a.png", "images", in_batches(colours))
    assert (read(tmp_path / "a.png") == colours).all()


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (LABELS.astype(np.float32), "a PNG holds integers"),
        (LABELS.astype(np.int16) - 1, "from -1 to"),
        (LABELS.astype(np.int32) + 65536, "16 bits cannot hold values from 65536 to"),
        (np.zeros((1, 2, 2, 5), np.uint8), "cannot hold 5 channels"),
    ],
)
def test_what_a_png_cannot_hold_is_refused(tmp_path, array, words):
    with pytest.raises(OutputError, match=words):
        write_array(tmp_path / "masks", "images", in_batches(array, stems=("a",) * len(array)))


def test_a_batch_that_the_promised_dtype_cannot_hold_is_our_fault(tmp_path):
    promised = in_batches(LABELS)
    object.__setattr__(promised, "batches", [LABELS.astype(np.int64)])
    with pytest.raises(TypeError, match="according to the rule 'safe'"):
        write_array(tmp_path / "a.npy", "npy", promised)

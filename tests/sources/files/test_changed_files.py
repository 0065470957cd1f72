"""A file that another program writes to during a run, in every format."""

import os
import random

import pytest
from fuzz.writers import WRITERS

from iou_doctor.diagnosis.pipeline import check_pair, open_arrays
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import IouDoctorError, SourceError


def write_pair(kind, folder, seed):
    paths = []
    for side in ("preds", "masks"):
        (folder / side).mkdir(parents=True)
        paths.append(WRITERS[kind](folder / side / "x", random.Random(seed)))
    return CheckRequest(predictions=str(paths[0]), masks=str(paths[1]))


def write_sound_pair(kind, folder):
    """Return the first pair that can be checked."""
    for seed in range(20):
        request = write_pair(kind, folder / str(seed), seed)
        try:
            check_pair(open_arrays(request), request)
        except IouDoctorError:
            continue
        return request
    raise AssertionError(kind)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_that_is_written_to_in_place_is_noticed(tmp_path, kind):
    request = write_sound_pair(kind, tmp_path)
    folder = next(one for one in tmp_path.iterdir() if request.masks.startswith(f"{one}{os.sep}"))
    files = [file for file in folder.rglob("*") if file.is_file()]
    for file in random.Random(0).sample(files, min(4, len(files))):
        pair, status = open_arrays(request), file.stat()
        with file.open("r+b") as stream:
            first = stream.read(1)
            stream.seek(0)
            stream.write(first)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 10**7))
        with pytest.raises(SourceError, match="it changed while it was read"):
            check_pair(pair, request)

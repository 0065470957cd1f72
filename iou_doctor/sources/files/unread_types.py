"""Formats that are recognised but not read, with what makes an array of such a file."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from iou_doctor.errors import SourceError
from iou_doctor.sources.source_errors import source_error

_DICOM_MARK = slice(128, 132)
"""Where a DICOM file says `DICM`, after a preamble of any content."""
_MOST_FILES, _MOST_HEADS, _MOST_SUFFIXES = 1000, 20, 3
"""The maximum number of files of a folder to list, to look into, and of suffixes to name."""
_SAVE = "save them as .png, .tif, .bmp, .jpg, .npy, .npz or .h5 files in one folder"
_RUN_LENGTH_COLUMNS = (b"encodedpixels", b"rle", b"segmentation", b"encoding")
"""What the columns of run lengths are called in the header of a table, in lower case."""
TORCH_FILE = (
    "it is a file of PyTorch, a pickle that is never loaded; save the tensor as an array:"
    " `np.save('NAME.npy', torch.load(FILE, map_location='cpu').numpy())`"
)
_DICOM = (
    "it is a DICOM file, which iou-doctor does not read; save its pixels as an array:"
    " `np.save('NAME.npy', pydicom.dcmread(FILE).pixel_array)`"
)
_PICKLE = "it is a pickle, which is never loaded; load it yourself and save one array of it with"
_RUN_LENGTHS = (
    "it is a table of run lengths (RLE), not of pixels; decode each row into a mask, column by"
    " column (`order='F'`) if the runs come from Kaggle, and save the masks with `np.save`"
)
_JSON = (
    "it is a JSON file, not an array; if it holds COCO's polygons or run lengths, draw them with"
    " `pycocotools` (`coco.annToMask`) and save the masks with `np.save`"
)
_NAMES = (
    "its lines are names, not files; give the folder, of which only files with a partner are"
    " counted, or write the path of a file on each line"
)
_ARCHIVE = "it is an archive; unpack it, and give the folder or the file in it"
_VIDEO = "it is a video, whose compression changes labels; save each frame as a .png file"
_NAME_LINE = re.compile(r"(?![0-9.eE+-]+$)[^\s,;]+")
"""A line that is one word, and not a number."""
_TABLE = (
    "it is a table or text, not an array; load it with `np.loadtxt` and save the array with"
    " `np.save`"
)
_BY_SUFFIX = MappingProxyType(
    {
        ".pt": TORCH_FILE,
        ".pth": TORCH_FILE,
        ".dcm": _DICOM,
        ".pkl": f"{_PICKLE} `np.save`",
        ".pickle": f"{_PICKLE} `np.save`",
        ".json": _JSON,
        **dict.fromkeys((".gz", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz"), _ARCHIVE),
        **dict.fromkeys((".mp4", ".avi", ".mov", ".mkv", ".webm"), _VIDEO),
        ".mgz": "it is a volume of FreeSurfer, which iou-doctor does not read; save it as .nii.gz:"
        " `mri_convert FILE NAME.nii.gz`",
        ".parquet": "it is a Parquet table, which iou-doctor does not read; save the arrays with"
        " `np.save`",
        ".tfrecord": "it holds TensorFlow records, which iou-doctor does not read from the command"
        " line; pass the `tf.data.Dataset` to `iou_doctor.check`, or save arrays with `np.save`",
    }
)


def find_unread_format(path: str, head: bytes) -> SourceError | None:
    """Return the error about a file of a known format that iou-doctor does not read.

    Args:
        path: the file.
        head: its first bytes.
    """
    why = _BY_SUFFIX.get(Path(path).suffix.lower())
    if head[_DICOM_MARK] == b"DICM":
        why = _DICOM
    elif why is None and _is_text(head):
        why = _describe_text(head)
    return None if why is None else source_error(path, why)


def find_unread_in_folder(path: str) -> SourceError:
    """Return the error about a folder without images and arrays.

    It is about its first files if they are of a known format. Texts do not count: any folder may
    have them.
    """
    files: list[Path] = []
    with suppress(OSError):
        paths = islice(Path(path).rglob("*"), _MOST_FILES)
        files = sorted(file for file in paths if file.is_file())
        for file in files[:_MOST_HEADS]:
            with file.open("rb") as stream:
                head = stream.read(_DICOM_MARK.stop)
            if not _is_text(head):
                error = find_unread_format(str(file), head)
                if error is not None:
                    return error
    suffixes = sorted({file.suffix for file in files if file.suffix})[:_MOST_SUFFIXES]
    only = f", only {' and '.join(suffixes)} files" if suffixes else ""
    return source_error(path, f"the folder has no images or arrays{only}; {_SAVE}")


def _is_text(head: bytes) -> bool:
    """Return whether a file begins with printable ASCII characters."""
    return bool(head) and all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head)


def _describe_text(head: bytes) -> str | None:
    if head.startswith((b"MATLAB ", b"NRRD000")):
        return None
    first_line = head.split(b"\n", 1)[0].lower()
    if any(column in first_line for column in _RUN_LENGTH_COLUMNS):
        return _RUN_LENGTHS
    if head.lstrip()[:1] in (b"{", b"["):
        return _JSON
    lines = head.decode("ascii").splitlines()
    return _NAMES if all(map(_NAME_LINE.fullmatch, lines)) else _TABLE

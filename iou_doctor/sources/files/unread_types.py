"""Formats that are recognised but not read, with what makes an array of such a file."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from iou_doctor.errors import SourceError
from iou_doctor.sources.source_errors import source_error

_DICOM_MARK = slice(128, 132)
"""Where a DICOM file says `DICM`, after a preamble of any content."""
_MOST_FILES, _MOST_HEADS = 1000, 20
"""The maximum number of files of a folder to list, and to look into."""
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


def find_unread_in_folder(path: str) -> SourceError | None:
    """Return the error about a folder whose first files are of a format that is not read.

    Texts do not count: any folder may have them.
    """
    with suppress(OSError):
        files = sorted(file for file in islice(Path(path).iterdir(), _MOST_FILES) if file.is_file())
        for file in files[:_MOST_HEADS]:
            with file.open("rb") as stream:
                head = stream.read(_DICOM_MARK.stop)
            if not _is_text(head):
                error = find_unread_format(str(file), head)
                if error is not None:
                    return error
    return None


def _is_text(head: bytes) -> bool:
    """Return whether a file begins with printable ASCII characters."""
    return bool(head) and all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head)


def _describe_text(head: bytes) -> str | None:
    if head.startswith((b"MATLAB ", b"NRRD000")):
        return None
    first_line = head.split(b"\n", 1)[0].lower()
    if any(column in first_line for column in _RUN_LENGTH_COLUMNS):
        return _RUN_LENGTHS
    return _JSON if head.lstrip()[:1] in (b"{", b"[") else _TABLE

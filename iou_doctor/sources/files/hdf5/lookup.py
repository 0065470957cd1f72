"""Finds a data set in an HDF5 file without opening any other file that it may link to."""

from __future__ import annotations

import math

import h5py

from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.files.hdf5.names import list_datasets
from iou_doctor.sources.several_arrays import SeveralArraysError
from iou_doctor.sources.source_errors import list_names, source_error

_MOST_SOFT_LINKS = 16
"""The maximum number of soft links to follow in a row: HDF5's own limit."""
_MOST_PARTS = 1000
"""The maximum number of groups in a name: HDF5 follows each name from its start."""
_CHECKSUM_BYTES = 4
"""The bytes of the checksum that the filter fletcher32 puts behind each chunk."""
_KERAS_ATTRIBUTES = ("keras_version", "model_config", "layer_names")
"""Attributes of HDF5 files that Keras writes for models and weights."""


@record
class FoundDataset:
    """A data set of an HDF5 file."""

    name: str
    """The name for messages: the one that was asked for, or that of the only data set."""
    resolved: str
    """The absolute name, without soft links."""


def find_dataset(file: h5py.File, path: str, name: str | None) -> FoundDataset:
    """Return the data set `name`, or the only one.

    Raises:
        SourceError: there is no such data set, several without a name, or it lies in another file.
    """
    _refuse_keras_model(file, path)
    wanted = _find_only_name(file, path) if name is None else name
    place = f"{path}::{wanted}"
    resolved = _resolve(file, place, wanted)
    if isinstance(file[resolved], h5py.Group):
        names = _describe_datasets(file[resolved])
        what = f"with {list_names(names)}" if names else "without data sets"
        raise source_error(
            place, f"it is a group {what}; name a data set as `FILE.h5::/group/name`"
        )
    if not isinstance(file[resolved], h5py.Dataset):
        raise source_error(place, "it is a named type; name a data set as `FILE.h5::/group/name`")
    _check_storage(file, place, resolved)
    return FoundDataset(wanted, resolved)


def _refuse_keras_model(file: h5py.File, path: str) -> None:
    has_model = any(name in file.attrs for name in _KERAS_ATTRIBUTES) or "model_weights" in file
    if has_model or path.endswith(".weights.h5"):
        raise source_error(
            path,
            "it is a Keras model, not arrays; give its images with --images to `iou-doctor check`,"
            " or save what it predicts with `np.save`",
        )


def _find_only_name(file: h5py.File, path: str) -> str:
    found = list_datasets(file)
    if len(found.names) == 1 and found.is_complete:
        return f"/{found.names[0]}"
    if found.names:
        there = list_names(_describe_datasets(file))
        raise SeveralArraysError(path, [f"/{name}" for name in found.names], there)
    if not found.is_complete:
        raise source_error(path, "its groups are too many or too deep to search; add `::/name`")
    other_files = _list_linked_files(file)
    if other_files:
        raise source_error(
            path, f"it holds only links to other files ({other_files}); give those files"
        )
    raise source_error(path, "it holds no data sets; save one with `create_dataset`")


def _describe_datasets(group: h5py.Group) -> list[str]:
    """Return the name, shape and dtype of each data set in a group."""
    prefix = group.name.rstrip("/")
    return [
        f"{prefix}/{name} {group[name].shape} {_describe_dtype(group[name])}"
        for name in list_datasets(group).names
    ]


def _describe_dtype(dataset: h5py.Dataset) -> str:
    try:
        return str(dataset.dtype)
    except TypeError:  # HDF5 has types that NumPy does not have
        return "unknown"


def _list_linked_files(file: h5py.File) -> str:
    links = (file.get(name, getlink=True) for name in file)
    return list_names([link.filename for link in links if isinstance(link, h5py.ExternalLink)])


def _resolve(file: h5py.File, place: str, name: str, followed: int = 0) -> str:
    """Return the absolute name behind `name`, checking each link before it is followed."""
    if followed > _MOST_SOFT_LINKS:
        raise source_error(place, "its soft links form a circle; name the data set itself")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if len(parts) > _MOST_PARTS:
        raise source_error(place, f"its name has more than {_MOST_PARTS:,} parts; move it up")
    group = ""
    for number, part in enumerate(parts):
        link = _get_link(file, place, group, part)
        if isinstance(link, h5py.ExternalLink):
            raise source_error(
                place, f"it is a link to another file, `{link.filename}`; give that file"
            )
        if isinstance(link, h5py.SoftLink):
            start = "" if link.path.startswith("/") else group
            rest = "/".join(parts[number + 1 :])
            return _resolve(file, place, f"{start}/{link.path}/{rest}", followed + 1)
        group = f"{group}/{part}"
    return group or "/"


def _get_link(file: h5py.File, place: str, group: str, part: str) -> object:
    parent = file[group or "/"]
    link = parent.get(part, getlink=True) if isinstance(parent, h5py.Group) else None
    if link is None:
        there = list_names(_describe_datasets(file)) or "no data sets"
        raise source_error(
            place, f"there is no `{part}` in `{group or '/'}`; the file holds {there}"
        )
    return link


def _check_storage(file: h5py.File, place: str, name: str) -> None:
    """Refuse a data set whose values are in another file, missing, or cannot be decompressed."""
    dataset = file[name]
    if dataset.is_virtual:
        _check_virtual(file, place, dataset)
        return
    if dataset.external:
        other = dataset.external[0][0]
        raise source_error(
            place, f"its values lie in another file, `{other}`; copy them into one file"
        )
    if dataset.shape and math.prod(dataset.shape) and dataset.id.get_storage_size() == 0:
        raise source_error(place, "no values were ever written to it; save it again")
    _check_filters(place, dataset)


def _check_virtual(file: h5py.File, place: str, dataset: h5py.Dataset) -> None:
    for name in {(part.file_name, part.dset_name) for part in dataset.virtual_sources()}:
        if name[0] != ".":
            raise source_error(
                place, f"its parts lie in other files (`{name[0]}`); copy it into one file"
            )
        source = _resolve(file, place, name[1])
        if not isinstance(file[source], h5py.Dataset) or file[source].is_virtual:
            raise source_error(place, "its parts are virtual as well; copy it into one array")
        _check_storage(file, place, source)


def _check_filters(place: str, dataset: h5py.Dataset) -> None:
    settings = dataset.id.get_create_plist()
    for number in range(settings.get_nfilters()):
        code, _, _, name = settings.get_filter(number)
        if not _has_filter(code):
            raise _missing_filter_error(place, code, name)
        if code == h5py.h5z.FILTER_FLETCHER32 and _has_chunk_without_checksum(dataset):
            raise source_error(
                place, "it is damaged: a chunk has no checksum; save or copy it again"
            )


def _has_chunk_without_checksum(dataset: h5py.Dataset) -> bool:
    """Return whether a chunk is too small for its checksum: HDF5 1.14 ends the process then."""
    if not hasattr(dataset.id, "chunk_iter"):
        return False
    return dataset.id.chunk_iter(lambda chunk: chunk.size < _CHECKSUM_BYTES or None) is not None


def _has_filter(code: int) -> bool:
    if h5py.h5z.filter_avail(code):
        return True
    try:
        import hdf5plugin  # noqa: F401 - importing it registers its filters
    except ImportError:
        return False
    return bool(h5py.h5z.filter_avail(code))


def _missing_filter_error(place: str, code: int, name: bytes) -> SourceError:
    words = name.decode("utf-8", "replace") or "without a name"
    return source_error(
        place,
        f"it is compressed with a filter that is missing here ({code}, {words}); "
        "install `hdf5plugin`, or save it with gzip",
    )

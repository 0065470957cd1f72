"""Finding a data set in an HDF5 file without leaving that file."""

from __future__ import annotations

import importlib
import math

import h5py

from iou_doctor.errors import SourceError
from iou_doctor.sources.refusals import listed, refusal

_MOST_HOPS = 16  # soft links followed: HDF5's own limit
_MOST_SEEN = 100  # data sets looked at to list them
_KERAS_ATTRIBUTES = ("keras_version", "model_config", "layer_names")


def find_dataset(file: h5py.File, path: str, name: str | None) -> tuple[str, str]:
    """Return the name of a data set as given or taken, and the one without soft links.

    Raises:
        SourceError: there is no such data set, or it lies in another file.
    """
    _refuse_model(file, path)
    shown = _only_name(file, path) if name is None else name
    place = f"{path}::{shown}"
    resolved = _resolve(file, place, shown)
    if isinstance(file[resolved], h5py.Group):
        names = _described(file[resolved])
        what = f"it is a group with {listed(names)}" if names else "it is a group without data sets"
        raise refusal(place, f"{what}; name a data set as `FILE.h5::/group/name`")
    if not isinstance(file[resolved], h5py.Dataset):
        raise refusal(place, "it is a named type; name a data set as `FILE.h5::/group/name`")
    _check_storage(file, place, resolved)
    return shown, resolved


def _refuse_model(file: h5py.File, path: str) -> None:
    is_model = any(name in file.attrs for name in _KERAS_ATTRIBUTES) or "model_weights" in file
    if is_model or path.endswith(".weights.h5"):
        raise refusal(
            path,
            "it is a Keras model, not arrays; give its images with --images to `iou-doctor check`,"
            " or save what it predicts with `np.save`",
        )


def _only_name(file: h5py.File, path: str) -> str:
    names = _datasets(file)
    if len(names) == 1:
        return f"/{names[0]}"
    if names:
        shown = listed(_described(file))
        raise refusal(path, f"it holds {shown}; add `::/{names[0]}` or another name")
    if _links_out(file):
        raise refusal(
            path, f"it holds only links to other files ({_links_out(file)}); give those files"
        )
    raise refusal(path, "it holds no data sets; save one with `create_dataset`")


def _datasets(group: h5py.Group) -> list[str]:
    names: list[str] = []

    def note(name: str, item: object) -> bool | None:
        if isinstance(item, h5py.Dataset):
            names.append(name)
        return True if len(names) == _MOST_SEEN else None

    group.visititems(note)
    return names


def _described(group: h5py.Group) -> list[str]:
    prefix = group.name.rstrip("/")
    return [
        f"{prefix}/{name} {group[name].shape} {_type(group[name])}" for name in _datasets(group)
    ]


def _type(dataset: h5py.Dataset) -> str:
    try:
        return str(dataset.dtype)
    except TypeError:  # HDF5 knows types that numpy has not
        return "unknown"


def _links_out(file: h5py.File) -> str:
    links = (file.get(name, getlink=True) for name in file)
    return listed([link.filename for link in links if isinstance(link, h5py.ExternalLink)])


def _resolve(file: h5py.File, place: str, name: str, hops: int = 0) -> str:
    """Return the absolute name behind `name`; each link is looked at before it is followed."""
    if hops > _MOST_HOPS:
        raise refusal(place, "its soft links go round in circles; name the data set itself")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    group = ""
    for number, part in enumerate(parts):
        link = _link(file, place, group, part)
        if isinstance(link, h5py.ExternalLink):
            raise refusal(place, f"it is a link to another file, `{link.filename}`; give that file")
        if isinstance(link, h5py.SoftLink):
            start = "" if link.path.startswith("/") else group
            rest = "/".join(parts[number + 1 :])
            return _resolve(file, place, f"{start}/{link.path}/{rest}", hops + 1)
        group = f"{group}/{part}"
    return group or "/"


def _link(file: h5py.File, place: str, group: str, part: str) -> object:
    parent = file[group or "/"]
    link = parent.get(part, getlink=True) if isinstance(parent, h5py.Group) else None
    if link is None:
        names = listed(_described(file)) or "no data sets"
        raise refusal(place, f"there is no `{part}` in `{group or '/'}`; the file holds {names}")
    return link


def _check_storage(file: h5py.File, place: str, name: str) -> None:
    dataset = file[name]
    if dataset.is_virtual:
        _check_virtual(file, place, dataset)
        return
    if dataset.external:
        other = dataset.external[0][0]
        raise refusal(place, f"its values lie in another file, `{other}`; copy them into one file")
    if dataset.shape and math.prod(dataset.shape) and dataset.id.get_storage_size() == 0:
        raise refusal(place, "no values were ever written to it; save it again")
    _check_filters(place, dataset)


def _check_virtual(file: h5py.File, place: str, dataset: h5py.Dataset) -> None:
    for name in {(part.file_name, part.dset_name) for part in dataset.virtual_sources()}:
        if name[0] != ".":
            raise refusal(
                place, f"it is put together from other files (`{name[0]}`); copy it into one file"
            )
        source = _resolve(file, place, name[1])
        if not isinstance(file[source], h5py.Dataset) or file[source].is_virtual:
            raise refusal(place, "it is put together from parts in turn; copy it into one array")
        _check_storage(file, place, source)


def _check_filters(place: str, dataset: h5py.Dataset) -> None:
    settings = dataset.id.get_create_plist()
    for number in range(settings.get_nfilters()):
        code, _, _, name = settings.get_filter(number)
        if not _has_filter(code):
            raise _missing_filter(place, code, name)


def _has_filter(code: int) -> bool:
    if h5py.h5z.filter_avail(code):
        return True
    try:
        importlib.import_module("hdf5plugin")  # importing it registers its filters
    except ImportError:
        return False
    return bool(h5py.h5z.filter_avail(code))


def _missing_filter(place: str, code: int, name: bytes) -> SourceError:
    words = name.decode("utf-8", "replace") or "without a name"
    return refusal(
        place,
        f"it is compressed with a filter that is missing here ({code}, {words}); "
        "install `hdf5plugin`, or save it with gzip",
    )

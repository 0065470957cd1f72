"""Name where ids come from: the labels of a data set, or the greys of its palette."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from iou_doctor.datasets import DataSet, convert_to_grey, load_data_set, load_data_sets
from iou_doctor.record import record


@record
class Source:
    """Where the ids of an array come from."""

    title: str
    """For a message: `the labels of BraTS`."""
    advice: str = ""
    """What to add to the help."""


FEWEST_ROUNDED = 4
"""Minimum number of greys of which each may be one off. TensorFlow rounds otherwise than Pillow."""
LEAST_OF_A_DATA_SET = 0.5
"""Minimum share of a data set's ids that must occur. A few small ids are in many data sets."""


def iterate_known_tables() -> Iterator[tuple[str, dict[int, int]]]:
    """Yield the title and the train ids of the known data sets, and both with a background 0."""
    for data_set in load_data_sets():
        ids = {old: new for old, new in data_set.train_ids.items() if old not in data_set.void}
        yield data_set.title, ids
        if 0 not in ids:
            yield data_set.title, {0: 0, **{old: new + 1 for old, new in ids.items()}}


def name_source(ids: Iterable[int], table: Mapping[int, int]) -> Source | None:
    """Return the known source of ids that are mapped by a table; `None` if none is known.

    Args:
        ids: all ids of the array.
        table: the class id of each id that has another one in the other array.
    """
    found = {old: table.get(old, old) for old in ids}
    for title, known in iterate_known_tables():
        enough = len(found) >= LEAST_OF_A_DATA_SET * len(known)
        if enough and found.items() <= known.items():
            return Source(f"the labels of {title}")
    # most palette files use the colours of PASCAL VOC
    for data_set in (load_data_set("pascal_voc"), *load_data_sets()):
        greys = _list_greys(data_set)
        tolerance = 1 if len(found) >= FEWEST_ROUNDED else 0
        if all(_is_grey(greys, old, new, tolerance) for old, new in found.items()):
            return Source(
                f"the grey values of the palette of {data_set.title}",
                "; or read the palette PNG files with np.array(Image.open(path)), without convert",
            )
    return None


def _is_grey(greys: Mapping[int, set[int]], old: int, new: int, tolerance: int) -> bool:
    """Return whether a grey value is that of a class, as decoders round it."""
    near = range(old - tolerance, old + tolerance + 1)
    return any(new in greys.get(grey, ()) for grey in near)


def _list_greys(data_set: DataSet) -> dict[int, set[int]]:
    """Return the ids, and the train ids, of the colours with each grey value."""
    greys: dict[int, set[int]] = {}
    for label in data_set.labels:
        if label.colour is not None:
            names = {label.id} if label.train_id is None else {label.id, label.train_id}
            greys.setdefault(convert_to_grey(label.colour), set()).update(names)
    return greys

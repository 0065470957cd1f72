"""Write each sample to a file of its own, with the suffix and what else its template has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.file_repair.writers.suffixes import choose_suffix

Save = Callable[[Path, StoredArray, str], Iterable[str]]
"""Writes a sample like a template to a new file, and returns what of the template it has not."""


def write_samples(path: Path, array: OutputArray, save: Save, *, format_name: str) -> list[str]:
    """Write a new folder with one file for each sample, or one file if there are no stems.

    Args:
        path: the folder or file.
        array: the samples; a stem with `/` makes subfolders.
        save: writes one of them.
        format_name: a key of `WRITERS`.

    Returns:
        What the copies lack, each once.

    Raises:
        OSError: a file cannot be written.
    """
    templates = chain(array.templates, repeat(""))
    notes: dict[str, None] = {}
    if array.stems:
        path.mkdir()
    for stem, template, sample in zip(
        array.stems or repeat(""), templates, iterate_samples(array), strict=False
    ):
        file = path
        if array.stems:
            file = path / f"{stem}{choose_suffix(format_name, template)}"
            file.parent.mkdir(parents=True, exist_ok=True)
        notes |= dict.fromkeys(save(file, sample, template))
    return list(notes)


def iterate_samples(array: OutputArray) -> Iterator[StoredArray]:
    """Yield the entries of the first axis."""
    for batch in array.convert_batches():
        yield from batch

"""Write each sample of an array to a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.record import record


@record
class SeriesWriter:
    """Writes a folder of files of one format."""

    suffix: str
    write_file: Callable[[Path, Sequence[OutputArray]], None]
    """Writes one array to a new file."""

    def __call__(self, path: Path, arrays: Sequence[OutputArray]) -> None:
        """Write a new folder; names with `/` make subfolders.

        Raises:
            OSError: a file cannot be written.
        """
        (array,) = arrays
        path.mkdir()
        for stem, sample in zip(array.stems, _iterate_samples(array), strict=True):
            file = path / f"{stem}{self.suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            self.write_file(file, [OutputArray([sample], sample.shape, array.dtype, array.name)])


def _iterate_samples(array: OutputArray) -> Iterator[StoredArray]:
    for batch in array.convert_batches():
        yield from batch

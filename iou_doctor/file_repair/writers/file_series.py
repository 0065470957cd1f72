"""Write each sample of an array to a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, repeat
from pathlib import Path

from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.file_repair.writers.samples import iterate_samples
from iou_doctor.record import record


@record
class SeriesWriter:
    """Writes a folder of files of one format."""

    suffix: str
    write_file: Callable[[Path, Sequence[OutputArray]], Sequence[str] | None]
    """Writes one array to a new file."""

    def __call__(self, path: Path, arrays: Sequence[OutputArray]) -> list[str]:
        """Write a new folder; names with `/` make subfolders.

        Returns:
            What the copies lack, each once.

        Raises:
            OSError: a file cannot be written.
        """
        (array,) = arrays
        path.mkdir()
        notes: dict[str, None] = {}
        templates = chain(array.templates, repeat(None))
        for stem, template, sample in zip(
            array.stems, templates, iterate_samples(array), strict=False
        ):
            file = path / f"{stem}{self.suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            one = OutputArray(
                [sample],
                sample.shape,
                array.dtype,
                array.name,
                templates=() if template is None else (template,),
                keeps_values=array.keeps_values,
            )
            notes |= dict.fromkeys(self.write_file(file, [one]) or ())
        return list(notes)

"""The Report that Python users get: it prints itself, and shows itself in a notebook.

The Report of `iou_doctor.report` holds the findings and knows no format. This one adds rendering,
and imports a format only when it is asked for.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from iou_doctor.record import record
from iou_doctor.report import report

if TYPE_CHECKING:
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray

NOTEBOOK_PICTURES = 4
"""How many samples a notebook shows as pictures."""


@record
class Report(report.Report):
    """What a check found."""

    def __repr__(self) -> str:
        status = "sick" if self.verdict.sick else "healthy"
        return f"<Report {status}: {self.verdict.summary}>"

    def __str__(self) -> str:
        from iou_doctor.render.console import make_file_console
        from iou_doctor.render.terminal import render

        return render(self, make_file_console()).rstrip("\n")

    def to_json(self) -> str:
        """Return the report as JSON, schema_version 1, as `--output-format json` writes it."""
        from iou_doctor.render import json_v1

        return json_v1.render(self)

    def to_dict(self) -> dict[str, Any]:
        """Return what `to_json` writes as a dict."""
        import json

        found: dict[str, Any] = json.loads(self.to_json())
        return found

    def to_html(self, *, pictures: int = 12) -> str:
        """Return the report as one HTML page, as `--output-format html` writes it.

        Args:
            pictures: how many samples are shown as pictures; 0 for none.
        """
        from iou_doctor.render.html import page

        return page.render(self._with_gallery(pictures))

    def _with_gallery(self, pictures: int) -> Report:
        from iou_doctor.pictures.gallery import build_gallery

        return replace(self, gallery=build_gallery(self, pictures))

    def save(self, path: str | PathLike[str], *, pictures: int = 12) -> None:
        """Write the report to a file, in the format that the end of its name says.

        An existing file is replaced at the end, and as a whole.

        Args:
            path: ends in .html, .json, .md (Markdown), .sarif, .txt, or .xml (JUnit).
            pictures: how many samples an HTML page shows as pictures; 0 for none.

        Raises:
            iou_doctor.errors.UsageError: the name ends in something else.
            iou_doctor.errors.OutputError: the file cannot be written.
        """
        from iou_doctor.api.tables import write_text
        from iou_doctor.render import FORMATS, FORMATS_BY_SUFFIX

        def write(name: str) -> str:
            return self.to_html(pictures=pictures) if name == "html" else FORMATS[name](self)

        write_text(path, FORMATS_BY_SUFFIX, write)

    @property
    def confusion(self) -> NDArray[np.int64] | None:
        """The confusion matrix of the arrays as they are, shape (classes, classes), in pixels.

        Rows are true classes, columns are predicted ones. Pixels of the ignore label and pixels
        with labels outside the classes are left out. `None` if the pixels do not pair up, or if
        channels overlap.
        """
        from iou_doctor.api.tables import build_confusion

        return build_confusion(self)

    @property
    def per_class(self) -> NDArray[np.void] | None:
        """A row for each class, with the fields of `ClassScore` and its name.

        The fields are id, name, iou, dice, truth_pixels, predicted_pixels, intersection, and the
        bounds low and high of the interval of the IoU. NaN stands for a class without a score, or
        without an interval. `pandas.DataFrame(report.per_class)` takes it. `None` if the pixels do
        not pair up.
        """
        from iou_doctor.api.tables import build_class_table

        return build_class_table(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from iou_doctor.render.html import page

        return page.render_part(self._with_gallery(NOTEBOOK_PICTURES))


def with_rendering(found: report.Report) -> Report:
    """Return a report that can print itself and show itself in a notebook."""
    return Report(**{field.name: getattr(found, field.name) for field in fields(found)})

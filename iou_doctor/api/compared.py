"""What `iou_doctor.compare` returns: it prints itself, and turns into JSON and HTML."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from iou_doctor.api.report import NOTEBOOK_PICTURES
from iou_doctor.record import record
from iou_doctor.report import comparison
from iou_doctor.report.version import __version__

if TYPE_CHECKING:
    from os import PathLike

FORMATS = {".html": "html", ".htm": "html", ".json": "json", ".md": "markdown", ".txt": "full"}
"""The format of a file by the end of its name."""


@record
class Comparison(comparison.Comparison):
    """Where a difference comes from; `difference` holds class pairs, classes and samples."""

    def __repr__(self) -> str:
        from iou_doctor.render.comparison_text import summarize

        return f"<Comparison: {summarize(self)}>"

    def __str__(self) -> str:
        from iou_doctor.render.comparison_text import render
        from iou_doctor.render.console import make_file_console

        return render(self, make_file_console()).rstrip("\n")

    def to_json(self) -> str:
        """Return the comparison as JSON, as `iou-doctor compare --output-format json` does."""
        from iou_doctor.render import comparison_json

        return comparison_json.render(self, version=__version__)

    def to_dict(self) -> dict[str, Any]:
        """Return what `to_json` writes as a dict."""
        found: dict[str, Any] = json.loads(self.to_json())
        return found

    def to_html(self, *, pictures: int = 12) -> str:
        """Return the comparison as one HTML page.

        Args:
            pictures: how many samples are shown as pictures; 0 for none.
        """
        from iou_doctor.render.html import comparison_page

        return comparison_page.render(self._with_changes(pictures))

    def save(self, path: str | PathLike[str], *, pictures: int = 12) -> None:
        """Write the comparison to a file, in the format that the end of its name says.

        Args:
            path: ends in .html, .json, .md or .txt.
            pictures: how many samples an HTML page shows as pictures; 0 for none.

        Raises:
            iou_doctor.errors.UsageError: the name ends in something else.
            iou_doctor.errors.OutputError: the file cannot be written.
        """
        from iou_doctor.api.tables import write_text

        def write(name: str) -> str:
            if name == "html":
                return self.to_html(pictures=pictures)
            if name == "markdown":
                from iou_doctor.render import comparison_markdown

                return comparison_markdown.render(self)
            return self.to_json() if name == "json" else f"{self}\n"

        write_text(path, FORMATS, write)

    def _with_changes(self, pictures: int) -> Comparison:
        from iou_doctor.pictures.changes import build_changes

        return replace(self, changes=build_changes(self, pictures))

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from iou_doctor.render.html import comparison_page

        return comparison_page.render_part(self._with_changes(NOTEBOOK_PICTURES))


def with_rendering(plain: comparison.Comparison) -> Comparison:
    """Return a comparison that can print itself."""
    return Comparison(**{field.name: getattr(plain, field.name) for field in fields(plain)})

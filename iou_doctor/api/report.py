"""The Report that Python users get: it prints itself, and shows itself in a notebook.

The Report of `iou_doctor.report` holds the findings and knows no format. This one adds rendering,
and imports a format only when it is asked for.
"""

from __future__ import annotations

from dataclasses import fields
from html import escape

from iou_doctor.record import record
from iou_doctor.report import report

FRAME = (
    '<iframe title="iou-doctor" style="width:100%;height:40em;border:0" sandbox'
    ' srcdoc="{page}"></iframe>'
)
"""An inline frame, so that the styles of the page and of the notebook do not mix."""


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

    def to_html(self) -> str:
        """Return the report as one HTML page, as `--output-format html` writes it."""
        from iou_doctor.render import html_page

        return html_page.render(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return FRAME.format(page=escape(self.to_html()))


def with_rendering(found: report.Report) -> Report:
    """Return a report that can print itself and show itself in a notebook."""
    return Report(**{field.name: getattr(found, field.name) for field in fields(found)})

"""What `iou_doctor.compare` returns: it prints itself, and turns into JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from iou_doctor.record import record
from iou_doctor.report import comparison
from iou_doctor.report.version import __version__


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


def with_rendering(plain: comparison.Comparison) -> Comparison:
    """Return a comparison that can print itself."""
    return Comparison(**{field.name: getattr(plain, field.name) for field in fields(plain)})

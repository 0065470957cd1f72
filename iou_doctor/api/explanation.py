"""What `iou_doctor.why` returns: it prints itself, and turns into JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from iou_doctor.record import record
from iou_doctor.report.score_lookup import ScoreLookup
from iou_doctor.report.version import __version__


@record
class Explanation(ScoreLookup):
    """What a printed score can mean; `matches` and `conditions` hold the causes."""

    def __repr__(self) -> str:
        from iou_doctor.render.lookup_text import summarize

        return f"<Explanation of {summarize(self)}>"

    def __str__(self) -> str:
        from iou_doctor.render.console import make_file_console
        from iou_doctor.render.lookup_text import render

        return render(self, make_file_console()).rstrip("\n")

    def to_json(self) -> str:
        """Return the explanation as JSON, as `iou-doctor why --output-format json` writes it."""
        from iou_doctor.render import lookup_json

        return lookup_json.render(self, version=__version__)

    def to_dict(self) -> dict[str, Any]:
        """Return what `to_json` writes as a dict."""
        found: dict[str, Any] = json.loads(self.to_json())
        return found


def with_rendering(lookup: ScoreLookup) -> Explanation:
    """Return a lookup that can print itself."""
    return Explanation(**{field.name: getattr(lookup, field.name) for field in fields(lookup)})

"""Report -> text: one file a format, each with `render(report)`, and one line in this table."""

from __future__ import annotations

from collections.abc import Mapping

FORMATS: Mapping[str, str] = {
    "full": "terminal",
    "concise": "concise",
    "json": "json_v1",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "sarif": "sarif",
    "sarif-all": "sarif_all",
    "markdown": "markdown",
    "html": "html_page",
}
"""The name of a format, and the module that writes it."""

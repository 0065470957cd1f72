"""Turn a report into text.

Each format is one module with a function `render`. `FORMATS` maps the name of a format to a
function that imports its module when it is called, so that a check loads only what it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iou_doctor.report.report import Report


FORMATS_BY_SUFFIX = {
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".md": "markdown",
    ".sarif": "sarif",
    ".txt": "full",
    ".xml": "junit",
}
"""The format of a file by the end of its name."""


def _full(report: Report) -> str:
    """For people: the whole diagnosis, on a terminal or in a log."""
    from iou_doctor.render.console import make_file_console
    from iou_doctor.render.terminal import render

    return render(report, make_file_console())


def _concise(report: Report) -> str:
    """One line for each finding, and one for the verdict."""
    from iou_doctor.render.concise import render

    return render(report)


def _json(report: Report) -> str:
    """JSON, `schema_version` 1: a public interface."""
    from iou_doctor.render.json_v1 import render

    return render(report)


def _github(report: Report) -> str:
    """GitHub workflow commands: annotations on the run and on the pull request."""
    from iou_doctor.render.github import render

    return render(report)


def _gitlab(report: Report) -> str:
    """GitLab's code quality JSON, which the merge request shows."""
    from iou_doctor.render.gitlab import render

    return render(report)


def _junit(report: Report) -> str:
    """JUnit XML: one test case for each rule, including the rules that passed."""
    from iou_doctor.render.junit import render

    return render(report)


def _sarif(report: Report) -> str:
    """SARIF 2.1.0 with the findings only, for GitHub's code scanning."""
    from iou_doctor.render.sarif import render

    return render(report)


def _sarif_all(report: Report) -> str:
    """SARIF 2.1.0 with a result for every rule: `fail`, `pass` or `notApplicable`."""
    from iou_doctor.render.sarif_all import render

    return render(report)


def _markdown(report: Report) -> str:
    """Markdown for a comment on a pull request or merge request."""
    from iou_doctor.render.markdown import render

    return render(report)


def _html(report: Report) -> str:
    """One HTML page with pictures, without scripts or external resources."""
    from iou_doctor.render.html.page import render

    return render(report)


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "full": _full,
    "concise": _concise,
    "json": _json,
    "github": _github,
    "gitlab": _gitlab,
    "junit": _junit,
    "sarif": _sarif,
    "sarif-all": _sarif_all,
    "markdown": _markdown,
    "html": _html,
}
"""Every format of a report: its name on the command line, and the function that writes it.

The first line of each function's docstring describes the format in the documentation.
"""

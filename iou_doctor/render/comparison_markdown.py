"""A comparison as Markdown, for a comment or the summary of a build."""

from __future__ import annotations

from iou_doctor.render.comparison_lines import list_parts
from iou_doctor.render.comparison_text import list_sides, summarize, title_parts
from iou_doctor.render.shared.markdown_text import write_table, write_text
from iou_doctor.report.comparison import Comparison


def render(comparison: Comparison) -> str:
    """Return the Markdown text of `iou-doctor compare`."""
    summary = write_text(summarize(comparison))
    parts = [f"**{summary[0].upper()}{summary[1:]}**"]
    parts.append(write_table(("", "score", "of"), (1,), list_sides(comparison)))
    if lines := list_parts(comparison):
        title = write_text(title_parts(comparison))
        parts.append(f"{title[0].upper()}{title[1:]}:")
        parts.append(write_table(("", "part", "cause"), (1,), lines))
    return "\n\n".join(parts) + "\n"

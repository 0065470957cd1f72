"""The report as one HTML page, without scripts or external resources."""

from __future__ import annotations

from iou_doctor.render.html import classes_view, report_view
from iou_doctor.render.html.environment import fill_in
from iou_doctor.render.html.panels import SIDES
from iou_doctor.render.html.samples import NOTEBOOK_SIDE, build_pictures
from iou_doctor.render.shared.score_groups import group_scores
from iou_doctor.render.shared.wording import (
    describe_assumption,
    format_pixel_counts,
    is_bad,
    list_consequences,
    list_root_causes,
    name_status,
)
from iou_doctor.report.finding import Status
from iou_doctor.report.gallery import Gallery
from iou_doctor.report.report import Report


def render(report: Report) -> str:
    """Return the page, its style and its pictures included."""
    return fill_in("page", **_list_values(report, SIDES[0]))


def render_part(report: Report) -> str:
    """Return what a notebook shows, in its colours: the page without its frame.

    Its style applies to nothing else in the notebook.
    """
    return fill_in("notebook", **_list_values(report, NOTEBOOK_SIDE))


def _list_values(report: Report, most: int) -> dict[str, object]:
    gallery = report.gallery or Gallery()
    return {
        "body": "report.html",
        "title": f"iou-doctor: {report.predictions.path} × {report.masks.path}",
        "view": _build_view(report, gallery),
        "pictures": build_pictures(report, gallery, most),
    }


def _build_view(report: Report, gallery: Gallery) -> dict[str, object]:
    bad = is_bad(report)
    return {
        "status": name_status(report),
        "look": "sick" if bad else "healthy",
        "sign": "✗" if bad else "✓",
        "summary": report.verdict.summary,
        "arrays": (
            report_view.describe_array("predictions", report.predictions),
            report_view.describe_array("masks", report.masks),
        ),
        "facts": report_view.describe_facts(report),
        "scores": report_view.list_numbers(report),
        "block": "\n".join(report.block.lines) if report.block else "",
        "findings": [report_view.describe_finding(one, report) for one in list_root_causes(report)],
        "consequences": [
            report_view.describe_finding(one, report) for one in list_consequences(report)
        ],
        "notes": gallery.notes,
        "ledger": report_view.describe_ledger(report),
        "classes": classes_view.describe_classes(report, gallery),
        "images": classes_view.describe_images(gallery.images),
        "confusion": classes_view.describe_confusion(report, gallery),
        "contracts": [
            (group.value, ", ".join(group.names), group.why) for group in group_scores(report)
        ],
        **_build_footer(report),
    }


def _build_footer(report: Report) -> dict[str, object]:
    counts = dict.fromkeys(Status, 0)
    for outcome in report.outcomes:
        counts[outcome.status] += 1
    return {
        "command": report.command,
        "pixels": format_pixel_counts(report.pixels),
        "guesses": [
            f"{describe_assumption(guess)}: {guess.why}" for guess in report.reading.assumed
        ],
        "rule_counts": [f"{count} {status.value}" for status, count in counts.items()],
        "rules": [
            (f"{outcome.rule.code} {outcome.rule.name}", outcome.status.value, outcome.reason or "")
            for outcome in report.outcomes
        ],
        "version": report.version,
    }

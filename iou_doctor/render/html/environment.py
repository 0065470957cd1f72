"""Fill in the templates: every value is escaped, and holds no character that controls anything."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from iou_doctor.render.shared.wording import format_score, replace_unprintable
from iou_doctor.safety.safe_text import break_commands

CODE = re.compile(r"`([^`]+)`")
"""A piece of code between backticks, as messages and help texts have it."""


def fill_in(template: str, **values: object) -> str:
    """Return a template with these values in it.

    Args:
        template: its name without the suffix.
        values: what it shows.
    """
    text: str = _build_environment().get_template(f"{template}.html").render(values)
    return break_commands(text)


def mark_code(text: str) -> Markup:
    """Escape a text, and mark what is in backticks as code."""
    escaped = str(escape(replace_unprintable(text)))
    return Markup(CODE.sub(r"<code>\1</code>", escaped))


@cache
def _build_environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["code"] = mark_code
    environment.filters["score"] = format_score
    return environment


def _finalize(value: object) -> object:
    """Return a value as it may be shown; markup was made from such values."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return replace_unprintable(value)


def _read(name: str) -> str:
    return resources.files("iou_doctor.render.html").joinpath("templates", name).read_text("utf-8")

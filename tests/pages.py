"""The pages of the documentation, and the parts of them that are generated or run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))

GENERATED = re.compile(
    r"(?P<start><!-- generated: (?P<name>\w+) -->\n)(?P<text>.*?)(?P<end><!-- end -->)", re.DOTALL
)
"""A part that a test compares with what the program says."""
SESSION = re.compile(
    r"(?P<start>```console\n\$ (?P<command>.*?)\n)(?P<text>.*?)(?P<end>```)", re.DOTALL
)
"""A command and what it prints, which a test runs again."""
CODE_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def read_page(page: Path) -> str:
    """Return the text of a page."""
    return page.read_text(encoding="utf-8")


def read_all() -> str:
    """Return the text of all pages, one after the other."""
    return "\n".join(map(read_page, PAGES))


def find_snippets(language: str) -> list[str]:
    """Return the code blocks of a language on all pages."""
    return [
        found["text"] for found in CODE_BLOCK.finditer(read_all()) if found["language"] == language
    ]


def find_python(name: str) -> str:
    """Return the code below `<!-- python: NAME -->`, the same on every page that has it."""
    blocks = re.findall(rf"<!-- python: {name} -->\n```python\n(.*?)```", read_all(), re.DOTALL)
    assert blocks, f"no page has <!-- python: {name} -->"
    assert len(set(blocks)) == 1
    return blocks[0]


def compare(
    page: Path, pattern: re.Pattern[str], write: Callable[[re.Match[str]], str], *, updating: bool
) -> int:
    """Compare each match on a page with what `write` returns for it, and return how many there are.

    Args:
        page: the page.
        pattern: matches a part with groups `start`, `text` and `end`.
        write: returns the text as it should be.
        updating: rewrite the page first.
    """
    before = read_page(page)
    after, count = pattern.subn(lambda found: found["start"] + write(found) + found["end"], before)
    if updating and after != before:
        page.write_text(after, encoding="utf-8")
    assert read_page(page) == after, f"{page.name}: run pytest --update-snapshots and read the diff"
    return count

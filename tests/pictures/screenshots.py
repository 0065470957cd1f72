"""Take the pictures of the six pages that are looked at, and keep them small.

    PYTHONPATH=tests:. python -m pictures.screenshots

writes them into `tests/pictures/references/`. Fonts and Chromium's version change them a little, so
no test compares them: look at them, and at the difference to those in the repository.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from pictures.chromium import DARK, browse, frame
from pictures.reports import write_pages

REFERENCES = Path(__file__).parent / "references"
WIDTH, HEIGHT, PHONE = 1100, 1900, 390
SHOWN_WIDTH, COLOURS = {"light": 420, "dark": 420, "phone": 250, "print": 560}, 48
"""The width of a reference of each view in pixels, and the number of its colours."""


def main(folder: Path = REFERENCES) -> None:
    """Write all references."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for page in write_pages(Path(scratch)):
            for view, picture in _take(page, Path(scratch)).items():
                _shrink(picture, SHOWN_WIDTH[view]).save(
                    folder / f"{page.stem}_{view}.png", optimize=True
                )
                sys.stdout.write(f"{page.stem}_{view}.png\n")


def _take(page: Path, scratch: Path) -> dict[str, Image.Image]:
    phone = frame(page, scratch, width=PHONE, height=HEIGHT)
    pictures = {
        "light": _shoot(page, scratch),
        "dark": _shoot(page, scratch, DARK),
        "phone": _shoot(phone, scratch).crop((0, 0, PHONE, HEIGHT)),
    }
    if (printed := _print(page, scratch)) is not None:
        pictures["print"] = printed
    return pictures


def _shoot(page: Path, scratch: Path, *flags: str) -> Image.Image:
    place = scratch / "shot.png"
    browse(page, f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={place}", *flags)
    with Image.open(place) as picture:
        return picture.convert("RGB")


def _print(page: Path, scratch: Path) -> Image.Image | None:
    """Return the first two printed pages side by side; `None` if poppler is missing."""
    document = scratch / "page.pdf"
    browse(page, f"--print-to-pdf={document}", "--no-pdf-header-footer")
    try:
        subprocess.run(
            ["pdftoppm", "-r", "60", "-l", "2", "-png", document, scratch / "sheet"], check=True
        )
    except FileNotFoundError:
        return None
    sheets = [Image.open(path).convert("RGB") for path in sorted(scratch.glob("sheet-*.png"))]
    whole = Image.new("RGB", (sum(one.width for one in sheets), sheets[0].height), "white")
    for place, sheet in enumerate(sheets):
        whole.paste(sheet, (place * sheets[0].width, 0))
    for path in scratch.glob("sheet-*.png"):
        path.unlink()
    return whole


def _shrink(picture: Image.Image, width: int) -> Image.Image:
    size = width, round(picture.height * width / picture.width)
    return picture.resize(size, Image.Resampling.LANCZOS).quantize(COLOURS, dither=0)


if __name__ == "__main__":
    main()

"""Run headless Chromium on a page."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
DARK = "--blink-settings=preferredColorScheme=0"
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
RESULT = re.compile(r'<pre id="result"[^>]*>(.*?)</pre>', re.DOTALL)


def browse(page: Path, *flags: str, timeout: float = 120) -> str:
    """Open a page and return what Chromium prints."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, *FLAGS, *flags, page.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=timeout,
    )
    return done.stdout


def run_script(page: Path, script: str, folder: Path, *flags: str) -> str:
    """Return what a script writes with `answer(text)`, run on a copy of a page.

    The copy lacks the policy that forbids scripts.
    """
    text, count = POLICY.subn("", page.read_text("utf-8"))
    assert count <= 1
    answer = "function answer(text) { document.getElementById('result').textContent = text; }"
    ending = f'<pre id="result" hidden></pre><script>{answer}\n{script}</script></body>'
    before, _, after = text.rpartition("</body>")
    copy = folder / f"{page.stem}_with_script.html"
    copy.write_text(f"{before}{ending}{after}", "utf-8")
    found = RESULT.search(browse(copy, "--virtual-time-budget=20000", "--dump-dom", *flags))
    assert found is not None
    return html.unescape(found[1])


def frame(page: Path, folder: Path, *, width: int, height: int) -> Path:
    """Return a page that shows another one in a frame of some size: windows have a least width."""
    outer = folder / f"{page.stem}_framed.html"
    source = html.escape(page.read_text("utf-8"))
    style = f"border:0;display:block;width:{width}px;height:{height}px"
    inner = f'<iframe style="{style}" srcdoc="{source}"></iframe>'
    outer.write_text(f'<!DOCTYPE html><body style="margin:0">{inner}', "utf-8")
    return outer

"""Ask axe-core whether everybody can read the six pages, in light and in dark.

    PYTHONPATH=tests:. python -m pictures.accessibility

fetches axe-core from the npm registry, or takes the file that the variable AXE names. It prints
the violations, and ends with 1 if there is one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from pictures.chromium import DARK, run_script
from pictures.reports import write_pages

VERSION = "4.14.1"
RUN = """
document.querySelectorAll("details").forEach(one => { one.open = OPEN; });
axe.run(document).then(found => answer(JSON.stringify(found.violations.map(one => (
  {id: one.id, help: one.help, nodes: one.nodes.slice(0, 3).map(node => node.html.slice(0, 200))}
)))));
"""


def fetch_axe(folder: Path) -> str:
    """Return the source of axe-core."""
    if "AXE" in os.environ:
        return Path(os.environ["AXE"]).read_text("utf-8")
    command = ["npm", "pack", "--silent", f"axe-core@{VERSION}"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("axe-core-*.tgz"))) as archive:
        source = archive.extractfile("package/axe.min.js")
        assert source is not None
        return source.read().decode("utf-8")


def main() -> int:
    """Print the violations, and return the exit code."""
    count = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        axe = fetch_axe(folder).replace("</script", "<\\/script")
        for page in write_pages(folder):
            for what, flags, is_open in (("light", (), "true"), ("dark", (DARK,), "false")):
                script = f"{axe}\n{RUN.replace('OPEN', is_open)}"
                for one in json.loads(run_script(page, script, folder, *flags)):
                    count += 1
                    sys.stdout.write(f"{page.stem} {what}: {one['id']}: {one['help']}\n")
                    for node in one["nodes"]:
                        sys.stdout.write(f"    {node}\n")
    sys.stdout.write(f"{count} violations\n")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())

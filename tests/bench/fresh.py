"""Run iou-doctor as for the first time on a machine.

pip compiles the bytecode when it installs, and the files are in the page cache then. Therefore a
first run starts with compiled bytecode and warm files. What it lacks is everything that earlier
runs of iou-doctor may have left: compiled code and caches, beside the package and in the user's
home. If it takes longer than later runs, the program does work that users wait for once.
"""

from __future__ import annotations

import compileall
import shutil
import site
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "iou_doctor"


def find_package() -> Path:
    """Return the folder of the package that is measured: the one that `import` finds here."""
    spec = find_spec(PACKAGE)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


class FreshInstall:
    """A copy of the package as pip leaves it, and an empty home."""

    def __init__(self, folder: Path) -> None:
        self._kept, self._used = folder / "kept", folder / "used"
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(find_package(), self._kept / PACKAGE, ignore=unwanted)
        compileall.compile_dir(self._kept, quiet=2)

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which Python finds the copy, and programs the empty home."""
        home = self._used / "home"
        return {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "PYTHONPATH": str(self._used),
            "PYTHONUSERBASE": site.getuserbase(),  # where packages may be that a user installed
        }

    def renew(self) -> None:
        """Forget all earlier runs."""
        shutil.rmtree(self._used, ignore_errors=True)
        shutil.copytree(self._kept, self._used)  # keeps times, so the bytecode stays valid
        (self._used / "home").mkdir()

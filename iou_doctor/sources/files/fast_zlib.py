"""The quickest module at hand that does what `zlib` does."""

from __future__ import annotations

import zlib
from types import ModuleType

try:
    from isal import isal_zlib
except ImportError:  # there are no wheels for some machines
    ZLIB: ModuleType = zlib
else:
    ZLIB = isal_zlib  # two to three times as fast

ZLIB_ERRORS: tuple[type[Exception], ...] = (zlib.error, ZLIB.error)
"""What the module raises for damaged data."""

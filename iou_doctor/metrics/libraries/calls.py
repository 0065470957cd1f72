"""Libraries whose metrics are understood in a call, but not shown beside those of the others.

Only a run with `--metric` imports them.
"""

from __future__ import annotations

from iou_doctor.metrics.libraries import Library

CALLED_LIBRARIES: tuple[Library, ...] = ()

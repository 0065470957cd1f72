"""Libraries whose metrics are understood in a call, but not shown beside those of the others.

Only a run with `--metric` imports them.
"""

from __future__ import annotations

from iou_doctor.metrics.libraries import (
    CallLibrary,
    explained,
    fastai,
    medpy,
    mmseg_functions,
    monai_functions,
    scripts,
    segmentation_models_functions,
    sklearn_more,
    smp_more,
    tensorflow_1,
    torchmetrics_more,
    torchmetrics_old,
)

CALLED_LIBRARIES: tuple[CallLibrary, ...] = (
    tensorflow_1,
    torchmetrics_more,
    torchmetrics_old,
    mmseg_functions,
    sklearn_more,
    monai_functions,
    smp_more,
    segmentation_models_functions,
    fastai,
    medpy,
    scripts,
    explained,
)
"""In the order in which their metrics are listed."""

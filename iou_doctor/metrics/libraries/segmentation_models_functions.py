"""`iou_score` and `f1_score` of segmentation_models, which people put into `metrics=[…]`.

Source: segmentation-models 1.0.1, `metrics.py`: they are the objects `IOUScore()` and `FScore()`.
"""

from collections.abc import Mapping

from iou_doctor.metrics.libraries import segmentation_models
from iou_doctor.metrics.metric import Metric, Signature

_CLASSES = {
    "iou_score": segmentation_models.SIGNATURES[0],
    "f1_score": segmentation_models.SIGNATURES[1],
    "f2_score": segmentation_models.SIGNATURES[1],
}
_ARRAYS = ("gt", "pr")
SIGNATURES: tuple[Signature, ...] = tuple(
    Signature(
        f"segmentation_models.metrics.{name}",
        dict.fromkeys(_ARRAYS),
        free=frozenset(_ARRAYS),
        refusal="" if name != "f2_score" else "it weights recall; name f1_score or FScore()",
    )
    for name in _CLASSES
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call."""
    signature = _CLASSES[name.rpartition(".")[2]]
    defaults = {**signature.parameters, **arguments}
    return segmentation_models.build_metric(signature.name, defaults, call=call)

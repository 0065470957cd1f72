"""`mean_iou` of TensorFlow 1, also under its name in `tf.contrib`.

Source: TensorFlow 2.21, `python/ops/metrics_impl.py` (`mean_iou`), which `tf.compat.v1.metrics`
exports. Labels are cast to int64 toward zero, and counted in float64. A label outside the classes
raises. A class without a union is not in the mean. The ratios are float32. `weights` can leave out
pixels; the contract leaves out those of the ignore label.
"""

from collections.abc import Mapping

from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.metrics.call_arguments import parse_integer, refuse_argument, wrap_contract
from iou_doctor.metrics.definition import Absent, Choices, Contract, Floats, Ignored, Stray
from iou_doctor.metrics.metric import Metric, Signature

_NAMES = ("metrics_collections", "updates_collections")
_CONTRACT = Contract(
    name="tensorflow.mean_iou",
    library="TensorFlow",
    versions="1.0-2.21",
    call="tf.compat.v1.metrics.mean_iou(labels, predictions, {num_classes})",
    pairing=Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS, flat=True),
    choices=Choices(
        floats=Floats.TRUNCATED,
        stray_truth=Stray.RAISES,
        stray_prediction=Stray.RAISES,
        ignored=Ignored.CLASS_STAYS,
        absent=Absent.SKIPPED,
        empty=0.0,
    ),
    error="InvalidArgumentError: `{argument}` out of bound ({label} is not in 0..{last})",
    error_below="InvalidArgumentError: `{argument}` contains negative values"
    " ({label} is not in 0..{last})",
)
SIGNATURES: tuple[Signature, ...] = tuple(
    Signature(
        name,
        {**dict.fromkeys(arrays), "num_classes": ..., **dict.fromkeys(("weights", *_NAMES))},
        free=frozenset({"labels", "predictions", *_NAMES}),
    )
    for name, arrays in (
        ("tensorflow.compat.v1.metrics.mean_iou", ("labels", "predictions")),
        ("tensorflow.contrib.metrics.streaming_mean_iou", ("predictions", "labels")),
    )
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    if arguments["weights"] is not None:
        raise refuse_argument(
            name, "weights", "leave it out, and give --ignore-index for the pixels of weight 0"
        )
    classes = parse_integer(name, "num_classes", arguments["num_classes"])
    return wrap_contract(_CONTRACT, name=name, call=call, num_classes=classes)

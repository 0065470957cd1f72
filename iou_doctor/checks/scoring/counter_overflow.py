"""The metric's counters cannot hold this many pixels, so its number is wrong for this size.

In float32, 2**24 + 1 is 2**24. tf-keras and Keras 3.0 to 3.7 add ones to a float32 cell, which
stops at 16,777,216 pixels in one `update_state`: 64 images of 512 x 512 that are mostly background,
or one volume of 256 x 256 x 256. `MeanIoU(2, dtype="float16")` counts in float16 in every version,
and stops at 2,048 pixels; bfloat16 stops at 256. Keras from 3.8 counts in int64, but in int32 on
the torch backend. There a class with a union above 2,147,483,647 pixels turns negative and is left
out of the mean.

    m = tf_keras.metrics.MeanIoU(num_classes=2)
    m.update_state(masks, labels)                                       # wrong above 2**24
    for y_true, y_pred in batches: m.update_state(y_true, y_pred)       # right

Update the metric batch by batch, or use Keras 3.8 or newer on TensorFlow. The rule assumes that all
pixels come in one update, unless `--batch-size` says otherwise.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.other_scores import TOLERANCE
from iou_doctor.checks.registry import Result
from iou_doctor.metrics.score import Counter
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU603",
    name="counter-overflow",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="the metric's counters cannot hold this many pixels",
    needs=Needs.WHOLE_DATA_SET,
)


def find(evidence: Evidence) -> Result:
    """Compare the metric's number with what its counters give at their limit."""
    counter, value = evidence.metric_score.counter, evidence.metric_score.value
    if counter is None or value is None or abs(counter.value - value) <= TOLERANCE:
        return []
    return [
        Finding(
            RULE,
            message=f"{evidence.metric.short_name} {_describe(counter)}: it reads"
            f" {counter.value:.4f}, not {value:.4f}, {counter.condition}",
            help=_choose_help(evidence, counter),
            facts={
                "dtype": counter.dtype,
                "largest": counter.largest,
                "limit": counter.limit,
                "overflowed": counter.value,
                "exact": value,
            },
            # the backend is not known
            severity_override=Severity.NOTE if counter.dtype == "int32" else None,
        )
    ]


def _describe(counter: Counter) -> str:
    if counter.largest <= counter.limit:
        return f"adds up batches in {counter.dtype}, which rounds numbers above {counter.limit:,}"
    end = "wraps" if counter.dtype == "int32" else "stops"
    return (
        f"counts {counter.largest:,} pixels in one {counter.dtype} number, which {end} at"
        f" {counter.limit:,}"
    )


def _choose_help(evidence: Evidence, counter: Counter) -> str:
    dtype = evidence.metric.dtype
    if dtype and evidence.metric.name.startswith("keras."):
        return f"leave out dtype='{dtype}': keras >= 3.8 then counts in int64"
    if dtype in {"float16", "bfloat16"}:
        return "use dtype='float64', which counts exactly"
    if counter.dtype == "int32":
        return "use the TensorFlow backend (int64), or add up parts of the data"
    return "call `update_state` batch by batch, or use keras >= 3.8 on TensorFlow (int64)"

"""The metric's counters cannot hold this many pixels, so its number is wrong for this size.

In float32, 2**24 + 1 is 2**24. tf-keras and Keras 3.0 to 3.7 add ones to a float32 cell, which
stops at 16,777,216 pixels in one `update_state`: 64 images of 512 x 512 that are mostly background,
or one volume of 256 x 256 x 256. Keras from 3.8 counts in int64, but in int32 on the torch backend.
There a class with a union above 2,147,483,647 pixels turns negative and is left out of the mean.

    m = tf_keras.metrics.MeanIoU(num_classes=2)
    m.update_state(masks, labels)                                       # wrong above 2**24
    for y_true, y_pred in batches: m.update_state(y_true, y_pred)       # right

Update the metric batch by batch, or use Keras 3.8 or newer on TensorFlow. The rule assumes that all
pixels come in one update, unless `--batch-size` says otherwise.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.other_scores import TOLERANCE
from iou_doctor.checks.registry import Result
from iou_doctor.counts.label_decoding import Pairing
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
    if counter is None or value is None or counter.largest <= counter.limit:
        return []
    if abs(counter.value - value) <= TOLERANCE or _is_batch_within_limit(evidence, counter):
        return []
    stops = counter.dtype == "float32"
    return [
        Finding(
            RULE,
            message=f"{evidence.metric.short_name} counts {counter.largest:,} pixels in one"
            f" {counter.dtype} number, which {'stops' if stops else 'wraps'} at"
            f" {counter.limit:,}: it reads {counter.value:.4f}, not {value:.4f},"
            f" {counter.condition}",
            help="call `update_state` batch by batch, or use keras >= 3.8 on TensorFlow (int64)"
            if stops
            else "use the TensorFlow backend (int64), or add up parts of the data",
            facts={
                "dtype": counter.dtype,
                "largest": counter.largest,
                "limit": counter.limit,
                "overflowed": counter.value,
                "exact": value,
            },
            severity_override=None if stops else Severity.NOTE,  # the backend is not known
        )
    ]


def _is_batch_within_limit(evidence: Evidence, counter: Counter) -> bool:
    """Return whether no cell reaches its limit within one batch of the declared size."""
    inputs, metric = evidence.inputs, evidence.metric
    size = inputs.batch_size if inputs else None
    pairs = inputs.flat.get(Pairing(metric.y_true, metric.y_pred, flat=True)) if inputs else None
    if size is None or pairs is None or counter.dtype != "float32":
        return False
    batches = pairs.group_into_batches(size).relabel()
    return int(batches.count.max(initial=0)) <= counter.limit

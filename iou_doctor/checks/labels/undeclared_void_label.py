"""The masks hold a void label that is not declared as the ignore label.

255 (PASCAL VOC, Cityscapes), -1, -100 (PyTorch), 250 to 254, or the id just after the last class
(11 in CamVid) marks pixels that belong to no class. Keras 3.15 happens to drop ids outside the
classes. Other tools raise, count them as false positives or count them under a wrong class, so the
same arrays give different numbers. Several void labels have to become one.

Void may also be one of the class ids: 0 for unlabelled, the last id, or the void ids of Cityscapes
labelIds. Its IoU is then 0, and all predictions there are false positives. The rule assumes this
only if the id is never predicted although rarer classes are. If bands of 0 lie between other
classes and are never predicted, a note says so: somebody may have written void borders as 0.

A label that stands in place of 0 in some samples, and is predicted as 0 there, may be their
background; the rule then says what to look at and repairs nothing. If both arrays hold 255 and
agree on it about as well as on the other labels, it is a class.

    iou-doctor check predictions.npy masks.npy --ignore-index 255
    keras.metrics.MeanIoU(num_classes=21, ignore_class=255)

Declare the label, so that every tool leaves out the same pixels.
"""

from dataclasses import replace

from iou_doctor.arrays.interpretation import RARE_VOID_LABELS, VOID_LABELS
from iou_doctor.arrays.white_masks import WHITE
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import score_as_given, score_repaired
from iou_doctor.checks.labels._void_bands import VoidBands, find_void_bands
from iou_doctor.checks.labels._void_classes import find_void_classes
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import DEFAULT_VOID, count_undeclared_void, may_be_classes
from iou_doctor.checks.wording import describe_labels, format_count, format_percent, join_words
from iou_doctor.metrics.metric import Metric
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU406",
    name="undeclared-void-label",
    severity=Severity.WARNING,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the masks hold a void label that is not declared as the ignore label",
    symptom=Symptom.LABELS,
    explains=Symptom.METRIC | Symptom.PERFECT_SCORE,
    also_explains=("label-out-of-range",),
    after=(
        "faulty-samples",
        "masks-0-255",
        "interpolated-masks",
        "jpeg-masks",
        "palette-read-as-grey",
        "stretched-labels",
        "recoded-class-ids",
    ),
)


def find(evidence: Evidence) -> Result:
    """Look for labels that mean void although they are not the ignore label."""
    if evidence.interpretation.is_multilabel:
        return _find_in_channels(evidence)
    if _has_no_ids(evidence):
        return []
    declared = evidence.interpretation.ignore_index
    findings: list[Finding] = []
    recoded, channels = _list_recoded_labels(evidence), _count_channels(evidence)
    outside = {
        label: count
        for label, count in count_undeclared_void(evidence).items()
        if label not in recoded and not 0 <= label < channels
    }
    if outside and may_be_classes(evidence, outside):
        return []
    inside = None if recoded else find_void_classes(evidence)
    target = declared
    if outside:
        from iou_doctor.checks.labels._doubtful_void import report_doubtful

        findings += report_doubtful(RULE, evidence, outside)
        doubtful = {label for finding in findings for label in finding.facts["labels"]}
        outside = {label: n for label, n in outside.items() if str(label) not in doubtful}
    if outside:
        target = next(iter(outside)) if target is None else target
        findings.append(_report(evidence, outside, _describe_outside(outside), target))
    if inside:
        several = len(inside.labels) > 1
        alone = DEFAULT_VOID if several else next(iter(inside.labels))
        target = alone if target is None else target
        found = _report(evidence, inside.labels, inside.reason, target)
        findings.append(replace(found, needs=Needs.WHOLE_DATA_SET))
    return findings or _find_notes(evidence, are_recoded=bool(recoded))


def _find_in_channels(evidence: Evidence) -> list[Finding]:
    """Look for samples that hold both 1 and 255 in channels that overlap."""
    white = evidence.white_masks
    if white is None or not white.mixed:
        return []
    return [
        Finding(
            RULE,
            message=f"the channels of the masks hold {WHITE} beside 0 and 1 in"
            f" {format_count(len(white.mixed), 'sample')}, which usually means void, but no ignore"
            " label is declared",
            help=_write_help(evidence.metric, [], WHITE, None),
            facts={"labels": {str(WHITE): None}, "samples": len(white.mixed)},
            severity_override=Severity.ERROR if evidence.metric_score.error else None,
        )
    ]


def _count_channels(evidence: Evidence) -> int:
    """Return how many classes have a channel of scores, whatever number the user names."""
    interpretation = evidence.interpretation
    return interpretation.layout.y_pred.channels if interpretation.y_pred.is_dense else 0


def _find_notes(evidence: Evidence, *, are_recoded: bool) -> list[Finding]:
    """Return notes on what may mean void, if no label certainly does."""
    if evidence.interpretation.num_classes > DEFAULT_VOID:
        from iou_doctor.checks.labels._shared_void import may_be_shared_void, report_shared_void

        if may_be_shared_void(evidence):
            return [report_shared_void(RULE, evidence)]
    bands = None if are_recoded else find_void_bands(evidence)
    return [_report_bands(evidence, bands)] if bands else []


def _report_bands(evidence: Evidence, bands: VoidBands) -> Finding:
    """Return the note that class 0 holds void borders."""
    before, after = score_as_given(evidence), bands.mean_iou_without
    score = (
        f": the mean IoU is {before:.4f} with them and about {after:.4f} without" if after else ""
    )
    share = format_percent(bands.pixels, bands.zeros)
    return Finding(
        RULE,
        message=f"class 0 forms bands between other classes that are never predicted"
        f" ({share} of its {bands.zeros:,} sampled pixels), like void borders written as 0{score}",
        help="write 255 into the borders when the masks are made, and --ignore-index 255; if the"
        " bands are background, ignore this note",
        facts={
            "labels": {},
            "bands": bands.pixels,
            "zeros": bands.zeros,
            "mean_iou_without": after,
        },
        severity_override=Severity.NOTE,
    )


def _describe_outside(void: dict[int, int]) -> str:
    """Return what shows that labels outside the classes are void."""
    means = "means void" if len(void) == 1 else "mean void"
    if {*VOID_LABELS, *RARE_VOID_LABELS}.issuperset(void):
        return f"which usually {means}"
    return f"outside the classes and never predicted, which probably {means}"


def _report(evidence: Evidence, void: dict[int, int], reason: str, target: int) -> Finding:
    """Return the finding.

    Args:
        evidence: the facts.
        void: the number of pixels of each void label.
        reason: what shows that they are void.
        target: the label that is to be the ignore label.
    """
    declared = evidence.interpretation.ignore_index
    mapped = [label for label in void if label != target]
    repair = _build_repair(mapped, target, declared)
    missing = "no ignore label is declared" if declared is None else f"only {declared} is declared"
    share = format_percent(sum(void.values()), evidence.repaired.pixels.total)
    return Finding(
        RULE,
        message=f"masks hold {describe_labels(void)} ({share}), {reason}, but {missing}"
        f"{_describe_gain(evidence, repair)}",
        help=_write_help(evidence.metric, mapped, target, declared),
        facts={"labels": {str(key): count for key, count in void.items()}},
        repair=repair,
        severity_override=Severity.ERROR if _is_refused_by_metric(evidence) else None,
    )


def _build_repair(mapped: list[int], target: int, declared: int | None) -> Repair:
    """Return the repair that makes all void labels the ignore label."""
    ignored = target if declared is None else None
    if not mapped:
        return Repair(name=f"ignore label {target}", safe=True, ignore_index=ignored)
    return build_relabelling(
        f"ignore {'label' if len(mapped) == 1 else 'labels'} {join_words(mapped)} as {target}",
        side=Side.MASKS,
        table=dict.fromkeys(mapped, target),
        safe=True,
        ignore_index=ignored,
    )


def _describe_gain(evidence: Evidence, repair: Repair) -> str:
    """Return how the mean IoU changes if the labels are ignored; empty if it does not."""
    before, after = score_as_given(evidence), score_repaired(evidence, repair)
    if f"{before:.4f}" == f"{after:.4f}":
        return ""
    return f": the mean IoU is {before:.4f} with these pixels and {after:.4f} without"


def _write_help(metric: Metric, mapped: list[int], target: int, declared: int | None) -> str:
    """Return how to map the labels to one, and to declare it."""
    option = f"--ignore-index{'=' if target < 0 else ' '}{target}"
    declare = f"{option}, and {_adapt_metric(metric, target)}"
    if not mapped:
        return declare
    mapping = f"masks = np.where(np.isin(masks, {sorted(mapped)}), {target}, masks)"
    return mapping if declared is not None else f"{mapping}, then {declare}"


def _adapt_metric(metric: Metric, label: int) -> str:
    """Return how to make the user's metric ignore the label."""
    if metric.contract is None:
        return f"ignore_class={label} in the metric"
    if metric.ignores:
        return f"ignore_index={label} in the metric"
    return f"remove those pixels before the metric, since {metric.short_name} cannot ignore a label"


def _has_no_ids(evidence: Evidence) -> bool:
    """Return whether another rule says that the mask values are not class ids at all."""
    if evidence.has_found("interpolated-masks") and evidence.interpretation.num_classes == 2:
        return True
    return evidence.has_found("jpeg-masks", "palette-read-as-grey", "stretched-labels")


def _list_recoded_labels(evidence: Evidence) -> set[int]:
    """Return the labels that `recoded-class-ids` maps to classes."""
    found = [one for one in evidence.found if one.rule.name == "recoded-class-ids"]
    return {int(label) for finding in found for label in finding.facts["mapping"]}


def _is_refused_by_metric(evidence: Evidence) -> bool:
    """Return whether the metric raises because of such a label, so that there is no number."""
    error = evidence.metric_score.error or ""
    return "`labels`" in error or (bool(error) and evidence.metric.takes is not None)

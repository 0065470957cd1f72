"""Write the numbers, shapes and labels that appear in findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.value_counts import Place, ValueCounts
from iou_doctor.metrics.definition import Floats

MOST_LISTED_ITEMS = 6
"""Maximum number of items that a message lists. More would hide the rest of the message."""


def format_percent(part: int, whole: int) -> str:
    """Return `part` of `whole` in percent. Only 0 is written as 0 %, and only all as 100 %."""
    if not whole:
        return "0 %"
    share = 100 * part / whole
    text = f"{share:.2f}"
    if part and text == "0.00":
        return "less than 0.01 %"
    if part < whole and text == "100.00":
        return "more than 99.99 %"
    return f"{text.rstrip('0').rstrip('.')} %"


def join_words(items: Iterable[object]) -> str:
    """Return `a, b and c`; after `MOST_LISTED_ITEMS`, only say how many more there are."""
    texts = [str(item) for item in items]
    if len(texts) > MOST_LISTED_ITEMS:
        return f"{', '.join(texts[:MOST_LISTED_ITEMS])} and {len(texts) - MOST_LISTED_ITEMS} more"
    return " and ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)


def name_samples(evidence: Evidence, samples: Sequence[int]) -> str:
    """Return the names of some samples: `samples 0, 1 and 2`, or the stems of their files."""
    if evidence.pair.y_true.names or len(samples) == 1:
        return join_words(evidence.name_sample(sample) for sample in samples)
    return f"samples {join_words(samples)}"


def format_near_id(value: float) -> str:
    """Return a number that lies just beside a whole one with so many digits that this shows."""
    short = f"{value:.7g}"
    return short if "." in short else f"{value:.17g}"


def format_ids(ids: Iterable[int]) -> str:
    """Return `1..3` for consecutive ids, and a list of the ids if there are gaps."""
    labels = sorted(ids)
    if len(labels) < 3 or labels[-1] - labels[0] >= len(labels):
        return join_words(labels) or "no ids"
    return f"{labels[0]}..{labels[-1]}"


def format_count(number: int, noun: str) -> str:
    """Return `1 pixel` or `1,204 pixels`: the number with the noun in singular or plural."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def format_shape(sizes: Iterable[int | None]) -> str:
    """Return `64 × 96`, with `?` for a size that differs between images (`None`)."""
    return " × ".join("?" if size is None else str(size) for size in sizes)


def describe_place(where: Place, evidence: Evidence) -> str:
    """Return `sample 3, pixel (0, 12): 0.02 0.97 0.01`: at most eight values of one pixel."""
    values = " ".join(f"{value:.4g}" for value in where.values[:8])
    more = " …" if len(where.values) > 8 else ""
    pixel = f"({', '.join(str(i) for i in where.position)})"
    return f"{evidence.name_sample(where.sample)}, pixel {pixel}: {values}{more}"


def describe_first(where: Place | None, evidence: Evidence) -> str | None:
    """Return the line that shows the first offending place; `None` if no place is known."""
    return None if where is None else f"first: {describe_place(where, evidence)}"


def describe_non_finite(values: ValueCounts) -> list[str]:
    """Return `3 NaNs` and `1 infinite value`, without a kind that does not occur."""
    kinds = ((values.nan, "NaN"), (values.infinite, "infinite value"))
    return [format_count(number, noun) for number, noun in kinds if number]


def describe_labels(counts: Mapping[int, int]) -> str:
    """Return `label 7 in 1,204 pixels` or `labels 7, 8 and 9 in 1,204 pixels`."""
    noun = "label" if len(counts) == 1 else "labels"
    return f"{noun} {join_words(counts)} in {format_count(sum(counts.values()), 'pixel')}"


def describe_score_handling(evidence: Evidence) -> str:
    """Return what the user's metric does with scores when it expects class ids."""
    contract, name = evidence.metric.contract, evidence.metric.short_name
    soft = {
        Floats.SOFT: "sums them as they are",
        Floats.NON_ZERO: "counts every value but 0 as foreground",
    }
    if contract is not None and contract.choices.floats in soft:
        return f"{name} expects 0 and 1, and {soft[contract.choices.floats]}"
    return f"{name} expects class ids"


def advise_on_scale(evidence: Evidence, otherwise: str) -> str:
    """Return the help for predictions that hardly depend on the images.

    Args:
        evidence: the facts.
        otherwise: the help unless the images were scaled for a model.
    """
    model = evidence.model
    if model is None or not model.is_scaled:
        return otherwise
    if model.scaling_layer:
        return (
            f"leave out --input-scale: the model scales its images itself, in its layer"
            f" `{model.scaling_layer}`"
        )
    return f"try it without --input-scale, as many models scale their images; then {otherwise}"


def describe_stray_handling(evidence: Evidence) -> str:
    """Return what the user's metric does with pixels whose label is not a class."""
    if evidence.metric_score.error:
        return f"{evidence.metric.name} raises"
    return f"{evidence.metric.name} drops such pixels, so they do not count as errors"

"""The parts of the difference between two numbers, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from iou_doctor.ledger.difference import Difference, PairChange
from iou_doctor.render.shared.ledger_text import name_sample
from iou_doctor.render.shared.rounded_parts import round_parts
from iou_doctor.render.shared.wording import name_class
from iou_doctor.report.comparison import Comparison, Side
from iou_doctor.safety.safe_text import escape_name

Line = tuple[str, str, str]
"""The cut, if the line is the first one of it, the part of the difference, and its cause."""
Part = tuple[str, float, str]
"""The same with the cut in each line, and a number."""

OTHER_MEAN = "the metric averages in another way than iou-doctor"
"""Why a metric reads another number, if nothing else is known."""
MOST_NAMES = 2
"""The number of absent classes that are named."""
MOST_PAIRS, MOST_SAMPLES = 4, 3
"""The number of class pairs and of samples that are named."""
LEAST_GAIN = 0.00005
"""Smaller parts would be printed as 0.0000, and are not worth a line."""


def list_parts(comparison: Comparison) -> list[Line]:
    """Return the parts of the difference, each with its cause."""
    difference, gain = comparison.difference, comparison.gain
    if comparison.separated_by and gain is not None:
        return [("metric", write_sign(gain), describe_choices(comparison))]
    if difference is None:
        return [("", "", explain_missing(comparison))]
    parts = [*_list_other_samples(comparison), *list_readings(comparison)]
    parts += _list_predictions(comparison, difference)
    shares = [part for _, part, _ in parts]
    shares = round_parts(shares, sum(shares) if gain is None else gain)
    lines = [(cut, share, text) for (cut, _, text), share in zip(parts, shares, strict=True)]
    total = shares[-1] if parts and not comparison.same_predictions else difference.gain
    lines += _list_pairs(comparison, difference, total)
    lines += _list_samples(difference, total)
    cuts = [cut for cut, _, _ in lines]
    return [
        *_list_settings(comparison),
        *(
            ("" if cut in cuts[:index] else cut, write_sign(part), text)
            for index, (cut, part, text) in enumerate(lines)
        ),
    ]


def name_side(side: Side, comparison: Comparison) -> str:
    """Return what tells the two sides apart: the metric or the file."""
    if comparison.same_predictions:
        return side.metric_call
    if comparison.before.predictions == comparison.after.predictions:  # arrays in Python, or a path
        return "before" if side is comparison.before else "after"
    return escape_name(side.predictions)


def describe_choices(comparison: Comparison) -> str:
    """Return the choices that turn the number of one metric into that of the other."""
    return "; ".join(f"{one.after} (before: {one.before})" for one in comparison.separated_by)


def explain_missing(comparison: Comparison) -> str:
    """Return why the difference has no parts."""
    for side in (comparison.before, comparison.after):
        name = name_side(side, comparison)
        if side.overlaps:
            return f"the classes of {name} overlap, so the parts are not known"
        if not side.is_scored and not side.sick:
            lack = "ledger" if side.mean_iou is not None else "mean IoU"
            return f"the report on {name} has no {lack}, so the parts are not known"
        if not side.is_scored:
            why = side.summary.rpartition(": ")[2]
            return f"{name} cannot be scored as it should be: {why}"
    return "one of the two has no mean IoU"


def list_readings(comparison: Comparison) -> Iterator[Part]:
    """Yield the parts that lie in how each metric reads its arrays, together if that is one way."""
    sides, parts = (comparison.before, comparison.after), comparison.readings
    if comparison.reads_alike and parts[0] is not None and parts[1] is not None:
        sum_of_both = parts[0] + parts[1]
        if sides[0].sick or abs(sum_of_both) >= LEAST_GAIN:
            yield "reading", sum_of_both, f"both sides: {sides[0].why or OTHER_MEAN}"
        return
    for side, part in zip(sides, parts, strict=True):
        if part is not None and abs(part) >= LEAST_GAIN:
            text = f"{name_side(side, comparison)}: {side.why or OTHER_MEAN}"
            yield "reading", part, text


def _list_settings(comparison: Comparison) -> Iterator[Line]:
    """Yield how the two checks were told to read the masks, if they differ in that."""
    before, after = comparison.before, comparison.after
    if before.ignore_index != after.ignore_index:
        labels = [
            "nothing" if one.ignore_index is None else f"label {one.ignore_index}"
            for one in (before, after)
        ]
        yield "void", "", f"{labels[0]} is left out before, {labels[1]} after"
    if before.num_classes != after.num_classes:
        yield "classes", "", f"{before.num_classes:,} before, {after.num_classes:,} after"
    if comparison.difference is not None:
        yield from _list_absent(comparison, comparison.difference)


def _list_absent(comparison: Comparison, difference: Difference) -> Iterator[Line]:
    """Yield which classes are in the mean of one side only."""
    names = comparison.after.class_names or comparison.before.class_names
    pairs = [(one.id, *(iou is not None for iou in one.iou)) for one in difference.classes]
    counts = [sum(pair[side] for pair in pairs) for side in (1, 2)]
    lacks = [
        ("before", [one for one, is_before, is_after in pairs if is_after and not is_before]),
        ("after", [one for one, is_before, is_after in pairs if is_before and not is_after]),
    ]
    absent = [
        f"{_join_names(ids, names)} {'is' if len(ids) == 1 else 'are'} absent {when}"
        for when, ids in lacks
        if ids
    ]
    if absent:
        text = f"over {counts[0]:,} classes before, {counts[1]:,} after: {', '.join(absent)}"
        yield "mean", "", text


def _join_names(ids: list[int], names: Sequence[str]) -> str:
    """Return the names of some classes, and how many there are if these are many."""
    if len(ids) > MOST_NAMES:
        return f"{len(ids):,} classes"
    return " and ".join(name_class(one, names) for one in ids)


def _list_other_samples(comparison: Comparison) -> Iterator[Part]:
    """Yield what the samples contribute that only one side has."""
    if comparison.samples is None:
        return
    sides = comparison.before, comparison.after
    for side, names, part in zip(
        sides, comparison.samples.names, comparison.of_samples, strict=True
    ):
        if names:
            samples = "1 sample" if len(names) == 1 else f"{len(names):,} samples"
            some = ", ".join(f"`{escape_name(name)}`" for name in names[:MOST_SAMPLES])
            some += ", …" if len(names) > MOST_SAMPLES else ""
            text = f"{name_side(side, comparison)} has {samples} that the other side lacks: {some}"
            yield "samples", part, text


def _list_predictions(comparison: Comparison, difference: Difference) -> Iterator[Part]:
    if comparison.same_predictions:
        return
    interval, noise = difference.interval, difference.is_within_noise
    if abs(difference.gain) < LEAST_GAIN:
        text = "read rightly, both predictions have the same mean IoU"
        yield "predictions", difference.gain, text
        return
    text = (
        f"read rightly: {difference.mean_iou[0]:.4f} before and {difference.mean_iou[1]:.4f} after"
    )
    if interval is not None:
        within = "within noise" if noise else "beyond noise"
        text += (
            f", {within}: with other images, {write_sign(interval.low)} to"
            f" {write_sign(interval.high)} ({100 * interval.confidence:g} %)"
        )
    yield "predictions", difference.gain, text


def _list_pairs(comparison: Comparison, difference: Difference, total: float) -> Iterator[Part]:
    shown = [one for one in difference.pairs[:MOST_PAIRS] if abs(one.gain) >= LEAST_GAIN]
    names = comparison.after.class_names or comparison.before.class_names
    texts = []
    for pair in shown:
        truth, other = (name_class(one, names) for one in (pair.truth, pair.prediction))
        texts.append(f"{truth} predicted as {other}: {_describe_pixels(pair)}")
    rest = ("all other pairs together", difference.gain - sum(pair.gain for pair in shown))
    yield from _cut("by pair", zip(texts, (pair.gain for pair in shown), strict=True), rest, total)


def _cut(
    cut: str, parts: Iterable[tuple[str, float]], rest: tuple[str, float], total: float
) -> Iterator[Part]:
    """Yield the parts of a cut, and the rest if it is worth a line; they add up as printed."""
    shown = list(parts)
    has_rest = bool(shown) and abs(rest[1]) >= LEAST_GAIN
    if has_rest:
        shown.append(rest)
    rounded = round_parts([part for _, part in shown], total, has_rest=has_rest)
    for (text, _), part in zip(shown, rounded, strict=True):
        if part:
            yield cut, part, text


def _describe_pixels(pair: PairChange) -> str:
    before, after = pair.pixels
    if before == after:  # the unions of the two classes have changed
        costs = "more" if pair.gain < 0 else "less"
        return f"{before:,} pixels as before, each of which costs {costs}"
    return f"{before:,} pixels before, {after:,} after"


def _list_samples(difference: Difference, total: float) -> Iterator[Part]:
    texts = []
    for what, sign, count, points in (
        ("better", 1, difference.better, difference.won),
        ("worse", -1, difference.worse, difference.lost),
    ):
        own = [one for one in difference.samples if one.gain * sign > 0]
        if own and abs(points) >= LEAST_GAIN:
            named = [one for one in own[:MOST_SAMPLES] if abs(one.gain) >= LEAST_GAIN]
            most = ", ".join(f"{name_sample(one)} {write_sign(one.gain)}" for one in named)
            most = most or ", ".join(map(name_sample, own[:MOST_SAMPLES]))
            images = "1 image is" if count == 1 else f"{count:,} images are"
            images = images if difference.knows_all else f"at least {images}"
            texts.append((f"{images} {what}, most of all {most}", points))
    rest = difference.gain - sum(points for _, points in texts)
    yield from _cut("by image", texts, ("all other images together", rest), total)


def write_sign(value: float) -> str:
    """Return a part of a difference with its sign."""
    return f"{round(value, 4) + 0.0:+.4f}"  # without the sign of what is hardly below 0

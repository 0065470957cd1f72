"""Which two faults are put together, on which scenes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from casebook import sick_ids, sick_masks, sick_places, sick_predictions, sick_shapes
from casebook.both import Bend, Pair, Told, tell
from casebook.cases import Arrays, clean
from casebook.scenes import Array, Scene

ESTIMATED = 0.02
"""How near the combined score must come where a repair is judged on some samples."""


def tell_numbered(number: int) -> Told:
    """Run one combination by its number: what bends a scene cannot go to another process."""
    return tell(list(pairs())[number])


def _scores(change: Callable[[Scene], Array]) -> Bend:
    return lambda s: replace(s, scores=change(s))


def _masks(make: Callable[[Scene], Arrays]) -> Bend:
    """Bend the masks as a transform of labels does."""
    return lambda s: replace(s, truth=make(s).y_true)


SHUFFLED = _scores(lambda s: s.scores[sick_places.shuffle(s, "at random")])
ROLLED = _scores(lambda s: s.scores[sick_places.shuffle(s, "rolled")])
MIRRORED = _scores(lambda s: s.scores[:, :, ::-1])
UPSIDE_DOWN = _scores(lambda s: s.scores[:, ::-1])
TRANSPOSED = _scores(lambda s: s.scores.swapaxes(1, 2))
PERMUTED = _scores(lambda s: s.scores[..., np.argsort(sick_ids.order(s.classes, "reversed"))])
INVERTED = _masks(sick_ids.inverted_softmax)
FROM_1 = _masks(sick_ids.shifted_softmax)
REDUCED = _masks(sick_ids.reduced_masks)
VOID = _masks(lambda s: sick_ids.void(s, 255))


def both(*bends: Bend) -> Bend:
    def bend(source: Scene) -> Scene:
        for one in bends:
            source = one(source)
        return source

    return bend


def plain(s: Scene) -> Arrays:
    return sick_places.as_they_are(s)


FORMATS_AND_ORDER = (
    ("channels-first", sick_shapes.channels_first, np.float32),
    ("unargmaxed-probabilities", sick_predictions.probabilities_and_labels, None),
    ("unargmaxed-logits", sick_predictions.logits_and_labels, None),
    ("labels-as-channels", sick_predictions.labels_for_argmax, 0),
    ("missing-one-hot", sick_masks.labels_for_one_hot, 0),
    ("one-hot-masks", sick_masks.one_hot_and_labels, np.uint8),
    ("masks-divided-by-255", sick_masks.divided, np.float32),
    ("stretched-labels", sick_masks.stretched, "whole steps"),
    ("replicated-grey-masks", sick_masks.replicated, 3),
    ("reshaped-not-transposed", sick_shapes.reshaped, np.float32),
)
"""Ways of giving any scene, each wrong in itself."""


def pairs() -> Iterator[Pair]:
    """Return all combinations."""
    yield from _formats_and_places()
    yield from _formats_and_ids()
    yield from _of_two_classes()
    yield from _ids_and_places()


def _formats_and_places() -> Iterator[Pair]:
    places = ("street/0.7", "organs/0.9", "street-11/0.7")
    bends = (("shuffled-samples", SHUFFLED), ("flipped-samples", UPSIDE_DOWN))
    for number, (rule, give, variant) in enumerate(FORMATS_AND_ORDER):
        for turn, (other, bend) in enumerate(bends):
            place = places[(number + turn) % 2 * 2]
            yield Pair((rule, other), place, bend, give, variant)
    for rule, give, variant in FORMATS_AND_ORDER[:4]:
        yield Pair((rule, "height-width-swapped"), "street-square/0.9", TRANSPOSED, give, variant)
    small = ("resolution-mismatch", sick_shapes.small, 2)
    for other, bend in bends:
        yield Pair((small[0], other), "street/0.9", bend, *small[1:], tolerance=ESTIMATED)
    yield Pair(
        ("height-width-swapped", "flipped-samples"), "street/0.9", MIRRORED, sick_shapes.transposed
    )
    yield Pair(
        ("height-width-swapped", "shuffled-samples"), "street/0.7", ROLLED, sick_shapes.transposed
    )


def _formats_and_ids() -> Iterator[Pair]:
    bends = (("labels-off-by-one", FROM_1), ("permuted-classes", PERMUTED))
    bends += (("undeclared-void-label", VOID), ("zero-label-reduced", REDUCED))
    formats = [entry for entry in FORMATS_AND_ORDER if entry[0] not in TRUTH_IN_RANGE]
    for number, (other, bend) in enumerate(bends):
        for rule, give, variant in formats[number % 2 :]:
            place = "street/0.7" if number % 2 else "street-11/0.7"
            yield Pair((rule, other), place, bend, give, variant, void=bend is VOID)


TRUTH_IN_RANGE = {
    "one-hot-masks",
    "missing-one-hot",
    "stretched-labels",
    "masks-divided-by-255",
}
"""Formats that cannot hold labels beyond the classes."""


def _of_two_classes() -> Iterator[Pair]:
    given = (
        ("masks-0-255", sick_masks.by_255_sigmoid),
        ("unthresholded-sigmoid", sick_predictions.sigmoid_flat),
        (
            "logits-thresholded-as-probabilities",
            lambda s: sick_predictions.logits_for_half(s, "f4"),
        ),
        ("masks-divided-by-255", sick_masks.divided_sigmoid),
    )
    bends = (("inverted-masks", INVERTED), ("shuffled-samples", SHUFFLED))
    bends += (("flipped-samples", MIRRORED),)
    for rule, give in given:
        for other, bend in bends:
            yield Pair((rule, other), "blobs/0.9", bend, give)
    for place in ("blobs/0.7", "blobs-square/0.7", "cells/0.9"):
        yield Pair(("masks-0-255", "unthresholded-sigmoid"), place, lambda s: s, by_255_and_sigmoid)


def by_255_and_sigmoid(s: Scene) -> Arrays:
    given = sick_predictions.sigmoid_flat(s)
    return replace(given, y_true=sick_masks.by_255_unsaid(s).y_true, clean=clean(s))


def _ids_and_places() -> Iterator[Pair]:
    ids = (
        ("labels-off-by-one", FROM_1),
        ("permuted-classes", PERMUTED),
        ("undeclared-void-label", VOID),
        ("zero-label-reduced", REDUCED),
    )
    moves = (("shuffled-samples", SHUFFLED), ("flipped-samples", UPSIDE_DOWN))
    for rule, bend in ids:
        for other, move in moves:
            for place in ("street/0.9", "street-11/0.7"):
                yield Pair((rule, other), place, both(move, bend), plain, void=bend is VOID)
    swapped = sick_shapes.transposed
    yield Pair(("height-width-swapped", "permuted-classes"), "street-11/0.9", PERMUTED, swapped)
    yield Pair(("height-width-swapped", "permuted-classes"), "organs/0.9", PERMUTED, swapped)
    yield Pair(("height-width-swapped", "permuted-classes"), "patches-21/0.7", PERMUTED, swapped)
    yield Pair(("height-width-swapped", "labels-off-by-one"), "street/0.9", FROM_1, swapped)
    yield Pair(("height-width-swapped", "labels-off-by-one"), "street-11/0.9", FROM_1, swapped)
    for rule, bend in ids[:2]:
        yield Pair((rule, "shuffled-samples"), "organs/0.9", both(SHUFFLED, bend), plain)
        for other, move in moves:
            for place in ("patches-21/0.7", "street/0.45"):
                yield Pair((rule, other), place, both(move, bend), plain)
    yield from _foreign_ids()


def _foreign_ids() -> Iterator[Pair]:
    """Return ids of another data set, beside other faults."""
    bend = _masks(lambda s: sick_ids.foreign(s, "cityscapes"))
    for number in (0, 1, 2, 3, 8):
        rule, give, variant = FORMATS_AND_ORDER[number]
        yield Pair((rule, "foreign-label-ids"), "street-19/0.9", bend, give, variant)

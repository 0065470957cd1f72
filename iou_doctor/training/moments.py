"""Which rules cannot be judged in a training, and which not before the network has learnt."""

from __future__ import annotations

NEEDS_ALL = (
    "absent-class",
    "averaging-gap",
    "class-imbalance",
    "collapsed-predictions",
    "counter-overflow",
    "duplicated-samples",  # a sampler may draw an image twice
    "index-overflow",
    "never-predicted-class",
    "num-classes-too-large",
    "shared-padding",
    "suspicious-perfect-score",
    "unlabelled-class-predicted",
)
"""Claims about a whole data set or a finished network; a look takes some samples."""
NEEDS_LEARNING = (
    "double-activation",  # the even scores of a fresh network look like it
    "flipped-samples",
    "height-width-swapped",
    "inputs-swapped",
    "inverted-masks",
    "labels-off-by-one",
    "misplaced-tiles",
    "permuted-classes",
    "shifted-predictions",
    "shuffled-samples",
    "threshold-off",
    "zero-label-reduced",
)
"""Claims that rest on how well predictions and masks agree."""


def hidden(*, learnt: bool) -> tuple[str, ...]:
    """Return the names of rules not to report.

    Args:
        learnt: whether an epoch has passed.
    """
    return NEEDS_ALL if learnt else NEEDS_ALL + NEEDS_LEARNING

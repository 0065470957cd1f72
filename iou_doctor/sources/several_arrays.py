"""The error for a file with several arrays: it says which name probably is the wanted one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iou_doctor.errors import SourceError
from iou_doctor.sources.source_errors import source_error

MASK_WORDS = frozenset(
    {
        *("annotation", "annotations", "gt", "label", "labels", "mask", "masks"),
        *("segmentation", "target", "targets", "true", "truth", "y"),
    }
)
"""Words in the names of arrays that are masks."""
PREDICTION_WORDS = frozenset(
    {
        *("logit", "logits", "output", "outputs", "pred", "prediction", "predictions", "preds"),
        *("prob", "probabilities", "probs", "score", "scores", "sigmoid", "softmax"),
    }
)
"""Words in the names of arrays that are predictions."""
NEITHER = frozenset(["image", "images", "img", "imgs", "input", "inputs", "rgb", "x"])
"""Words in the names of arrays that are neither."""


_NUMBERS = re.compile("[0-9]+")


class SeveralArraysError(SourceError):
    """A file holds several arrays, and nobody has said which one to read."""

    def __init__(self, path: str, names: Sequence[str], there: str) -> None:
        """Take the file, the names in it, and how to list them for a person."""
        self.path, self.names, self.there = path, names, there
        super().__init__(
            str(source_error(path, f"it holds {there}; add `::{names[0]}` or another name"))
        )

    def name_for(self, *, masks: bool) -> SourceError:
        """Return the error with the name that fits masks, or predictions."""
        wanted, other = (MASK_WORDS, PREDICTION_WORDS) if masks else (PREDICTION_WORDS, MASK_WORDS)
        name = min(self.names, key=lambda name: _rank(name, wanted, other))
        side = "masks" if masks else "predictions"
        if len(self.names) > 1 and len({_NUMBERS.sub("", name) for name in self.names}) == 1:
            return source_error(
                self.path,
                f"it holds {self.there}; if each is a sample, save them as one array with"
                f" `np.stack`, or add `::{name}` for one of them",
            )
        return source_error(
            self.path, f"it holds {self.there}; add `::{name}` or another name for the {side}"
        )


def _rank(name: str, wanted: frozenset[str], other: frozenset[str]) -> int:
    words = set(re.split(r"[^a-z]+", name.lower()))
    if words & wanted:
        return 0
    return 3 if words & NEITHER else 2 if words & other else 1

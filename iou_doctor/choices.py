"""The values that some options choose from, for the command line and the settings.

They are kept apart from the classes that use them, because `--help` must start without NumPy.
"""

from collections.abc import Iterable
from typing import Literal

EncodingName = Literal["labels", "one-hot", "probabilities", "logits", "sigmoid", "binary-logits"]
"""What `--predictions-as` and `--masks-as` accept."""
AnyEncodingName = Literal[
    "labels", "one-hot", "probabilities", "logits", "sigmoid", "binary-logits", "colour"
]
"""What the settings may name as expected: colours too, which are recognised but never declared."""
FailOn = Literal["error", "warning", "note", "never"]
"""The lowest severity at which `iou-doctor check` exits with 1."""
Device = Literal["auto", "cpu", "gpu"]
"""Where values are counted."""
Engine = Literal["local", "dask"]
"""What counts: the process itself, or the workers of a cluster."""
LedgerDetail = Literal["auto", "full", "off"]
"""How much of the ledger is worked out: the kinds of errors where they are quick, always, or no
ledger at all."""
SLICE_WORDS = ("folder", "size")
"""The slices that need no table."""


def split_slices(texts: Iterable[str]) -> list[str]:
    """Return the slices of comma-separated lists; the path of a table may have commas, too."""
    words: list[str] = []
    for text in texts:
        first = len(words)
        for part in text.split(","):
            is_more = "@" not in part and part.strip() not in SLICE_WORDS
            if is_more and len(words) > first and "@" in words[-1]:
                words[-1] += f",{part}"
            elif part.strip():
                words.append(part.strip())
    return words

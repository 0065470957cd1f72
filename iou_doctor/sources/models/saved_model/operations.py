"""The operations of TensorFlow, judged: which ones a stranger's SavedModel may hold.

The list is in `operations.json`: each group of operations has its reason. It covers TensorFlow
2.21. An operation that is not on it is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files

from iou_doctor.record import record

CHECKPOINT_WRITERS = {"Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints"}
CHECKPOINT_READERS = {"Restore", "RestoreSlice", "RestoreV2"}
"""Operations that save and restore variables. Each SavedModel has them; predicting needs none."""
TABLE_READERS = {"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"}
"""Operations that fill a lookup table from a text file, often an asset of the model."""


@record
class Operations:
    """Every known operation, with the reason why it is judged as it is."""

    allowed: Mapping[str, str]
    """Operations without effect outside the process."""
    refused: Mapping[str, str]
    """Operations that may run code, access files or the network, or end the process."""
    checked: Mapping[str, str]
    """Operations that are allowed in their usual place only."""


def load_operations() -> Operations:
    """Return the judgement of every known operation."""
    text = files(__package__).joinpath("operations.json").read_text(encoding="utf-8")
    groups = json.loads(text)
    return Operations(*(_list_reasons(groups[name]) for name in ("allowed", "refused", "checked")))


def _list_reasons(groups: list[dict[str, object]]) -> dict[str, str]:
    """Return the reason of each operation in some groups."""
    return {
        name: str(group["reason"])
        for group in groups
        if isinstance(group["operations"], list)
        for name in group["operations"]
    }

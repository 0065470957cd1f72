"""The names of classes, as a user gives them: names, a file of them, or a well-known data set."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from iou_doctor.datasets import load_data_set
from iou_doctor.errors import UsageError
from iou_doctor.safety.safe_text import escape_name
from iou_doctor.safety.text_files import read_text

KNOWN_SETS = {
    "ade20k": "ade20k",
    "camvid": "camvid",
    "cityscapes": "cityscapes",
    "coco_stuff": "coco_stuff",
    "pascal_voc": "pascal_voc",
    "voc": "pascal_voc",
}
"""The data sets that `--class-names` knows by these words."""
_LARGEST_FILE = 1 << 20
"""The maximum size of a file of names in bytes: enough for 20,000 names."""
_NUMBERED = re.compile(r"(\d+)\s*[:,;\t ]\s*(\S.*)")


def read_class_names(words: Sequence[str]) -> tuple[str, ...]:
    """Return the names that these words stand for.

    A single word is the path of a text file with one name a line or of a JSON list, else a
    well-known data set, else a name.

    Raises:
        UsageError: the file cannot be read, or does not exist.
    """
    if len(words) != 1:
        return tuple(words)
    path = Path(words[0])
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # too long for a path, or with a NUL
        is_file = False
    if is_file:
        return _read_file(path)
    known = KNOWN_SETS.get(words[0].lower())
    if known is not None:
        return list_trained_classes(known)
    if path.suffix or len(path.parts) > 1:
        raise UsageError(
            f"--class-names {escape_name(words[0])}: there is no such file; give a text file with"
            " one name on each line, the names themselves with commas, or one of"
            f" {', '.join(KNOWN_SETS)}"
        )
    return tuple(words)


def list_trained_classes(name: str) -> tuple[str, ...]:
    """Return the classes of a data set in the order of their ids in a training, without void.

    Args:
        name: as `load_data_set` takes it.
    """
    data_set = load_data_set(name)
    numbered = [label for label in data_set.labels if label.train_id is not None]
    if numbered:
        by_id = {int(label.train_id or 0): label.name for label in reversed(numbered)}
        return tuple(by_id[number] for number in sorted(by_id) if 0 <= number < len(by_id))
    kept = [label for label in data_set.labels if label.id not in data_set.void]
    return tuple(label.name for label in sorted(kept, key=lambda label: label.id))


def _read_file(path: Path) -> tuple[str, ...]:
    name = escape_name(str(path))
    try:
        text = read_text(path, most_bytes=_LARGEST_FILE)
    except OSError as error:
        raise UsageError(f"--class-names {name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--class-names {name}: is not UTF-8 text") from error
    if text.lstrip().startswith("["):
        return _parse_json(name, text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise UsageError(f"--class-names {name}: is empty; write one name on each line")
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    if all(numbered) and [int(found[1]) for found in numbered if found] == list(range(len(lines))):
        return tuple(found[2] for found in numbered if found)
    return tuple(lines)


def _parse_json(name: str, text: str) -> tuple[str, ...]:
    try:
        names: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--class-names {name}: is not valid JSON") from error
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise UsageError(f"--class-names {name}: give a JSON list of names")
    return tuple(names)

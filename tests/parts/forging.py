"""Every change of every field of a document, and of some bytes of its columns."""

from __future__ import annotations

import copy
import json
import zipfile

from iou_doctor.parts.seal import SEAL, make_seal

VALUES = (
    *(None, True, False, -1, 0, 1, 2, 3, 255, 2**31, 2**62, 2**63, -(2**63), 10**30),
    *(-0.5, 0.5, 1e308, float("nan"), float("inf")),
    *("", "x", "\x1b[31m", "labels", "flattened", "swapped", "permuted", "scaled", "mismatched"),
    *([], [0], [0, 0], [0, 1], [5], [-1, 0], {}, {"kind": "flip"}),
)
"""What a field is replaced by."""
MOST_COLUMN_CHANGES = 12
LAYOUT = ("job", "layout")


def list_places(value, place=()):
    """Yield where each field, entry and nested value of a document stands."""
    if place:
        yield place
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from list_places(item, (*place, key))


def list_changes(document, place, is_drawn):
    """Yield copies of a document with one place changed, those that are drawn."""
    for value in (*VALUES, "REMOVE", "REPEAT", "REVERSE"):
        if not is_drawn():
            continue
        changed = copy.deepcopy(document)
        change(changed, place, value)
        yield changed
        if place[:2] == LAYOUT and len(place) > 2:  # consistently, in every question as well
            everywhere = copy.deepcopy(document)
            replace_all(everywhere, document["job"]["layout"], changed["job"]["layout"])
            yield everywhere


def change(document, place, value):
    """Change one place of a document."""
    for key in place[:-1]:
        document = document[key]
    old = document[place[-1]]
    if value == "REMOVE":
        del document[place[-1]]
    elif value == "REPEAT" and isinstance(document, list):
        document.append(old)
    elif value == "REVERSE" and isinstance(old, (list, str)):
        document[place[-1]] = old[::-1]
    else:
        document[place[-1]] = value


def replace_all(holder, old, new):
    """Replace a value in a document, wherever it stands."""
    items = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, value in list(items):
        if value == old:
            holder[key] = new
        elif isinstance(value, (dict, list)):
            replace_all(value, old, new)


def seal_plan(document):
    return json.dumps({**document, SEAL: make_seal(document)})


def seal_part(document, archive):
    checksums = {each.filename: each.CRC for each in archive.infolist()}
    return json.dumps({**document, SEAL: make_seal(document, checksums)})


def read_members(place):
    with zipfile.ZipFile(place) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def change_column(stored, rng, is_drawn):
    """Yield contents of an .npy file with some of its values changed."""
    length = int.from_bytes(stored[8:10], "little") + 10
    places = range(length, len(stored))
    for _ in range(MOST_COLUMN_CHANGES if places else 0):
        if not is_drawn():
            continue
        changed = bytearray(stored)
        for _ in range(rng.choice([1, 1, 3])):
            changed[rng.choice(places)] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        yield bytes(changed)

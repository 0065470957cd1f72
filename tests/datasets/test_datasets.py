"""The facts about known data sets, against exact numbers and against their own rules."""

from __future__ import annotations

import ast
import json
from collections import Counter
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from iou_doctor import datasets
from iou_doctor.datasets import DataSet, KnownLabel, convert_to_grey, load_data_set, load_data_sets

FOLDER = Path(datasets.__file__).parent
NAMES = [
    "ade20k",
    "brats",
    "camvid",
    "camvid_32",
    "cityscapes",
    "coco",
    "coco_stuff",
    "isprs",
    "oxford_pets",
    "pascal_voc",
    "worldcover",
]
COLOURED = ["ade20k", "camvid", "camvid_32", "cityscapes", "isprs", "pascal_voc", "worldcover"]
CITYSCAPES_IDS = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]


def stored(name: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return facts


def named(data: DataSet) -> dict[str, KnownLabel]:
    return {label.name: label for label in data.labels}


def group_by_grey(data: DataSet) -> dict[int, tuple[int, ...]]:
    ids: dict[int, tuple[int, ...]] = {}
    for label in data.labels:
        if label.colour is not None:
            value = convert_to_grey(label.colour)
            ids[value] = (*ids.get(value, ()), label.id)
    return ids


def collisions(data: DataSet) -> dict[int, list[str]]:
    names = {label.id: label.name for label in data.labels}
    return {
        value: [names[i] for i in ids] for value, ids in group_by_grey(data).items() if len(ids) > 1
    }


def voc_colour(index: int) -> tuple[int, ...]:
    """Bits 0, 3, 6 of the index fill red from the top, 1, 4, 7 green, and 2, 5 blue."""
    bits = f"{index:09b}"[::-1]
    return tuple(int(bits[channel::3].ljust(8, "0"), 2) for channel in range(3))


def test_all_data_sets_are_listed_by_name():
    assert [data.name for data in load_data_sets()] == NAMES
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == NAMES


def test_a_data_set_is_read_once():
    assert load_data_set("camvid") is load_data_set("camvid")
    assert load_data_set("camvid") is load_data_sets()[NAMES.index("camvid")]


@pytest.mark.parametrize("name", ["kitti", "", "../known/camvid", "camvid.json"])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str):
    with pytest.raises(KeyError, match="cityscapes, coco, coco_stuff"):
        load_data_set(name)


def test_data_sets_import_nothing_of_iou_doctor_but_records():
    tree = ast.parse((FOLDER / "__init__.py").read_text("utf-8"))
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [
        a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names
    ]
    own = {module for module in modules if module.startswith(("iou_doctor", "."))}
    assert own == {"iou_doctor.record"}
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level]


@pytest.mark.parametrize("data", load_data_sets(), ids=NAMES)
def test_every_file_is_sound(data: DataSet):
    ids = [label.id for label in data.labels]
    names = [label.name for label in data.labels]
    assert stored(data.name)["name"] == data.name
    assert data.title
    assert data.source
    assert stored(data.name)["notes"]
    assert len(set(ids)) == len(ids)
    assert len(set(names)) == len(names)
    assert all(name == name.strip() != "" for name in names)
    assert set(data.void) <= set(ids)
    assert list(data.void) == sorted(data.void)


@pytest.mark.parametrize("name", COLOURED)
def test_every_colour_is_three_bytes(name: str):
    for entry in stored(name)["labels"]:
        colour = entry.get("colour", [0, 0, 0])
        assert len(colour) == 3
        assert all(isinstance(c, int) and 0 <= c <= 255 for c in colour)


@pytest.mark.parametrize(
    ("name", "labels", "void", "lowest", "highest", "colours", "greys"),
    [
        ("ade20k", 151, 1, 0, 150, 149, 112),
        ("brats", 4, 0, 0, 4, 0, 0),
        ("camvid", 12, 1, 0, 11, 12, 12),
        ("camvid_32", 32, 1, 0, 31, 32, 32),
        ("cityscapes", 35, 16, -1, 33, 29, 29),
        ("coco", 80, 0, 1, 90, 0, 0),
        ("coco_stuff", 172, 1, 0, 255, 0, 0),
        ("isprs", 6, 0, 0, 5, 6, 6),
        ("oxford_pets", 3, 1, 1, 3, 0, 0),
        ("pascal_voc", 22, 1, 0, 255, 22, 20),
        ("worldcover", 12, 1, 0, 100, 11, 11),
    ],
)
def test_counts(
    name: str, labels: int, void: int, lowest: int, highest: int, colours: int, greys: int
):
    data = load_data_set(name)
    ids = [label.id for label in data.labels]
    assert (len(ids), len(data.void), min(ids), max(ids)) == (labels, void, lowest, highest)
    assert (len(data.colours), len(group_by_grey(data))) == (colours, greys)


def test_labels_and_data_sets_are_frozen():
    data = load_data_set("camvid")
    with pytest.raises(FrozenInstanceError):
        data.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        data.colours[0, 0, 0] = 1  # type: ignore[index]


def test_grey_is_what_pillow_makes_of_a_colour():
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    pillow = np.asarray(Image.fromarray(colours).convert("L"))
    ours = [[convert_to_grey((int(r), int(g), int(b))) for r, g, b in row] for row in colours]
    assert (pillow == ours).all()


@pytest.mark.parametrize("name", COLOURED)
def test_grey_is_the_rounded_formula_but_for_one_colour(name: str):
    booth = (255, 0, 204)  # 99.501, which Pillow makes 99
    for red, green, blue in load_data_set(name).colours:
        exact = (299 * red + 587 * green + 114 * blue + 500) // 1000
        assert convert_to_grey((red, green, blue)) == exact - ((red, green, blue) == booth)


def test_cityscapes_has_19_train_ids_in_order_of_label_id():
    data = load_data_set("cityscapes")
    scored = [label for label in data.labels if label.id not in data.void]
    assert [label.id for label in scored] == CITYSCAPES_IDS
    assert [data.train_ids[i] for i in CITYSCAPES_IDS] == list(range(19))
    rest = Counter(data.train_ids[i] for i in data.void)
    assert rest == {255: 15, -1: 1}


def test_cityscapes_void_is_what_the_evaluation_ignores():
    ignored = {e["id"] for e in stored("cityscapes")["labels"] if e["ignore_in_eval"]}
    assert set(load_data_set("cityscapes").void) == ignored


def test_cityscapes_shared_colours_belong_to_the_first_id():
    colours = load_data_set("cityscapes").colours
    assert colours[0, 0, 142] == 26, "car, not license plate"
    assert colours[153, 153, 153] == 17, "pole, not polegroup"
    assert colours[0, 0, 0] == 0


def test_cityscapes_luma():
    data = load_data_set("cityscapes")
    scored = [label for label in data.labels if label.id not in data.void]
    assert [convert_to_grey(label.colour) for label in scored if label.colour] == [
        90, 120, 70, 108, 164, 153, 178, 195, 119, 210, 118, 84, 76, 16, 8, 47, 58, 26, 46,
    ]  # fmt: skip
    assert collisions(data) == {
        0: ["unlabeled", "ego vehicle", "rectification border", "out of roi", "static"],
        153: ["pole", "polegroup"],
        16: ["car", "license plate"],
    }


def test_voc_colours_follow_the_bit_rule():
    data = load_data_set("pascal_voc")
    assert [label.id for label in data.labels] == [*range(21), 255]
    assert all(label.colour == voc_colour(label.id) for label in data.labels)
    assert named(data)["tvmonitor"].colour == (0, 64, 128)
    assert named(data)["void"].colour == (224, 224, 192)


def test_voc_luma():
    data = load_data_set("pascal_voc")
    assert [convert_to_grey(label.colour) for label in data.labels if label.colour] == [
        0, 38, 75, 113, 15, 53, 90, 128, 19, 57, 94,
        133, 34, 72, 109, 147, 38, 76, 113, 151, 52, 220,
    ]  # fmt: skip
    assert collisions(data) == {38: ["aeroplane", "pottedplant"], 113: ["bird", "sofa"]}


def test_camvid_luma_tells_all_classes_apart():
    data = load_data_set("camvid")
    names = {label.id: label.name for label in data.labels}
    assert {names[ids[0]]: value for value, ids in group_by_grey(data).items()} == {
        "Sky": 128,
        "Building": 38,
        "Pole": 185,
        "Road": 90,
        "Pavement": 67,
        "Tree": 113,
        "SignSymbol": 147,
        "Fence": 71,
        "Car": 34,
        "Pedestrian": 57,
        "Bicyclist": 97,
        "Void": 0,
    }
    assert list(names) == list(range(12))
    assert data.void == (11,)


def test_the_32_classes_of_camvid_group_into_the_11():
    data, eleven = load_data_set("camvid_32"), load_data_set("camvid")
    assert [label.name.lower() for label in data.labels] == sorted(
        label.name.lower() for label in data.labels
    )
    sizes = Counter(data.train_ids.values())
    assert [sizes[i] for i in range(12)] == [1, 5, 2, 3, 3, 2, 3, 1, 5, 4, 2, 1]
    old = {"Pole": "Column_Pole", "Pavement": "Sidewalk"}
    for label in eleven.labels:
        original = named(data)[old.get(label.name, label.name)]
        assert original.train_id == label.id
        assert (original.colour == label.colour) == (label.name != "Pavement")


def test_ade20k():
    data = load_data_set("ade20k")
    assert [label.id for label in data.labels] == list(range(151))
    assert data.train_ids == {0: 255, **{i: i - 1 for i in range(1, 151)}}
    first, last = data.labels[1], data.labels[150]
    assert (first.name, first.colour) == ("wall", (120, 120, 120))
    assert (last.name, last.colour) == ("flag", (92, 0, 255))
    assert data.labels[0].colour is None
    assert data.colours[140, 140, 140] == 7, "road, not skyscraper"
    assert named(data)["skyscraper"].colour == (140, 140, 140)
    assert stored("ade20k")["full_edition"]["highest_id_reported"] == 3144


def test_coco_stuff_uses_171_of_182_ids():
    data = load_data_set("coco_stuff")
    used = [label.id for label in data.labels if label.id not in data.void]
    unused = [11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90]
    assert sorted({*range(182)} - {*used}) == unused == stored("coco_stuff")["unused"]
    assert [data.train_ids[i] for i in used] == list(range(171))
    assert data.void == (255,)
    ids = {name: label.id for name, label in named(data).items()}
    assert (ids["person"], ids["toothbrush"], ids["banner"], ids["wood"]) == (0, 89, 91, 181)


def test_oxford_pets():
    data = load_data_set("oxford_pets")
    assert [(label.id, label.name) for label in data.labels] == [
        (1, "foreground"),
        (2, "background"),
        (3, "border"),
    ]
    assert data.void == (3,)
    assert data.train_ids == {}


def test_coco_numbers_80_categories_up_to_90():
    data = load_data_set("coco")
    used = list(data.train_ids)
    assert sorted({*range(1, 91)} - {*used}) == stored("coco")["unused"]
    assert list(data.train_ids.values()) == list(range(80))
    ids = {name: label.id for name, label in named(data).items()}
    assert (ids["person"], ids["stop sign"], ids["toothbrush"]) == (1, 13, 90)
    stuff = {label.name: label.id + 1 for label in load_data_set("coco_stuff").labels}
    assert all(stuff[name] == label for name, label in ids.items() if name in stuff)


def test_brats_calls_its_fourth_label_4():
    assert load_data_set("brats").train_ids == {0: 0, 1: 1, 2: 2, 4: 3}


def test_isprs_read_as_grey():
    assert list(group_by_grey(load_data_set("isprs"))) == [255, 29, 179, 150, 226, 76]


def test_worldcover_counts_in_tens():
    ids = [label.id for label in load_data_set("worldcover").labels]
    assert ids == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100]

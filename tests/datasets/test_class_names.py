import json

import pytest

from iou_doctor.datasets.class_names import KNOWN_SETS, list_trained_classes, read_class_names
from iou_doctor.errors import UsageError

SIZES = {"ade20k": 150, "camvid": 11, "cityscapes": 19, "coco_stuff": 171, "pascal_voc": 21}


@pytest.mark.parametrize("name", sorted(SIZES))
def test_known_sets_have_their_trained_classes_without_void(name):
    names = list_trained_classes(name)
    assert len(names) == SIZES[name]
    assert not {"void", "unlabelled", "unlabeled"} & {each.lower() for each in names}
    assert set(KNOWN_SETS.values()) == set(SIZES)


def test_words_are_names_and_a_single_one_may_be_a_set():
    assert read_class_names(["sky", "road"]) == ("sky", "road")
    assert read_class_names(["road"]) == ("road",)
    assert read_class_names(["VOC"])[:2] == ("background", "aeroplane")
    assert read_class_names(["voc", "camvid"]) == ("voc", "camvid")
    assert read_class_names(["x" * 5000]) == ("x" * 5000,)


@pytest.mark.parametrize(
    "text",
    [
        "sky\nroad side\n\ncar\n",
        "0 sky\n1: road side\n2,car\n",
        json.dumps(["sky", "road side", "car"]),
    ],
)
def test_a_file_has_a_name_on_each_line_or_is_a_json_list(tmp_path, text):
    path = tmp_path / "classes.txt"
    path.write_text(text, encoding="utf-8")
    assert read_class_names([str(path)]) == ("sky", "road side", "car")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\n", "is empty"),
        (b"a\n" * (1 << 19) + b"b", "it has more than 1,048,576 bytes"),
        (b"\xff", "not UTF-8"),
        (b"[1]", "a JSON list of names"),
        (b"[", "not valid JSON"),
    ],
)
def test_a_file_without_names_is_refused(tmp_path, content, words):
    path = tmp_path / "classes.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=f"--class-names .*{words}"):
        read_class_names([str(path)])


@pytest.mark.parametrize("word", ["classes.txt", "data/classes"])
def test_a_path_without_a_file_is_no_name(tmp_path, monkeypatch, word):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=f"--class-names {word}: there is no such file; give"):
        read_class_names([word])

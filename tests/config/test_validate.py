"""What a configuration file may say, and how its paths are resolved."""

from __future__ import annotations

import re
import tomllib

import pytest

from iou_doctor.config.settings import Expected
from iou_doctor.config.validate import parse_configuration
from iou_doctor.errors import UsageError

PAIR = 'predictions = "p.npy"\nmasks = "m.npy"\n'
FULL = """
predictions = "p.npy"
images = "/data/images"
baseline = "{name}.json"
report = ["json=r.json", "sarif"]
num-classes = 3
ignore-index = 255

[expect]
masks-encoding = "labels"
predictions-class-axis = -1

[[check]]
name = "night"
predictions = "n/p.npy"
masks = "n/m.npy"
num-classes = 4
"""


@pytest.fixture
def parse(tmp_path, monkeypatch):
    """Return a function that parses a text as the file of the folder above the current one."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path = tmp_path / "iou-doctor.toml"
    return lambda text: parse_configuration(path, tomllib.loads(text))


def test_paths_are_relative_to_the_working_directory(parse):
    configuration = parse(FULL)
    settings = configuration.settings
    assert configuration.path == "../iou-doctor.toml"
    assert (settings.predictions, settings.masks) == ("../p.npy", None)
    assert settings.images.endswith("/data/images")
    assert settings.baseline == "../{name}.json"
    assert settings.reports == ["json=../r.json", "sarif"]
    (check,) = settings.check
    assert (check.predictions, check.masks) == ("../n/p.npy", "../n/m.npy")


def test_values_are_the_options_that_the_file_sets(parse):
    assert {*parse(FULL).settings.values} == {
        *("predictions", "images", "baseline", "reports", "num_classes", "ignore_index"),
        *("expect", "check"),
    }
    assert parse("").settings.values == {"check": []}


def test_the_expected_interpretation_holds_what_the_file_names(parse):
    configuration = parse(FULL)
    expected = configuration.build_expected_interpretation()
    assert (expected.origin, expected.place) == ("configuration", "../iou-doctor.toml")
    assert expected.values == {
        "num_classes": 3,
        "ignore_index": 255,
        "predictions.class_axis": -1,
        "masks.encoding": "labels",
    }
    (check,) = configuration.settings.check
    assert configuration.build_expected_interpretation(check).values["num_classes"] == 4
    assert parse(PAIR).build_expected_interpretation() is None
    assert parse("[expect]\n").settings.expect == Expected()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("num-clases = 3\n", "there is no key `num-clases`; did you mean `num-classes`?"),
        ("num_classes = 3\n", "did you mean `num-classes`?"),
        ("zzz = 3\n", "there is no key `zzz`; the keys are num-classes, metric, ignore-index"),
        ('num-classes = "3"\nzzz = 3\n', "there is no key `zzz`"),
        ('num-classes = "3"\n', "`num-classes`: the value should be a valid integer"),
        ('fail-on = "eror"\n', "'error', 'warning', 'note' or 'never'"),
        ('[[check]]\nname = "a"\nmasks = "m"\n', "`check 1, predictions` is missing"),
        ('[[check]]\nname = "a"\nmaks = "m"\n', "`check 1, maks`; did you mean `masks`?"),
        ("[expect]\nmask = 1\n", "`expect.mask`"),
        (f'[[check]]\nname = "a/b"\n{PAIR}', "check 1 is named 'a/b'; use letters, digits"),
        (f'[[check]]\nname = "a"\n{PAIR}' * 2, "two checks are named 'a'"),
    ],
)
def test_what_no_option_means_is_refused(parse, text, words):
    with pytest.raises(UsageError, match=f"^{re.escape('../iou-doctor.toml: ')}") as error:
        parse(text)
    assert words in str(error.value)


def test_names_of_checks_have_letters_digits_dots_underscores_and_hyphens(parse):
    (check,) = parse(f'[[check]]\nname = "Straße_1.b-2"\n{PAIR}').settings.check
    assert check.name == "Straße_1.b-2"

"""Configuration files, the environment, and `init`, run as a user runs them."""

from __future__ import annotations

import json
import os
import shutil

import jsonschema
import numpy as np
import pytest
from run import ROOT, run

from iou_doctor.config.validate import build_json_schema

PAIR = 'predictions = "preds.npy"\nmasks = "masks.npy"\n'


@pytest.fixture
def project(tmp_path):
    shutil.copytree(ROOT / "sample_data" / "healthy", tmp_path, dirs_exist_ok=True)
    return tmp_path


def write(project, text, name="iou-doctor.toml"):
    (project / name).write_text(text, "utf-8")


def check(*arguments, cwd, **environment):
    done = run("check", *arguments, "--output-format", "json", cwd=cwd, **environment)
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(done.stdout)


def list_codes(report):
    return [finding["code"] for finding in report["findings"]]


@pytest.mark.parametrize(
    ("name", "head"),
    [("iou-doctor.toml", ""), ("pyproject.toml", "[tool.iou-doctor]\n")],
)
def test_the_nearest_file_upward_gives_the_options_and_its_paths(project, name, head):
    write(project, f"{head}{PAIR}num-classes = 4\n", name)
    (project / "deep" / "er").mkdir(parents=True)
    write(project / "deep", "[project]\n", "pyproject.toml")  # has no table of ours
    report = check(cwd=project / "deep" / "er")
    assert report["reading"]["num_classes"] == 4
    assert report["inputs"]["masks"]["path"] == "../../masks.npy"


def test_the_command_line_wins_over_variables_and_variables_over_the_file(project):
    write(project, PAIR + "num-classes = 4\n")
    assert check(cwd=project)["reading"]["num_classes"] == 4
    environment = {"IOU_DOCTOR_NUM_CLASSES": "5"}
    assert check(cwd=project, **environment)["reading"]["num_classes"] == 5
    assert check("-n", "6", cwd=project, **environment)["reading"]["num_classes"] == 6


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("IOU_DOCTOR_NUM_CLASES", "; did you mean IOU_DOCTOR_NUM_CLASSES?"),
        ("IOU_DOCTOR_num_classes", "; did you mean IOU_DOCTOR_NUM_CLASSES?"),
        ("IOU_DOCTOR_XYZ", ""),
    ],
)
def test_an_unknown_variable_leads_to_a_warning_and_changes_nothing(project, variable, hint):
    arguments = ("check", "preds.npy", "masks.npy", "-n", "3", "--output-format", "json")
    plain = run(*arguments, cwd=project)
    done = run(*arguments, cwd=project, **{variable: "5"})
    assert (done.returncode, done.stdout) == (plain.returncode, plain.stdout)
    assert done.stderr == f"iou-doctor: warning: {variable} stands for no option{hint}\n"


def test_variables_of_options_lead_to_no_warning(project):
    write(project, PAIR, "other.toml")
    known = {"IOU_DOCTOR_CONFIG": "other.toml", "IOU_DOCTOR_NUM_CLASSES": "3"}
    assert run("check", cwd=project, **known).stderr == ""
    known = {"IOU_DOCTOR_FAIL_ON": "never"}  # an option of `check`
    done = run("fix", "preds.npy", "masks.npy", "--output-dir", "mended", cwd=project, **known)
    assert "warning" not in done.stderr


def test_the_file_sets_the_comparison_and_the_run(project):
    write(project, PAIR + 'num-classes = 3\ncontracts = "all"\nbatch-size = 3\njobs = 1\n')
    report = check(cwd=project)
    named = {contract["name"] for contract in report["contracts"]}
    assert "plain.mean_iou[batches]" in named
    assert check("--contracts", "common", cwd=project)["contracts"] != report["contracts"]
    gaps = [one["message"] for one in report["findings"] if one["name"] == "averaging-gap"]
    assert "over batches of 3" in gaps[0]


@pytest.mark.parametrize("line", ["batch-size = 0", "jobs = 0", 'contracts = "most"'])
def test_invalid_numbers_and_choices_in_the_file_are_refused(project, line):
    write(project, PAIR + line + "\n")
    done = run("check", cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert line.split()[0] in done.stderr


def test_names_in_the_environment_may_hold_spaces(project):
    write(project, PAIR)
    report = check(cwd=project, IOU_DOCTOR_CLASS_NAMES="traffic light,road,sky")
    names = [entry["name"] for entry in report["scores"]["per_class"]]
    assert names == ["traffic light", "road", "sky"]


def test_a_file_can_be_named_or_ignored(project):
    write(project, PAIR + "num-classes = 4\n")
    write(project, PAIR + "num-classes = 5\n", "other.toml")
    assert check("--config", "other.toml", cwd=project)["reading"]["num_classes"] == 5
    named = check(cwd=project, IOU_DOCTOR_CONFIG="other.toml")
    assert named["reading"]["num_classes"] == 5
    done = run("check", "--no-config", cwd=project)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    done = run("check", "--no-config", "--config", "other.toml", cwd=project)
    assert "contradict" in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("num-clases = 3\n", "there is no key `num-clases`; did you mean `num-classes`?"),
        ("num_classes = 3\n", "did you mean `num-classes`?"),
        ('num-classes = "3"\n', "`num-classes`: the value should be a valid integer"),
        ('fail-on = "eror"\n', "'error', 'warning', 'note' or 'never'"),
        ("\nnum-classes = \n", "is not valid TOML: Invalid value (at line 2"),
        ('[[check]]\nname = "a"\nmasks = "m"\n', "`check 1, predictions` is missing"),
        ('[[check]]\nname = "a"\nmaks = "m"\n', "`check 1, maks`; did you mean `masks`?"),
        ("[expect]\nmask = 1\n", "`expect.mask`"),
        (f'[[check]]\nname = "a/b"\n{PAIR}', "check 1 is named 'a/b'"),
        (f'[[check]]\nname = "a"\n{PAIR}' * 2, "two checks are named 'a'"),
        ('output-format = "jsn"\n' + PAIR, "did you mean json?"),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(project, text, words):
    write(project, text)
    done = run("check", cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


def test_a_bad_variable_is_named(project):
    write(project, PAIR)
    done = run("check", cwd=project, IOU_DOCTOR_NUM_CLASSES="three")
    assert done.returncode == 2
    assert done.stderr.startswith("iou-doctor: error: IOU_DOCTOR_NUM_CLASSES: ")


@pytest.mark.parametrize("arguments", [["check", "--nope"], ["chek"], ["explain"]])
def test_usage_errors_take_one_line(arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("iou-doctor: error: ")


def test_init_writes_the_interpretation_and_never_over_a_file(project):
    done = run("init", "preds.npy", "masks.npy", cwd=project)
    assert done.returncode == 0
    text = (project / "iou-doctor.toml").read_text("utf-8")
    assert "num-classes = 3" in text
    assert 'masks-encoding = "labels"' in text
    assert list_codes(check(cwd=project)) == ["IOU606"]
    again = run("init", "preds.npy", "masks.npy", cwd=project)
    assert (again.returncode, again.stdout) == (2, "")
    assert "--overwrite" in again.stderr
    assert run("init", "preds.npy", "masks.npy", "--overwrite", cwd=project).returncode == 0
    shown = run("init", "preds.npy", "masks.npy", "--output", "-", cwd=project)
    assert shown.stdout == text


def test_init_keeps_a_link_and_leaves_nothing_of_a_file_that_toml_cannot_hold(project):
    (project / "real.toml").write_text("")
    (project / "link.toml").symlink_to("real.toml")
    words = ("masks.npy", "--overwrite", "--output", "link.toml")
    assert run("init", "preds.npy", *words, cwd=project).returncode == 0
    assert (project / "link.toml").is_symlink()
    text = (project / "real.toml").read_text("utf-8")
    assert "num-classes = 3" in text
    name = os.fsdecode(b"pr\xff.npy")
    (project / "preds.npy").rename(project / name)
    done = run("init", name, *words, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert "TOML cannot hold a path that is not UTF-8" in done.stderr
    assert (project / "real.toml").read_text("utf-8") == text
    assert not list(project.glob(".*"))


def test_a_different_interpretation_is_found_beside_its_cause(project):
    run("init", "preds.npy", "masks.npy", cwd=project)
    labels = np.load(project / "preds.npy")
    np.save(project / "preds.npy", np.eye(3, dtype=np.float32)[labels] * 0.7 + 0.1)
    report = check(cwd=project)
    assert report["verdict"]["primary"] == "unargmaxed-probabilities"
    assert {"IOU109", "IOU201"} <= set(list_codes(report))
    (drift,) = [f for f in report["findings"] if f["code"] == "IOU109"]
    assert drift["facts"] == {
        "predictions.encoding": {"configuration": "labels", "now": "probabilities"}
    }


def test_another_number_of_classes_than_expected_is_found(project):
    run("init", "preds.npy", "masks.npy", cwd=project)
    assert "IOU109" in list_codes(check("-n", "5", cwd=project))


def test_init_proposes_the_void_label(project):
    masks = np.load(project / "masks.npy")
    masks[:, :3] = 255
    np.save(project / "masks.npy", masks)
    run("init", "preds.npy", "masks.npy", cwd=project)
    assert check(cwd=project)["reading"]["ignore_index"] == 255


def test_init_records_faulty_arrays_but_warns(project):
    masks = np.load(project / "masks.npy")
    np.save(project / "masks.npy", np.eye(3, dtype=np.uint8)[masks])
    done = run("init", "preds.npy", "masks.npy", cwd=project)
    assert done.returncode == 0
    assert "these arrays have a fault (IOU302 one-hot-masks)" in done.stderr
    text = (project / "iou-doctor.toml").read_text("utf-8")
    assert 'masks-encoding = "one-hot"\nmasks-class-axis = -1\n' in text


def test_what_init_writes_fits_the_published_schema(project):
    import tomllib

    done = run("schema", "config")
    schema = json.loads(done.stdout)
    assert schema == build_json_schema()
    run("init", "preds.npy", "masks.npy", cwd=project)
    text = (project / "iou-doctor.toml").read_text("utf-8")
    jsonschema.validate(tomllib.loads(text), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"num-clases": 3}, schema)
    entries = schema["$defs"]["NamedCheck"]
    assert {"name", "predictions", "masks"} == set(entries["required"])
    assert all(entry["description"] for entry in entries["properties"].values())

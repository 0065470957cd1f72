"""Options from configuration files and environment variables, run as a user runs them."""

from __future__ import annotations

import pytest
from cli.projects import check
from run import run

PAIR = 'predictions = "preds.npy"\nmasks = "masks.npy"\n'


def write(project, text, name="iou-doctor.toml"):
    (project / name).write_text(text, "utf-8")


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
    assert done.stderr == f"iou-doctor: warning: {variable} belongs to no option{hint}\n"


def test_variables_of_options_lead_to_no_warning(project):
    write(project, PAIR, "other.toml")
    known = {"IOU_DOCTOR_CONFIG": "other.toml", "IOU_DOCTOR_NUM_CLASSES": "3"}
    assert run("check", cwd=project, **known).stderr == ""
    known = {"IOU_DOCTOR_FAIL_ON": "never"}  # an option of `check`
    done = run("fix", "preds.npy", "masks.npy", "--output-dir", "repaired", cwd=project, **known)
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
        ("num-clases = 3\n", "iou-doctor.toml: there is no key `num-clases`"),
        ("\nnum-classes = \n", "iou-doctor.toml is not valid TOML: Invalid value (at line 2"),
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

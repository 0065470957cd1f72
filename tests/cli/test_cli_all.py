"""`iou-doctor check --all`: many pairs, one table, one exit code."""

from __future__ import annotations

import json
import shutil

import pytest
from run import ROOT, run

HEALTHY, SICK = "healthy", "unargmaxed_one_hot"


def check(name, folder, more=""):
    where = f'predictions = "{folder}/preds.npy"\nmasks = "{folder}/masks.npy"\n'
    return f'[[check]]\nname = "{name}"\n{where}{more}'


@pytest.fixture
def project(tmp_path):
    for name in (HEALTHY, SICK):
        shutil.copytree(ROOT / "sample_data" / name, tmp_path / name)

    def configure(*checks, shared="num-classes = 3\n"):
        (tmp_path / "iou-doctor.toml").write_text(shared + "".join(checks), "utf-8")
        return tmp_path

    return configure


def test_the_table_has_a_line_for_each_and_the_worst_exit_code_counts(project):
    folder = project(check("val", HEALTHY), check("test", SICK), check("gone", "none"))
    done = run("check", "--all", "-q", cwd=folder)
    assert done.returncode == 2
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["your", "as", "after", "the"]
    assert rows[1] == ["check", "metric", "stored", "repair", "cause"]
    assert rows[2][:3] == ["✓", "val", "0.8604"]
    assert rows[3][:3] == ["✗", "test", "0.3333"]
    assert rows[3][-1] == "unargmaxed-probabilities"
    assert rows[4][:2] == ["!", "gone"]
    assert done.stderr.startswith("iou-doctor: error: gone: ")


def test_each_page_shows_the_command_of_its_check(project):
    folder = project(check("val", HEALTHY, "ignore-index = 9\n"), check("test", SICK))
    run("check", "--all", "-q", "--report", "html={name}.html", "--pictures", "0", cwd=folder)
    for name, pair, more in (("val", HEALTHY, " --ignore-index 9"), ("test", SICK, "")):
        command = f"iou-doctor check {pair}/preds.npy {pair}/masks.npy --num-classes 3{more}<"
        assert command in (folder / f"{name}.html").read_text(encoding="utf-8")


def test_the_full_reports_stand_before_the_table(project):
    done = run("check", "--all", cwd=project(check("val", HEALTHY), check("test", SICK)))
    assert done.returncode == 1
    assert done.stdout.count("your metric reads ") == 2
    assert done.stdout.index("IOU201") < done.stdout.index("repaired")


def test_a_check_has_options_of_its_own_and_a_flag_beats_them(project):
    folder = project(check("test", SICK, 'fail-on = "never"\n'))
    assert run("check", "--all", "-q", cwd=folder).returncode == 0
    assert run("check", "--all", "-q", "--fail-on", "error", cwd=folder).returncode == 1
    environment = {"IOU_DOCTOR_FAIL_ON": "error"}
    assert run("check", "--all", "-q", cwd=folder, **environment).returncode == 1


def test_a_score_that_is_too_low_is_told_of_its_check(project):
    folder = project(check("val", HEALTHY, "min-iou = 0.9\n"), check("other", HEALTHY))
    done = run("check", "--all", "-q", cwd=folder, COLUMNS="120")
    assert done.returncode == 1
    assert done.stderr.startswith("iou-doctor: val: mean IoU 0.8604 does not reach --min-iou 0.9,")
    assert done.stderr.count("\n") == 1
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[2][:2] == ["✗", "val"]
    assert "--min-iou" in rows[2]
    assert rows[3][:2] == ["✓", "other"]


def test_named_checks_alone_need_all(project):
    done = run("check", cwd=project(check("val", HEALTHY)))
    assert done.returncode == 2
    assert "has its arrays under [[check]]: add --all" in done.stderr


def test_a_check_that_fails_by_a_note_has_no_good_sign(project):
    folder = project(check("val", HEALTHY, 'fail-on = "note"\n'))
    done = run("check", "--all", "-q", cwd=folder, COLUMNS="120")
    assert done.returncode == 1
    row = done.stdout.splitlines()[2]
    assert row.startswith("✗")
    assert row.endswith("--fail-on note")


def test_arrays_on_the_command_line_are_no_check_of_the_file(project):
    folder = project(check("val", HEALTHY))
    arrays = [f"{SICK}/preds.npy", f"{SICK}/masks.npy"]
    done = run("check", "--all", "-q", *arrays, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "from the [[check]] entries; drop them" in done.stderr


def test_json_is_one_document_with_a_report_for_each(project):
    folder = project(check("val", HEALTHY), check("gone", "none"))
    done = run("check", "--all", "--output-format", "json", cwd=folder)
    document = json.loads(done.stdout)
    assert document["schema_version"] == 1
    first, second = document["checks"]
    assert (first["name"], first["exit_code"], first["error"]) == ("val", 0, None)
    assert first["report"]["verdict"]["status"] == "healthy"
    assert (second["exit_code"], second["report"]) == (2, None)


def test_each_check_writes_its_own_files(project):
    folder = project(check("val", HEALTHY), check("test", SICK))
    done = run("check", "--all", "-q", "--report", "json={name}.json", cwd=folder)
    assert done.returncode == 1
    for name in ("val", "test"):
        assert json.loads((folder / f"{name}.json").read_text("utf-8"))["schema_version"] == 1


def test_baselines_are_written_and_compared_check_by_check(project):
    folder = project(
        check("val", HEALTHY), check("test", HEALTHY), shared='baseline = "{name}.json"\n'
    )
    assert run("check", "--all", "--write-baseline", "-q", cwd=folder).returncode == 0
    assert (folder / "val.json").exists()
    assert run("check", "--all", "-q", cwd=folder).returncode == 0
    (folder / "val.json").unlink()
    assert run("check", "--all", "-q", cwd=folder).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--report", "json=all.json"], "--report json=all.json: with --all each check needs"),
        (["--output", "all.txt"], "--output all.txt: with --all each check needs"),
        (["--write-baseline"], "put {name} in"),
        (["--output-format", "sarif"], "use --report sarif={name}.sarif"),
    ],
)
def test_what_several_checks_cannot_share_is_refused(project, arguments, words):
    folder = project(check("val", HEALTHY), check("test", HEALTHY))
    done = run("check", "--all", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


def test_nothing_to_check_is_an_error(project):
    done = run("check", "--all", cwd=project())
    assert (done.returncode, done.stdout) == (2, "")
    assert "[[check]]" in done.stderr


def test_the_shell_completes_rules_formats_and_metrics():
    def completed(words):
        environment = {
            "_IOU_DOCTOR_COMPLETE": "complete_bash",
            "COMP_WORDS": f"iou-doctor {words}",
            "COMP_CWORD": str(len(words.split())),
        }
        return run(**environment).stdout.split()

    assert completed("check --select IOU10")[:2] == ["IOU101", "IOU102"]
    assert completed("check --select IOU2,masks-0") == ["IOU2,masks-0-255"]
    assert completed("explain jpeg") == ["jpeg-masks"]
    assert completed("check --output-format sar")[0] == "sarif"
    assert completed("check --report ju") == ["junit="]
    assert "keras.metrics.MeanIoU(" in completed("check --metric keras.metrics.M")

"""Formats, files and streams of `iou-doctor check`, run as a user runs it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from run import ROOT, run

from iou_doctor.cli import outputs
from iou_doctor.errors import OutputError
from iou_doctor.render import FORMATS

FAULTY = ("sample_data/unargmaxed_one_hot/preds.npy", "sample_data/unargmaxed_one_hot/masks.npy")
HEALTHY = ("sample_data/healthy/preds.npy", "sample_data/healthy/masks.npy")


def check(*arguments, **environment):
    return run("check", *arguments, "-n", "3", cwd=ROOT, **environment)


@pytest.mark.parametrize("name", FORMATS)
def test_the_exit_code_does_not_depend_on_the_format(name):
    faulty, healthy = (check(*pair, "--output-format", name) for pair in (FAULTY, HEALTHY))
    assert (faulty.returncode, healthy.returncode) == (1, 0)
    assert faulty.stderr == healthy.stderr == ""
    assert faulty.stdout
    assert healthy.stdout
    assert str(ROOT) not in faulty.stdout


def test_one_scan_writes_every_format_and_the_same_bytes_every_time(tmp_path):
    def written(folder, seed):
        (tmp_path / folder).mkdir()
        reports = [
            word for name in FORMATS for word in ("--report", f"{name}={tmp_path / folder / name}")
        ]
        done = check(*FAULTY, "--output-format", "json", *reports, PYTHONHASHSEED=seed)
        assert done.returncode == 1
        texts = {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        assert done.stdout.encode() == texts["json"]
        return texts

    first = written("first", "1")
    assert set(first) == set(FORMATS)
    assert all(first.values())
    assert written("second", "2") == first


@pytest.mark.parametrize("name", ["json", "markdown", "junit", "html"])
def test_formats_for_machines_are_utf_8_in_any_locale(name):
    arguments = [*FAULTY, "--output-format", name, "--class-names", "straße,auto,mensch"]
    plain = check(*arguments)
    assert "straße" in plain.stdout or name == "junit"
    assert check(*arguments, PYTHONUTF8="0", PYTHONIOENCODING="ascii").stdout == plain.stdout


def test_the_end_of_a_file_name_chooses_the_format(tmp_path):
    page, results = tmp_path / "page.html", tmp_path / "results.XML"
    done = check(*FAULTY, "--output", str(page), "--report", str(results))
    assert done.returncode == 1
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert results.read_text("utf-8").startswith("<?xml")
    check(*FAULTY, "--output", str(page), "--output-format", "json")
    assert json.loads(page.read_text("utf-8"))


def test_a_name_that_is_not_utf_8_breaks_no_format(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/pr\xff.npy")
    np.save(path, np.load(ROOT / HEALTHY[0]))
    reports = [f"--report={name}={tmp_path / name}" for name in FORMATS]
    done = check(path, HEALTHY[1], "-q", *reports)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "json").read_text("utf-8"))
    assert all((tmp_path / name).read_text("utf-8") for name in FORMATS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--output-format", "sarf"], "--output-format: no format is called 'sarf'; did you mean"),
        (["--output-format", "JUnit"], "did you mean junit?"),
        (["--report", "josn=a"], "--report josn=a: no format is called 'josn'; did you mean json?"),
        (["--report", "qqq=a"], "'qqq'; the formats are full, concise, json"),
        (["--report", "json"], "--report json: give FORMAT=FILE"),
        (["--report", "json=-"], "--report json=-: give FORMAT=FILE"),
        (["--report", "json=no/such/a"], "not a file in an existing folder"),
        (["--output", "tests"], "--output tests: cannot be written"),
        (["--output", "a" * 300], "cannot be written"),
        (["--report", "json=README.md/x"], "--report json=README.md/x: cannot be written"),
        (["--output", "new.x", "--report", "json=./new.x"], "two reports cannot go to one file"),
    ],
)
def test_an_unwritable_output_is_refused_in_one_line(arguments, words):
    done = check(*HEALTHY, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
    assert not (ROOT / "new.x").exists()


def test_an_unwritable_output_is_refused_before_the_scan(monkeypatch):
    from typer.testing import CliRunner

    from iou_doctor.cli.app import build_app
    from iou_doctor.diagnosis import pipeline

    def scanned(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(pipeline, "check", scanned)
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(build_app(), ["check", *HEALTHY, "--report", "json=no/such/a"])
    assert done.exit_code == 2


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    done = check(*HEALTHY, "--output", tmp_path / "a")
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--class-names", "FILE"),
        ("--metric", "@FILE:1"),
        ("--metric", "@FILE"),
        ("--slice", "day@FILE"),
    ],
)
def test_a_text_file_that_is_read_is_not_replaced(tmp_path, option, value):
    file = tmp_path / ("a,b.csv" if option == "--slice" else "words.txt")
    file.write_text("sample,day\n0,1\n", encoding="utf-8")
    done = check(*HEALTHY, option, value.replace("FILE", str(file)), "--report", f"json={file}")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--report json={file}: this file is an input" in done.stderr


@pytest.mark.parametrize("ending", ["", "::/preds"])
def test_an_input_is_not_replaced(tmp_path, ending):
    import h5py

    path = tmp_path / ("all.h5" if ending else "preds.npy")
    if ending:
        with h5py.File(path, "w") as file:
            file["preds"] = np.load(ROOT / HEALTHY[0])
    else:
        np.save(path, np.load(ROOT / HEALTHY[0]))
    (tmp_path / "link").symlink_to(path.name)
    before = path.read_bytes()
    for name in (path, tmp_path / "link"):
        done = check(f"{path}{ending}", HEALTHY[1], "--output", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"--output {name}: this file is an input" in done.stderr
    assert path.read_bytes() == before


@pytest.fixture
def folders(tmp_path):
    """Return a folder with two folders of images, a baseline and a configuration."""
    from PIL import Image

    for side, array in zip(("preds", "masks"), HEALTHY, strict=True):
        (tmp_path / side).mkdir()
        for number, image in enumerate(np.load(ROOT / array)):
            Image.fromarray(image.astype(np.uint8)).save(tmp_path / side / f"{number}.png")
    (tmp_path / "iou-doctor.toml").write_text("num-classes = 3\n")
    done = run(
        "check", "preds", "masks", "--output-format=json", "--output=base.json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    (tmp_path / "other name.png").hardlink_to(tmp_path / "masks" / "1.png")
    return tmp_path


def read_all(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("target", ["masks/0.png", "preds/new.png", "other name.png"])
@pytest.mark.parametrize(
    ("arguments", "summary"),
    [
        (["--report", "json=TARGET"], ""),
        (["--output", "TARGET"], ""),
        (["--baseline", "TARGET", "--write-baseline"], ""),
        (["--output-format", "github"], "TARGET"),
    ],
)
def test_no_output_goes_into_a_folder_of_inputs(folders, arguments, summary, target):
    before = read_all(folders)
    words = [word.replace("TARGET", target) for word in arguments]
    environment = {"GITHUB_STEP_SUMMARY": target} if summary else {}
    done = run("check", "preds", "masks", *words, cwd=folders, **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert "an input, which is never changed; name another file" in done.stderr
    option = "GITHUB_STEP_SUMMARY" if summary else arguments[0]
    assert done.stderr.startswith(f"iou-doctor: error: {option} ")
    assert read_all(folders) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--baseline=base.json", "--output=base.json"], "this file is the baseline"),
        (["--baseline=base.json", "--report=json=./base.json"], "this file is the baseline"),
        (["--report=json=iou-doctor.toml"], "this file is the configuration in use"),
    ],
)
def test_no_report_replaces_the_baseline_or_the_configuration(folders, arguments, words):
    before = read_all(folders)
    done = run("check", "preds", "masks", *arguments, cwd=folders)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert read_all(folders) == before


def test_a_check_of_several_does_not_write_over_the_inputs_of_another(folders):
    checks = "".join(
        f'[[check]]\nname = "{name}"\npredictions = "preds"\nmasks = "{name}"\n'
        for name in ("masks", "others")
    )
    (folders / "iou-doctor.toml").write_text(f"num-classes = 3\n{checks}")
    shutil.copytree(folders / "masks", folders / "others")
    before = read_all(folders)
    done = run("check", "--all", "--report", "json={name}/0.png", cwd=folders)
    assert done.returncode == 2
    assert done.stderr.count("which is never changed") == 2
    assert read_all(folders) == before


def test_a_report_goes_where_a_link_leads_and_leaves_no_other_file(tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    check(*HEALTHY, "--report", f"json={tmp_path / 'link.json'}")
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text("utf-8"))["schema_version"] == 1
    assert {path.name for path in tmp_path.iterdir()} == {"real.json", "link.json"}


def test_devices_and_pipes_are_written_to_and_not_replaced(tmp_path):
    done = check(*HEALTHY, "-q", "--report", f"json={os.devnull}", "--report", f"html={os.devnull}")
    assert done.returncode == 0
    if os.name == "posix":
        command = f'"{sys.executable}" -m iou_doctor check {" ".join(HEALTHY)} -n 3 -q'
        script = f"{command} --report json=>(cat > {tmp_path / 'a'}); sleep 0.5"
        subprocess.run(["bash", "-c", script], cwd=ROOT, check=True, capture_output=True)
        assert json.loads((tmp_path / "a").read_text("utf-8"))["schema_version"] == 1


def test_minus_is_stdout():
    assert check(*HEALTHY, "--output", "-").stdout == check(*HEALTHY).stdout
    assert not (ROOT / "-").exists()


def test_a_failure_half_way_leaves_the_old_files(tmp_path, monkeypatch):
    import iou_doctor

    report = iou_doctor.check(y_pred=ROOT / HEALTHY[0], y_true=ROOT / HEALTHY[1], num_classes=3)
    for name in ("a", "b"):
        (tmp_path / name).write_text("old")
    wanted = outputs.plan_outputs(
        output_format="json",
        output=tmp_path / "a",
        reports=[f"html={tmp_path / 'b'}"],
        protected=[],
    )
    for error, raised in ((OSError(28, "disk full"), OutputError), (KeyboardInterrupt(), None)):
        calls = []

        def fail(text, calls=calls, error=error):
            calls.append(text)
            if len(calls) == 2:
                raise error
            return text.encode()

        monkeypatch.setattr(outputs, "_encode", fail)
        with pytest.raises(raised or KeyboardInterrupt):
            outputs.write_reports(report, wanted)
        assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
            "a": "old",
            "b": "old",
        }


def test_a_rename_that_fails_names_the_option_and_leaves_the_old_files(tmp_path, monkeypatch):
    import iou_doctor

    report = iou_doctor.check(y_pred=ROOT / HEALTHY[0], y_true=ROOT / HEALTHY[1], num_classes=3)
    wanted = outputs.plan_outputs(
        output_format="json",
        output=tmp_path / "a",
        reports=[f"html={tmp_path / 'b'}"],
        protected=[],
    )
    (tmp_path / "a").write_text("old")
    replace = Path.replace

    def fail(part, place):
        if place.name == "b":
            raise PermissionError(errno.EPERM, "Operation not permitted", str(part), str(place))
        return replace(part, place)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match=r"^--report html=.*b: cannot be written \(Operation not"):
        outputs.write_reports(report, wanted)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old"}


@pytest.mark.skipif(os.name != "posix", reason="a full device")
def test_a_full_disk_is_no_finding():
    done = check(*HEALTHY, "--report", "json=/dev/full")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--report json=/dev/full: cannot be written (No space left" in done.stderr


# --- streams ----------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="pipes of the shell")
@pytest.mark.parametrize(
    "arguments",
    [
        ["check", *HEALTHY, "-n", "3"],
        ["check", *HEALTHY, "-n", "3", "--output-format", "sarif"],
        ["rules"],
        ["explain", "IOU201"],
        ["schema"],
    ],
)
def test_a_reader_who_leaves_is_no_finding(arguments):
    read, pipe = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "iou_doctor", *arguments],
        cwd=ROOT,
        stdout=pipe,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(pipe)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_in_the_middle_leaves_no_report_and_exits_with_130(tmp_path):
    script = (
        "import os, signal, iou_doctor.diagnosis.pipeline as checkup\n"
        "real = checkup.check\n"
        "def check(*a, **k):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return real(*a, **k)\n"
        "checkup.check = check\n"
        "from iou_doctor.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "check", *HEALTHY, "--output", tmp_path / "a"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("is_ignored", [False, True])
def test_a_signal_that_ends_the_run_leaves_no_file(tmp_path, name, is_ignored):
    number = getattr(signal, name)
    script = (
        "import os, signal, sys, iou_doctor.file_repair.run as repair\n"
        "real = repair.write_arrays\n"
        "def write(*a, **k):\n"
        "    notes = real(*a, **k)\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    return notes\n"
        "repair.write_arrays = write\n"
        "from iou_doctor.__main__ import run_process\n"
        "run_process()\n"
    )
    sigmoid = [f"sample_data/sigmoid/{side}.npy" for side in ("preds", "masks")]
    done = subprocess.run(
        [sys.executable, "-c", script, "fix", *sigmoid, "--output-dir", tmp_path / "new" / "deep"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN if is_ignored else signal.SIG_DFL),
    )
    if is_ignored:
        assert done.returncode == 0, done.stderr
        assert len(list((tmp_path / "new" / "deep").iterdir())) == 1
    else:
        assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "")
        assert list(tmp_path.iterdir()) == []


# --- GitHub's job summary ---------------------------------------------------------------------


def test_the_job_summary_is_appended_to_githubs_file(tmp_path):
    path = tmp_path / "summary.md"
    path.write_text("# before\n", encoding="utf-8")
    done = check(*FAULTY, "--output-format", "github", GITHUB_STEP_SUMMARY=str(path))
    markdown = check(*FAULTY, "--output-format", "markdown", GITHUB_STEP_SUMMARY=str(path)).stdout
    assert path.read_text("utf-8") == "# before\n" + markdown
    assert done.stdout.startswith("::error file=sample_data/")


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
def test_a_job_summary_for_which_the_disk_is_too_small_is_left_as_it_was(tmp_path):
    import resource

    path = tmp_path / "summary.md"
    path.write_text("# before\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "iou_doctor", "check", *FAULTY, "--output-format", "github"],
        cwd=ROOT,
        env={**os.environ, "GITHUB_STEP_SUMMARY": str(path)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "GITHUB_STEP_SUMMARY" in done.stderr
    assert path.read_text("utf-8") == "# before\n"


def test_a_job_summary_that_cannot_be_written_is_named():
    done = check(*FAULTY, "--output-format", "github", GITHUB_STEP_SUMMARY="no/such/file")
    assert (done.returncode, done.stdout) == (2, "")
    assert "GITHUB_STEP_SUMMARY no/such/file: cannot be written" in done.stderr


# --- schema -----------------------------------------------------------------------------------


def test_schema_prints_what_the_report_obeys():
    schema = json.loads(run("schema").stdout)
    assert run("schema", "report").stdout == run("schema").stdout
    Draft202012Validator.check_schema(schema)
    for pair in (FAULTY, HEALTHY):
        report = json.loads(check(*pair, "--output-format", "json").stdout)
        Draft202012Validator(schema).validate(report)
    assert run("schema", "reprot").returncode == 2


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("error", ["RuntimeError", "OSError", "ReadingError"])
def test_a_signal_whose_exception_python_replaces_is_no_bug(tmp_path, name, error):
    """Python 3.11 does so while it makes a class, for instance."""
    script = (
        "import os, signal, iou_doctor.diagnosis.pipeline as checkup\n"
        "from iou_doctor.errors import ReadingError\n"
        "def check(*a, **k):\n"
        "    try:\n"
        f"        os.kill(os.getpid(), signal.{name})\n"
        "        signal.pause()\n"
        "    except BaseException as stop:\n"
        f"        raise {error}('replaced') from stop\n"
        "checkup.check = check\n"
        "from iou_doctor.__main__ import run_process\n"
        "run_process()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "check", *HEALTHY, "--output", tmp_path / "a"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (done.returncode, done.stdout) == (128 + getattr(signal, name), "")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []

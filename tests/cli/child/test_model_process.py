"""A check of a model runs in a child process, whose end never looks like a result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from iou_doctor.cli.child import model_process
from iou_doctor.cli.child.model_process import run_in_child
from iou_doctor.errors import OutputError, SourceError

START = """
import sys
sys.path = {path!r}
from iou_doctor.cli.child.supervisor import Supervisor
import os, signal, time
from pathlib import Path
supervisor = Supervisor(Path({folder!r}), is_terminal={is_terminal!r}, encoding={encoding!r})
arguments = {arguments!r}
"""
"""What the programs of these tests begin with, in place of a whole check."""


def run_program(monkeypatch: pytest.MonkeyPatch, program: str, **options: object) -> int:
    """Run a child with another program, which is given as its only argument."""
    monkeypatch.setattr(model_process, "SOURCE", START + program)
    return run_in_child(["argument"], **options)


def error_of(monkeypatch: pytest.MonkeyPatch, program: str) -> str:
    with pytest.raises(SourceError) as error:
        run_program(monkeypatch, program)
    return str(error.value)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let temporary files be made in a folder of their own, which is empty in the end."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.glob("iou-doctor-*")) == []


def test_what_a_child_writes_is_shown_in_its_order(monkeypatch, capfd):
    code = run_program(
        monkeypatch,
        """
print("one", arguments)
print("two", file=sys.stderr)
sys.stdout.buffer.write("é".encode()); print("three", end="")
sys.stdout.flush()
supervisor.finish(7)
""",
    )
    assert code == 7
    done = capfd.readouterr()
    assert (done.out, done.err) == ("one ['argument']\néthree", "two\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
@pytest.mark.parametrize("limit", [0, 3, 100])
def test_a_full_folder_of_temporary_files_is_an_error_and_shows_nothing(monkeypatch, capfd, limit):
    program = f"""
import resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
print("a report" * 100)
supervisor.finish(0)
"""
    with pytest.raises(
        OutputError, match="cannot be written \\(File too large\\); free some space"
    ):
        run_program(monkeypatch, program)
    assert capfd.readouterr().out == ""


def test_what_libraries_write_is_shown_only_if_asked(monkeypatch, capfd):
    program = r"""
os.write(1, b"from a library\n")
with supervisor.watch("model", 9):
    print("in the\x1b[31m model", file=sys.stderr)
import warnings
warnings.warn_explicit("careful", UserWarning, "file.py", 1)
supervisor.finish(0)
"""
    run_program(monkeypatch, program)
    assert capfd.readouterr() == ("", "")
    run_program(monkeypatch, program, verbose=True)
    shown = "from a library\nin the\\x1b[31m model\nfile.py:1: UserWarning: careful\n"
    assert capfd.readouterr() == ("", shown)


def test_progress_is_passed_on(monkeypatch):
    seen: list[tuple[int, int]] = []
    program = "supervisor.report_progress(1, 2); supervisor.report_progress(2, 2)\n"
    run_program(
        monkeypatch,
        program + "supervisor.finish(0)",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("end", "how"),
    [
        ("os._exit(0)", "with exit code 0"),
        ("os._exit(1)", "with exit code 1"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "by SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "by SIGKILL, perhaps because the memory was full"),
    ],
)
def test_an_end_within_the_model_is_an_error_and_shows_nothing(monkeypatch, capfd, end, how):
    program = f"print('text'); work = supervisor.watch('m.keras', 9); work.__enter__()\n{end}"
    assert error_of(monkeypatch, program) == (
        f"cannot read `m.keras`: the model ended the process ({how})"
    )
    assert capfd.readouterr() == ("", "")


def test_an_end_without_a_word_outside_the_model_is_an_error_as_well(monkeypatch):
    program = "with supervisor.watch('m.keras', 9): pass\nos._exit(0)"
    assert error_of(monkeypatch, program) == (
        "the process that examined `m.keras` ended unexpectedly (with exit code 0); -v shows what"
        " it printed"
    )
    assert error_of(monkeypatch, "1 / 0").startswith(
        "the process that reads the model ended unexpectedly (with exit code 1)"
    )


def test_a_model_that_needs_too_long_is_ended(monkeypatch):
    start = time.monotonic()
    program = "work = supervisor.watch('m.keras', 1); work.__enter__(); time.sleep(60)"
    assert error_of(monkeypatch, program) == (
        "cannot read `m.keras`: the model was not loaded, or did not predict a batch, within 1"
        " seconds; --model-timeout allows more"
    )
    assert time.monotonic() - start < 20


def test_the_limit_holds_for_each_step_and_not_for_what_is_between(monkeypatch):
    program = """
for _ in range(3):
    with supervisor.watch("m.keras", 1):
        time.sleep(0.4)
    time.sleep(0.4)
time.sleep(1.2)
supervisor.finish(0)
"""
    assert run_program(monkeypatch, program) == 0


def test_text_before_the_record_is_discarded_is_not_shown(monkeypatch, capfd):
    program = "print('a'); supervisor.discard_record(); print('b'); supervisor.finish(0)"
    run_program(monkeypatch, program)
    assert capfd.readouterr().out == "b\n"


SEVERAL = """
from iou_doctor.cli.child.checked import Checked
print("lost"); supervisor.discard_record()
results = supervisor.checked
for number in range(len(results), 4):
    name = "check %d" % number
    with supervisor.follow_check(name, results):
        print("begin", name)
        with supervisor.watch("m.keras", 1):
            END
        print("end", name, file=sys.stderr)
        results.append(Checked(name, 0, report=dict(number=number)))
print([(one.name, one.code, one.error, one.report) for one in results])
supervisor.finish(max(one.code for one in results))
"""
TOO_SLOW = (
    "cannot read `m.keras`: the model was not loaded, or did not predict a batch, within 1 seconds;"
    " --model-timeout allows more"
)


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("os._exit(0)", "cannot read `m.keras`: the model ended the process (with exit code 0)"),
        ("time.sleep(60)", TOO_SLOW),
    ],
)
def test_a_model_that_ends_one_of_several_checks_spoils_no_other(monkeypatch, capfd, end, why):
    program = SEVERAL.replace("END", f"if number in (1, 3): {end}")
    assert run_program(monkeypatch, program) == 2
    done = capfd.readouterr()
    results = [
        (f"check {number}", 2, why, None)
        if number in (1, 3)
        else (f"check {number}", 0, None, {"number": number})
        for number in range(4)
    ]
    assert done.out == f"begin check 0\nbegin check 2\n{results}\n"
    assert done.err == (
        f"end check 0\niou-doctor: error: check 1: {why}\n"
        f"end check 2\niou-doctor: error: check 3: {why}\n"
    )


def test_an_end_between_two_checks_lets_the_others_follow(monkeypatch, capfd):
    ending = "if 'number' in vars(): os._exit(5)\nprint([(one"
    program = SEVERAL.replace("END", "pass").replace("print([(one", ending)
    program = program.replace("in range(len(results), 4)", "in range(len(results), 3)")
    assert run_program(monkeypatch, program) == 0
    assert capfd.readouterr().out.startswith("begin check 0\nbegin check 1\nbegin check 2\n[(")


def test_an_end_before_the_first_check_is_the_error_of_all(monkeypatch, capfd):
    assert "ended unexpectedly (with exit code 5)" in error_of(monkeypatch, "os._exit(5)")
    assert capfd.readouterr() == ("", "")


PARENT = """
import sys
sys.path = {path!r}
from iou_doctor.cli.child import model_process
model_process.SOURCE = {source!r}
model_process.run_in_child([])
"""
WAITING = START + "Path('pid').write_text(str(os.getpid())); time.sleep(60)"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_child_ends_with_its_parent(tmp_path, number):
    (tmp_path / "tmp").mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(path=sys.path, source=WAITING)],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        # background jobs of a shell ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.02)
    parent.send_signal(number)
    parent.wait(20)
    child = Path("/proc", (tmp_path / "pid").read_text())
    stop = time.monotonic() + 20
    while child.exists() and time.monotonic() < stop:
        time.sleep(0.02)
    assert not child.exists()

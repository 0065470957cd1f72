"""Whatever is given, the answer is one line and exit code 2: no traceback, no hang, no crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from run import ROOT, run

from iou_doctor.__main__ import main

PAIR = [str(ROOT / f"sample_data/healthy/{side}.npy") for side in ("preds", "masks")]


@pytest.fixture
def refuse(monkeypatch, capsys):
    """Return a function that runs a command in this process and returns its one line."""

    def call(*arguments: str | Path) -> str:
        monkeypatch.setattr(sys, "argv", ["iou-doctor", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        assert (stopped.value.code, printed.out) == (2, ""), printed.err[-2000:]
        assert len(printed.err.splitlines()) == 1
        assert printed.err.startswith("iou-doctor: error: ")
        return printed.err

    return call


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["why", "1.6065", "-n", "-1"], "--num-classes -1: background counts as a class"),
        (["why", "0.3333", "-n", "5000"], "at most 4,096"),
        (["check", *PAIR, "--ignore-index", "9" * 30], "no array holds such a label"),
        (["check", *PAIR, "--metric", f"MeanIoU(3, ignore_class={'9' * 30})"], "no array holds"),
        (["why", "1" * 400], "is too large"),
        (["check", *PAIR, "--metric", f"MeanIoU({'-' * 900}3)"], "is not a Python call"),
        (["check", *PAIR, "--metric", f"MeanIoU({'[' * 60}3{']' * 60})"], "is not a Python call"),
        (["check", *PAIR, "--metric", f"MeanIoU({'3,' * 60_000})"], "is not a Python call"),
        (
            ["check", *PAIR, "--metric", f"BinaryIoU(threshold={'9' * 4000})"],
            "threshold must be a number",
        ),
        (["check", *PAIR, "--metric", f"MeanIoU({'9' * 5000})"], "is not a Python call"),
        (["check", *PAIR, "--metric", "--3include_background"], "is not a Python call"),
        (["check", "a" * 300, PAIR[1]], "File name too long"),
        (["check", *PAIR, "a" * 300], "got unexpected extra argument"),
        (["check", *PAIR, PAIR[0]], "a pattern needs quotes"),
        (["a" * 300], "no such command"),
        (["check", *PAIR, "--config", "a" * 300], "File name too long"),
        (["check", *PAIR, "--baseline", "a" * 300], "File name too long"),
        (["fix", *PAIR, "--output-dir", "a" * 5000], "File name too long"),
        (["init", *PAIR, "--output", "a" * 300], "File name too long"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_bad_arguments_are_refused(refuse, arguments, words):
    if arguments[0] == "fix":
        arguments = [word.replace("healthy", "sigmoid") for word in arguments]
    assert words in refuse(*arguments)


@pytest.mark.parametrize("score", ["33.333333333333336", "0.3333333333333333333333333333", "5e-05"])
@pytest.mark.parametrize("arrays", [[], PAIR])
def test_a_score_may_have_more_digits_than_floats_have(monkeypatch, capsys, score, arrays):
    monkeypatch.setattr(sys, "argv", ["iou-doctor", "why", score, *arrays, "-n", "3"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert (stopped.value.code, capsys.readouterr().err) == (0, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"a = {'[' * 3000}{']' * 3000}", "nested too deeply"),
        (f"a = {'[' * 300}{']' * 300}", "recursion limit"),
        (f"{'a.' * 20_000}b = 1", "a key has more than 200 parts"),
        (f"[{'a.' * 20_000}b]", "a key has more than 200 parts"),
        (f"""x = {{{"'a' . " * 20_000}b = 1}}""", "a key has more than 200 parts"),
        (r'"\"".' * 300 + "b = 1", "a key has more than 200 parts"),
        (f"{'a.' * 199}b = '{'.' * 300} {'a.b ' * 300}'", "there is no key"),
        (f"num-classes = {'9' * 5000}", "a number is too long"),
        (f"num-classes = 0x{'f' * 6000}", "a number is too long"),
        ("num-classes = inf", "the value should be a valid integer"),
        ("#" * (1 << 20), "it has more than 1,048,576 bytes"),
    ],
    ids=[
        "deep",
        "less deep",
        "key",
        "table",
        "inline",
        "quotes",
        "dots",
        "digits",
        "hexadecimal",
        "infinite",
        "long",
    ],
)
def test_a_hostile_configuration_is_refused(tmp_path, refuse, text, words):
    (tmp_path / "a.toml").write_text(f"{text}\n")
    assert words in refuse("check", *PAIR, "--config", tmp_path / "a.toml")


@pytest.fixture
def report(tmp_path, monkeypatch):
    """Return a report, to be changed."""
    place = tmp_path / "report.json"
    monkeypatch.setattr(
        sys, "argv", ["iou-doctor", "check", *PAIR, f"--output={place}", "--output-format=json"]
    )
    with pytest.raises(SystemExit):
        main()
    return json.loads(place.read_text())


@pytest.mark.parametrize("number", ["Infinity", "1e999", "NaN", "9" * 5000])
@pytest.mark.parametrize("key", ["num_classes", "mean_iou", "ignore_index", "size"])
def test_a_baseline_with_an_impossible_number_is_refused(tmp_path, refuse, report, key, number):
    part = report["scores"] if key == "mean_iou" else report["reading"]
    if key == "size":
        report["inputs"]["masks"]["shape"][0] = "HERE"
    else:
        part[key] = "HERE"
    text = json.dumps(report).replace('"HERE"', number)
    (tmp_path / "a.json").write_text(text)
    assert "--write-baseline" in refuse("check", *PAIR, "--baseline", tmp_path / "a.json")


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices in folders")
@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize(
    "option", ["--config", "--baseline", "predictions", "masks", "model", "part"]
)
def test_a_pipe_and_a_device_are_refused_and_not_waited_for(tmp_path, refuse, kind, option):
    place = tmp_path / "saved_model.pb"
    os.mkfifo(place) if kind == "pipe" else place.symlink_to("/dev/zero")
    arguments = {
        "predictions": [place, PAIR[1]],
        "masks": [PAIR[0], place],
        "model": [tmp_path, PAIR[1], "--images", PAIR[0]],
        "part": [place],
    }.get(option, [*PAIR, option, place])
    line = refuse("report" if option == "part" else "check", *arguments)
    assert "a pipe or a device" in line or "it is no regular file" in line


@pytest.mark.parametrize("command", ["check", "fix", "init"])
def test_a_working_directory_that_was_removed_is_no_crash(tmp_path, command):
    arguments = {"fix": ["--output-dir", "out"], "init": []}.get(command, [])
    pair = [path.replace("healthy", "sigmoid") for path in PAIR]
    script = (
        f"import os, sys; folder = {str(tmp_path / 'a')!r}\n"
        "os.mkdir(folder); os.chdir(folder); os.rmdir(folder)\n"
        f"sys.argv[:] = ['x', *{[command, *pair, *arguments]!r}]\n"
        "from iou_doctor.__main__ import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if command == "check" else 2), done.stderr
    assert len(done.stderr.splitlines()) == (0 if command == "check" else 1)


@pytest.fixture
def without_rights(tmp_path_factory) -> Iterator[Path]:
    """Return a folder, and take the rights of root from this process meanwhile."""
    base = tmp_path_factory.mktemp("rights")
    if os.geteuid():
        yield base
        return
    parents = [base, *base.parents]
    modes = {path: path.stat().st_mode for path in parents}
    for path in parents:
        path.chmod(modes[path] | 0o111)
    os.seteuid(65534)
    try:
        yield base
    finally:
        os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.mark.skipif(os.name != "posix", reason="rights of folders")
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
@pytest.mark.parametrize("side", ["predictions", "masks"])
def test_a_folder_that_may_not_be_read_is_refused(without_rights, refuse, mode, side):
    uid = os.geteuid()
    folder = without_rights / "images"
    if os.getuid() == 0:
        os.seteuid(0)
    folder.mkdir()
    (folder / "0.png").write_bytes(b"?")
    folder.chmod(mode)
    os.seteuid(uid)
    line = refuse("check", *([folder, PAIR[1]] if side == "predictions" else [PAIR[0], folder]))
    assert f"cannot read `{folder}" in line
    assert "Permission denied" in line
    if os.getuid() == 0:
        os.seteuid(0)
    folder.chmod(0o755)
    os.seteuid(uid)


def test_too_little_memory_is_no_bug(monkeypatch, capsys):
    from iou_doctor.diagnosis import pipeline

    def fail(*_: object, **__: object) -> None:
        np.empty(1 << 60, np.uint8)

    monkeypatch.setattr(pipeline, "check", fail)
    monkeypatch.setattr("iou_doctor.__main__._discard_stdout", lambda: None)
    monkeypatch.setattr(sys, "argv", ["iou-doctor", "check", *PAIR])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "memory is too small for this input (Unable to allocate 1.00 EiB" in (
        capsys.readouterr().err
    )


def test_a_header_with_a_flag_for_a_size_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((1, 16, 16), np.uint8))
    data = (tmp_path / "a.npy").read_bytes().replace(b"(1, 16, 16), }   ", b"(True, 16, 16), }")
    (tmp_path / "a.npy").write_bytes(data)
    done = run("check", tmp_path / "a.npy", PAIR[1])
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "its header is damaged" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="streams of the shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-", "2>/dev/full"])
@pytest.mark.parametrize("command", ["check", "fix", "missing"])
def test_a_stream_that_is_closed_or_full_changes_no_exit_code(tmp_path, closed, command):
    pair = " ".join(path.replace("healthy", "sigmoid") for path in PAIR)
    words, code = {
        "check": (f"check {pair} --output report.txt", 1),
        "fix": (f"fix {pair} --output-dir out", 0),
        "missing": (f"check no.npy {PAIR[1]}", 2),
    }[command]
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m iou_doctor {words} {closed}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if command == "check":
        assert (tmp_path / "report.txt").read_text("utf-8").startswith("iou-doctor 0.")

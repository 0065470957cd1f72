"""The command line, run as a user runs it."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from run import ROOT, run

SAMPLES = ROOT / "sample_data"


def sample(name: str) -> tuple[str, str]:
    return f"sample_data/{name}/preds.npy", f"sample_data/{name}/masks.npy"


@pytest.mark.parametrize(
    ("name", "classes", "primary", "metric", "ours", "after"),
    [
        ("healthy", 3, None, 0.8604, 0.8604, 0.8604),
        ("unargmaxed_one_hot", 3, "unargmaxed-probabilities", 0.3333, 0.8604, 0.8604),
        ("integer_masks_dense_predictions", 3, "unargmaxed-probabilities", None, 0.8604, 0.8604),
        ("sigmoid", 2, "unthresholded-sigmoid", 0.4351, 0.8532, 0.8532),
        ("masks_0_255", 2, "masks-0-255", 0.4876, 0.4876, 0.8532),
        ("wrong_num_classes", 3, "label-out-of-range", 0.8599, 0.8516, 0.8516),
        ("height_width_swapped", 3, "height-width-swapped", 0.2917, None, 0.8604),
        ("channels_first", 3, "channels-first", None, 0.8604, 0.8604),
        ("imbalance", 2, "collapsed-predictions", 0.4962, 0.4962, 0.4962),
    ],
)
def test_each_sample_gets_its_diagnosis(name, classes, primary, metric, ours, after):
    done = run(
        "check", *sample(name), "--num-classes", str(classes), "--output-format", "json", cwd=ROOT
    )
    report = json.loads(done.stdout)
    assert done.stderr == ""
    assert done.returncode == (0 if primary is None else 1)
    assert report["verdict"]["primary"] == primary
    assert report["verdict"]["status"] == ("healthy" if primary is None else "sick")
    values = [
        report["metric"]["value"],
        report["scores"]["mean_iou"],
        report["verdict"]["mean_iou_after_all"],
    ]
    assert [None if value is None else round(value, 4) for value in values] == [
        metric,
        ours,
        after,
    ]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 1),
        (["--fail-on", "never"], 0),
        (["--ignore", "IOU2", "--ignore", "one-hot-masks"], 0),
        (["--ignore", "IOU201,IOU302"], 0),
        (["--select", "IOU7"], 0),
        (["--select", "unargmaxed-probabilities"], 1),
        (["--fail-on", "never", "--min-iou", "0.9"], 1),
        (["--fail-on", "never", "--min-iou", "0.86"], 0),
        (["--metric", "keras.metrics.OneHotMeanIoU(num_classes=3)"], 0),
        (["--metric", "tf.keras.metrics.OneHotMeanIoU(3)"], 0),
    ],
)
def test_the_exit_code_follows_the_options(options, code):
    done = run(
        "check", *sample("unargmaxed_one_hot"), "--num-classes", "3", "-q", *options, cwd=ROOT
    )
    assert done.returncode == code, done.stdout + done.stderr


def test_warnings_fail_when_asked_to():
    arguments = ["check", *sample("imbalance"), "-n", "2", "-q", "--ignore", "IOU702"]
    assert run(*arguments, cwd=ROOT).returncode == 0
    done = run(*arguments, "--fail-on", "warning", cwd=ROOT)
    assert done.returncode == 1
    assert "exit code 1 because of --fail-on warning" in " ".join(done.stdout.split())


def test_images_that_nothing_shows_are_told(tmp_path):
    pair = sample("healthy")
    arguments = ["check", *pair, "-n", "3", "-q", "--images", pair[1]]
    assert "add --report report.html" in run(*arguments, cwd=ROOT).stderr
    assert run(*arguments, "--report", tmp_path / "a.html", cwd=ROOT).stderr == ""


def test_a_score_that_is_too_low_is_said_on_stderr():
    done = run("check", *sample("healthy"), "-n", "3", "--min-iou", "0.9", cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith("iou-doctor: mean IoU 0.8604 does not reach --min-iou 0.9, which")
    assert "IOU610" in done.stdout
    silent = run(
        "check", *sample("healthy"), "-n", "3", "--min-iou", "0.9", "--ignore", "all", cwd=ROOT
    )
    assert silent.returncode == 1
    assert "IOU610 score-below-minimum" in silent.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--num-classes", "1"], "--num-classes 2"),
        (["--metric", "MeanIoU(num_classes=3 4"], "is not a Python call"),
        (["--metric", "keras.metrics.MeanIUo(3)"], "did you mean keras.metrics.MeanIoU"),
        (["--metric", "MeanIoU(num_clases=3)"], "did you mean num_classes?"),
        (["--metric", "MeanIoU(3, axis=n)"], "axis=`n` is not a value"),
        (["--metric", "MeanIoU(4)", "--num-classes", "3"], "contradict each other"),
        (["--select", "IOU999"], "`iou-doctor rules` lists"),
        (["--layout", "NWH2"], "is not a layout"),
        (["--layout", "NDHWC"], "names 5 axes"),
        (["--predictions-as", "probabilities"], "needs a class axis"),
        (["--json"], "use --output-format json"),
        (["--void", "255"], "use --ignore-index"),
        (["--ignore", "255"], "give --ignore-index 255"),
        (["--predictions-as", "softmax"], "needs a class axis"),  # as probabilities do
        (["--masks-as=onehot"], "needs a class axis"),
        (["--predictions-as", "softmin"], "'--predictions-as': 'softmin' is not one of"),
        (["--class-names", "a,b"], "2 names for 3 classes"),
        (["--min-iou", "nan"], "a score from 0 to 1"),
        (["--min-iou", "70"], "a score from 0 to 1"),
        (["--threshold", "nan"], "--threshold nan: give a number"),
        (["--output", "no/such/folder/report.txt"], "not a file in an existing folder"),
    ],
)
def test_bad_usage_is_one_line_on_stderr_and_exit_2(arguments, words):
    done = run("check", *sample("healthy"), "-n", "3", *arguments, cwd=ROOT)
    if arguments[0] in {"--metric", "--num-classes"}:
        done = run("check", *sample("healthy"), *arguments, cwd=ROOT)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no such file"),
        (b"", "empty"),
        (b"hello", "not a .npy file"),
        (b"\x93NUMPY\x01\x00", "damaged"),
        (np.array([object()], dtype=object), "pickled"),
        (np.array(["a"]), "strings"),
        (np.array([1j]), "complex"),
        (np.zeros(2, dtype=[("a", "u1")]), "structured"),
        (np.zeros((0, 4, 4)), "at least one sample"),
    ],
)
def test_unreadable_input_is_one_line_naming_the_file_and_exit_2(tmp_path, content, words):
    path = tmp_path / "preds.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content, allow_pickle=True)
    done = run("check", path, *sample("healthy")[1:], cwd=ROOT)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert str(path) in done.stderr
    assert words in done.stderr


def test_a_cut_off_file_is_refused_before_anything_is_read(tmp_path):
    path = tmp_path / "preds.npy"
    np.save(path, np.zeros((4, 8, 8), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:-1])
    done = run("check", path, path, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cut off" in done.stderr


def test_a_label_check_imports_no_heavy_library():
    script = (
        "import sys; from iou_doctor.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'h5py', 'PIL', 'scipy', 'numba'} & set(sys.modules)\n"
        "sys.stderr.write(repr(sorted(heavy)))\n"
    )
    done = _python(script, "check", *sample("healthy"), "-q")
    assert done.stderr == "[]"


def test_help_and_version_import_no_numpy():
    script = (
        "import sys; from iou_doctor.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.stderr.write(repr('numpy' in sys.modules))\n"
    )
    assert _python(script, "--help").stderr == "False"
    assert _python(script, "--version").stderr == "False"


def _python(script: str, *arguments: str):
    import subprocess

    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )


def test_a_fault_of_our_own_exits_with_3(monkeypatch, capsys):
    from iou_doctor import __main__
    from iou_doctor.diagnosis import pipeline

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(pipeline, "check", broken)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["iou-doctor", "check", *sample("healthy")])
    with pytest.raises(SystemExit) as stopped:
        __main__.main()
    assert stopped.value.code == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "internal error" in captured.err


def test_ctrl_c_exits_with_130(monkeypatch, capsys):
    from iou_doctor import __main__
    from iou_doctor.diagnosis import pipeline

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "check", interrupted)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["iou-doctor", "check", *sample("healthy")])
    with pytest.raises(SystemExit) as stopped:
        __main__.main()
    assert stopped.value.code == 130
    assert capsys.readouterr().out == ""


def test_output_writes_the_report_to_a_file_and_nothing_to_stdout(tmp_path):
    path = tmp_path / "report.json"
    arguments = ["check", *sample("healthy"), "-n", "3", "--output-format", "json"]
    done = run(*arguments, "--output", path, cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, "")
    assert path.read_text(encoding="utf-8") == run(*arguments, cwd=ROOT).stdout
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_the_report_in_a_file_has_no_colour(tmp_path):
    path = tmp_path / "report.txt"
    run("check", *sample("sigmoid"), "--output", path, cwd=ROOT, FORCE_COLOR="1")
    text = path.read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "IOU203" in text


def test_colour_follows_the_environment():
    plain = run("check", *sample("sigmoid"), cwd=ROOT).stdout
    coloured = run("check", *sample("sigmoid"), cwd=ROOT, FORCE_COLOR="1").stdout
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert "\x1b[3" not in run("check", *sample("sigmoid"), cwd=ROOT, NO_COLOR="1").stdout


def test_a_terminal_without_utf_8_gets_ascii():
    done = run(
        "check", *sample("sigmoid"), cwd=ROOT, PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C"
    )
    assert done.returncode == 1
    assert done.stdout.isascii()
    assert "####" in done.stdout


def test_the_same_input_gives_the_same_bytes():
    arguments = ["check", *sample("channels_first"), "--output-format", "json"]
    assert run(*arguments, cwd=ROOT).stdout == run(*arguments, cwd=ROOT).stdout


def test_concise_is_one_line_a_finding_and_one_for_the_verdict():
    done = run("check", *sample("masks_0_255"), "-n", "2", "--output-format", "concise", cwd=ROOT)
    lines = done.stdout.splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "error IOU303 masks-0-255",
        "warning IOU602 unlabelled-class-predicted",
        "warning IOU605 dropped-pixels",
        "sick",
    ]


def test_folders_are_paired_by_name_and_strays_are_named(tmp_path):
    from PIL import Image

    for folder, names in (("preds", "abc"), ("masks", "bcd")):
        (tmp_path / folder).mkdir()
        for name in names:
            values = np.eye(8, dtype=np.uint8) * (ord(name) - 96)
            Image.fromarray(values).save(tmp_path / folder / f"{name}_{folder[:-1]}.png")
    done = run(
        "check", tmp_path / "preds", tmp_path / "masks", "-n", "5", "--output-format", "json"
    )
    report = json.loads(done.stdout)
    assert report["verdict"]["primary"] == "sample-count-mismatch"
    assert report["findings"][0]["facts"] == {
        "masks_without_prediction": ["d_mask"],
        "predictions_without_mask": ["a_pred"],
        "scored": 2,
    }
    assert report["scores"]["mean_iou"] == 1.0
    assert report["reading"]["assumed"][0] == {
        "field": "pairing",
        "value": "_mask, _pred",
        "why": "without these parts the names pair up",
    }


def test_explain_takes_codes_and_names():
    by_code = run("explain", "IOU201").stdout
    assert by_code == run("explain", "unargmaxed-probabilities").stdout
    assert by_code.startswith("IOU201 unargmaxed-probabilities (error)\n\nClass probabilities go")
    unknown = run("explain", "IOU2O1")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "did you mean" in unknown.stderr


def test_rules_lists_every_rule_once():
    lines = run("rules").stdout.splitlines()
    codes = [line.split()[0] for line in lines]
    assert codes == sorted(set(codes))
    assert "IOU201" in codes


def test_the_version_is_the_packages():
    import iou_doctor

    first, second = run("--version").stdout.splitlines()
    assert first == f"iou-doctor {iou_doctor.__version__}"
    assert second.startswith(("uses native kernels (", "uses NumPy ("))


def test_paths_in_the_report_are_those_given():
    done = run("check", *sample("healthy"), "--output-format", "json", cwd=ROOT)
    inputs = json.loads(done.stdout)["inputs"]
    assert inputs["predictions"]["path"] == "sample_data/healthy/preds.npy"
    assert str(ROOT) not in done.stdout


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("preds.npy", "iou-doctor check PREDICTIONS MASKS checks files"),
        ("help", "iou-doctor --help lists the commands"),
    ],
)
def test_what_is_no_command_is_told_what_works(word, words):
    done = run(word, "masks.npy")
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_list_of_pairs_is_enough(tmp_path):
    for side in ("p", "m"):
        np.save(tmp_path / f"{side}.npy", np.eye(4, dtype=np.uint8))
    (tmp_path / "pairs.csv").write_text("p.npy,m.npy\n")
    done = run("check", "pairs.csv", "--output-format", "concise", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    done = run("check", "pairs.csv", "--output", "m.npy", cwd=tmp_path)
    assert done.returncode == 2
    assert "never changed" in done.stderr
    done = run("check", "m.npy", cwd=tmp_path)
    assert "give PREDICTIONS and MASKS" in done.stderr

"""Names from files are escaped in every format, on stdout and on stderr."""

from __future__ import annotations

import json
import os
import re
import zipfile

import numpy as np
import pytest
from PIL import Image
from run import ROOT, run

from iou_doctor.render import FORMATS
from iou_doctor.safety.safe_text import UNSAFE

MASKS = ROOT / "sample_data/healthy/masks.npy"
HOSTILE = "x\n::error::pwn\x1b[31m\u202e##[error]\x9b ::set-output name=a::b"
FORBIDDEN = f"[{UNSAFE}]"
COMMAND = re.compile(r"^\s*::|##\[", re.MULTILINE)
EXTREMES = np.array([[[np.nan, 1e308], [-1e308, np.inf]]])


def assert_harmless(done, name):
    assert done.returncode in {0, 1}, done.stderr
    assert (done.stderr, re.search(FORBIDDEN, done.stdout)) == ("", None)
    lines = done.stdout.splitlines()
    if name == "github":
        lines = [line for line in lines if not re.match("::(error|warning|notice) file=", line)]
    assert not COMMAND.search("\n".join(lines))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", ["member", "images", "classes"])
def test_a_hostile_name_is_harmless_in_every_format(tmp_path, name, kind):
    preds = np.load(ROOT / "sample_data/healthy/preds.npy")
    np.save(tmp_path / "p.npy", preds)
    words = [tmp_path / "p.npy", MASKS]
    if kind == "member":
        with zipfile.ZipFile(tmp_path / "p.npz", "w") as archive:
            archive.write(tmp_path / "p.npy", f"{HOSTILE}.npy")
        words = [tmp_path / "p.npz", MASKS]
    elif kind == "images":
        for side, count in (("a\n::error::b", 3), ("m", 2)):
            (tmp_path / side).mkdir()
            for number in range(count):
                image = Image.fromarray(
                    preds[number].astype(np.uint8) * (127 if side == "m" else 1)
                )
                image.save(tmp_path / side / f"{HOSTILE[:40]}{number}.png")
        words = [tmp_path / "a\n::error::b", tmp_path / "m"]
    else:
        words += ["--class-names", f"{HOSTILE},b,c"]
    assert_harmless(run("check", *words, "-n", "3", "--output-format", name), name)


def test_json_has_the_exact_name(tmp_path):
    np.save(tmp_path / "p.npy", np.load(ROOT / "sample_data/healthy/preds.npy"))
    with zipfile.ZipFile(tmp_path / "p.npz", "w") as archive:
        archive.write(tmp_path / "p.npy", f"{HOSTILE}.npy")
    done = run("check", tmp_path / "p.npz", MASKS, "-n", "3", "--output-format", "json")
    assert json.loads(done.stdout)["inputs"]["predictions"]["path"].endswith(f"::{HOSTILE}")


@pytest.mark.parametrize(
    "option", ["--layout", "--report", "--baseline", "--config", "--metric", "--select", "--seen"]
)
def test_an_error_stays_one_line(option):
    done = run("check", ROOT / "sample_data/healthy/preds.npy", MASKS, option, HOSTILE)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert not re.search(FORBIDDEN, done.stderr.removesuffix("\n"))
    assert "##[" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="names with line breaks")
def test_the_names_that_fix_and_init_print_are_escaped(tmp_path):
    folder = tmp_path / "a\n::error::b"
    sigmoid = [ROOT / f"sample_data/sigmoid/{side}.npy" for side in ("preds", "masks")]
    done = run("fix", *sigmoid, "--output-dir", folder)
    assert "a\\n::error::b" in done.stdout
    assert not COMMAND.search(done.stdout)
    done = run("init", *sigmoid, "--output", folder / "c.toml")
    assert f"wrote {tmp_path}/a\\n::error::b/c.toml" in done.stdout


def test_libraries_print_nothing_unless_v_asks_for_it(tmp_path):
    buffer = tmp_path / "p.tif"
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(buffer, compression="tiff_lzw")
    data = bytearray(buffer.read_bytes())
    data[8:12] = b"\xff\xff\xff\xff"  # the compressed pixels
    buffer.write_bytes(data)
    done = run("check", buffer, MASKS)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    shown = run("check", buffer, MASKS, "-v").stderr.splitlines()
    assert len(shown) > 2
    assert shown[-1] == done.stderr.rstrip("\n")


def test_pillow_logs_nothing_on_stderr(tmp_path):
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "p.tif")
    data = (tmp_path / "p.tif").read_bytes()
    tag = data.index(b"\x15\x01\x03\x00")  # the number of channels
    (tmp_path / "p.tif").write_bytes(data[: tag + 8] + b"\xff\x00" + data[tag + 10 :])
    done = run("check", tmp_path / "p.tif", MASKS)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_huge_values_and_odd_literals_give_no_warnings(tmp_path):
    np.save(tmp_path / "p.npy", np.tile(EXTREMES, (4, 8, 8)).astype("f8")[..., None].repeat(3, -1))
    np.save(tmp_path / "m.npy", np.zeros((4, 16, 16), np.uint8))
    done = run("check", tmp_path / "p.npy", tmp_path / "m.npy", "-n", "3")
    assert (done.returncode in {0, 1}, done.stderr) == (True, "")
    done = run("check", tmp_path / "p.npy", tmp_path / "m.npy", PYTHONWARNINGS="error")
    assert "Warning" not in done.stderr

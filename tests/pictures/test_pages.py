"""Whole pages: from the command line, from Python, and in a browser."""

from __future__ import annotations

import html
import io
import json
import pickle
import re
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from build import noisy, scene
from PIL import Image
from run import run

import iou_doctor
from iou_doctor.arrays.model import may_be_model
from iou_doctor.pictures.changes import build_changes
from iou_doctor.report.gallery import PixelChange
from pictures.chromium import CHROMIUM, run_script
from pictures.reports import write_pages

MASKS = scene(1, samples=5, height=24, width=30)
PREDICTIONS = noisy(MASKS, 2)
IMAGES = np.random.default_rng(0).integers(0, 256, (*MASKS.shape, 3), dtype=np.uint8)
PICTURE = re.compile(
    r'<img src="data:image/png;base64,[^"]+" width="\d+" height="\d+" alt="[^"]+">'
)
FLIPPED = {"y_true": MASKS, "y_pred": MASKS[..., ::-1], "num_classes": 3}


@pytest.fixture
def place(tmp_path):
    np.save(tmp_path / "m.npy", MASKS)
    np.save(tmp_path / "p.npy", PREDICTIONS)
    np.save(tmp_path / "i.npy", IMAGES)
    return tmp_path


def read(path: Path) -> str:
    return path.read_text("utf-8")


def list_captions(page: str) -> list[str]:
    return re.findall(r"<figcaption>(.*?)</figcaption>", page)


def test_pages_have_pictures_and_the_command_and_are_the_same_every_time(place):
    words = ["check", "p.npy", "m.npy", "-n", "3", "--ignore-index", "9", "--jobs", "2", "-q"]
    for name in ("a.html", "b.html"):
        assert run(*words, "--images", "i.npy", "--report", name, cwd=place).returncode == 0
    page = read(place / "a.html")
    assert page == read(place / "b.html")
    assert len(PICTURE.findall(page)) == 5 * 4 == page.count("<img")
    assert list_captions(page) == ["image", "truth", "prediction", "errors"] * 5
    command = "iou-doctor check p.npy m.npy --num-classes 3 --ignore-index 9 --images i.npy"
    assert f"<code>{command}</code>" in page
    assert "(5, 24, 30) uint8" in page
    assert "5 images · 3 classes · void 9" in page


@pytest.mark.parametrize(("count", "pictures"), [("0", 0), ("2", 2 * 3)])
def test_the_number_of_samples_is_chosen(place, count, pictures):
    words = ["p.npy", "m.npy", "-n", "3", "--report", "a.html", "--pictures", count]
    assert run("check", *words, cwd=place).returncode == 0
    assert read(place / "a.html").count("<img") == pictures
    assert "Each image alone" in read(place / "a.html")
    (place / "iou-doctor.toml").write_text(f'pictures = {count}\nreport = ["html=b.html"]\n')
    assert run("check", *words[:4], cwd=place).returncode == 0
    assert read(place / "b.html").count("<img") == pictures


def test_images_pair_with_masks_by_name(tmp_path):
    for side, suffix in (("m", "_L"), ("p", ""), ("i", "")):
        (tmp_path / side).mkdir()
        for number, mask in enumerate(MASKS[:3]):
            if (side, number) == ("i", 1):
                continue
            values = {"m": mask, "p": PREDICTIONS[number], "i": IMAGES[number]}[side]
            Image.fromarray(values).save(tmp_path / side / f"street{number}{suffix}.png")
    report = iou_doctor.check(
        y_true=tmp_path / "m", y_pred=tmp_path / "p", images=tmp_path / "i", num_classes=3
    )
    page = report.to_html()
    pictured = re.findall(r'alt="street(\d)\w*: image"', page)
    assert sorted(pictured) == ["0", "2"]


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (IMAGES[:, :20], "5 images are not shown: their size is not that of their masks"),
        (IMAGES[:4], "The images are not shown, because there are 4 of them and 5 masks."),
    ],
)
def test_images_that_do_not_fit_are_said_and_not_fatal(images, words):
    page = iou_doctor.check(
        y_true=MASKS, y_pred=PREDICTIONS, images=images, num_classes=3
    ).to_html()
    assert words in page
    assert "image" not in list_captions(page)
    assert "errors" in list_captions(page)


def test_images_of_other_kinds_are_stretched():
    for images in (
        IMAGES / 255,
        IMAGES.astype(np.float32),
        np.moveaxis(IMAGES, -1, 1),
        IMAGES[..., 0],
    ):
        page = iou_doctor.check(
            y_true=MASKS, y_pred=PREDICTIONS, images=images, num_classes=3
        ).to_html(pictures=1)
        assert list_captions(page)[0] == "image"


def test_a_flip_is_shown_before_and_after_the_repair():
    page = iou_doctor.check(**FLIPPED).to_html(pictures=2)
    assert "The fault, seen" in page
    assert page.count("<h4>as given</h4>") == page.count("<h4>after the repair</h4>") == 2
    assert "prediction, as your metric reads it" in page


def test_files_that_change_are_no_longer_shown(place):
    report = iou_doctor.check(y_true=place / "m.npy", y_pred=place / "p.npy", num_classes=3)
    assert report.to_html().count("<img") == 15
    np.save(place / "p.npy", PREDICTIONS[:, ::-1])
    assert "The pictures are left out: cannot read" in html.unescape(report.to_html())
    assert report.to_html().count("<img") == 0
    assert "Where the missing" in report.to_html()


def test_a_stored_report_has_no_arrays():
    report = pickle.loads(pickle.dumps(iou_doctor.check(**FLIPPED)))
    assert report.arrays is None
    assert report.to_html().count("<img") == 0


def test_a_notebook_shows_a_few_samples_in_its_own_colours():
    report = iou_doctor.check(y_true=MASKS, y_pred=PREDICTIONS, num_classes=3)
    shown = report._repr_html_()
    assert shown.count("<img") == 4 * 3
    assert "<script" not in shown


def test_a_comparison_is_a_page_too(place):
    np.save(place / "q.npy", noisy(MASKS, 3, share=0.05))
    words = ["compare", "p.npy", "q.npy", "m.npy", "-n", "3"]
    reports = ["--report", "html=c.html", "--report", "c.json", "--pictures", "2"]
    done = run(*words, *reports, cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    page = read(place / "c.html")
    assert list_captions(page) == ["truth", "before", "after", "changes"] * 2
    assert json.loads(read(place / "c.json"))["schema_version"]
    first, _, _ = done.stdout.partition("\n")
    assert first in html.unescape(page)
    found = iou_doctor.compare(
        y_true=MASKS, before=PREDICTIONS, after=noisy(MASKS, 3, share=0.05), num_classes=3
    )
    assert found.to_html(pictures=0).count("<img") == 0
    assert found._repr_html_().count("<img") == 4 * 4
    found.save(place / "d.html", pictures=2)
    assert PICTURE.findall(read(place / "d.html")) == PICTURE.findall(page)
    refused = run(*words, "--report", "sarif=c.sarif", cwd=place)
    assert "the formats are full, json, markdown, html" in refused.stderr
    assert run(*words, "--report", "html=p.npy", cwd=place).returncode == 2


def test_pictures_in_a_notebook_are_small():
    masks = scene(1, samples=1, height=300, width=400)
    before, after = (noisy(masks, seed, share=0.05) for seed in (2, 3))
    pair = iou_doctor.check(y_true=masks, y_pred=before, num_classes=3)
    both = iou_doctor.compare(y_true=masks, before=before, after=after, num_classes=3)
    for found in (pair, both):
        (whole, *_), (small, *_) = (
            re.findall(r"base64,([^\"]+)", page) for page in (found.to_html(), found._repr_html_())
        )
        widths = [Image.open(io.BytesIO(b64decode(one))).width for one in (whole, small)]
        assert widths == [400, 200]


def test_a_score_of_0_after_the_repairs_is_shown_as_such():
    found = iou_doctor.compare(y_true=MASKS, before=PREDICTIONS, after=MASKS, num_classes=3)
    zero = replace(found, before=replace(found.before, mean_iou_after_all=0.0))
    assert "mean IoU, read rightly: 0.0000" in zero.to_html(pictures=0)


def test_a_comparison_shows_the_samples_that_both_sides_have(tmp_path):
    arrays = {"m": MASKS, "p": PREDICTIONS, "q": noisy(MASKS, 3, share=0.05)}
    for side, values in arrays.items():
        (tmp_path / side).mkdir()
        for number, one in enumerate(values):
            if (side, number) not in {("p", 1), ("q", 2)}:
                Image.fromarray(one).save(tmp_path / side / f"a{number}.png")
    found = iou_doctor.compare(
        y_true=tmp_path / "m", before=tmp_path / "p", after=tmp_path / "q", num_classes=3
    )
    samples = build_changes(found, 9).samples
    assert {one.picture.name for one in samples} == {"a0", "a3", "a4"}
    for one in samples:
        number = int(one.picture.name[1:])
        assert np.array_equal(one.before.prediction, PREDICTIONS[number])
        assert np.array_equal(one.picture.best.prediction, arrays["q"][number])
        wrong = [arrays[side][number] != MASKS[number] for side in ("p", "q")]
        assert np.array_equal(one.changes == PixelChange.BETTER, wrong[0] & ~wrong[1])
        assert np.array_equal(one.changes == PixelChange.WORSE, wrong[1] & ~wrong[0])
        assert np.array_equal(one.changes == PixelChange.WRONG_TWICE, wrong[0] & wrong[1])


@pytest.mark.parametrize(
    ("path", "may_be"),
    [("a.keras", True), ("a.h5", True), ("a.h5::/x", False), ("a.npy", False), ("nowhere", False)],
)
def test_images_beside_these_are_predicted(path, may_be):
    assert may_be_model(path) is may_be


SCROLL = """
addEventListener("load", () => answer(JSON.stringify(
  [...document.querySelectorAll("iframe")].map(frame => {
    const root = frame.contentDocument.documentElement;
    frame.contentDocument.querySelectorAll("details").forEach(one => { one.open = true; });
    return [frame.title, root.scrollWidth, root.clientWidth];
  })
)));
"""


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.slow
def test_no_page_scrolls_sideways(tmp_path):
    frames = [
        f'<iframe title="{page.stem}" style="width:{width}px;height:900px"'
        f' srcdoc="{html.escape(read(page))}"></iframe>'
        for page in write_pages(tmp_path)
        for width in (360, 390, 800)
    ]
    together = tmp_path / "together.html"
    together.write_text(f"<!DOCTYPE html><html><body>{''.join(frames)}</body></html>", "utf-8")
    for name, found, wanted in json.loads(run_script(together, SCROLL, tmp_path)):
        assert found <= wanted, name

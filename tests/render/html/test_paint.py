"""What the pictures and charts of a page show."""

from __future__ import annotations

import io
from base64 import b64decode
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from build import diagnose, noisy, scene
from PIL import Image

from iou_doctor.counts.label_decoding import encode_colour, encode_no_class
from iou_doctor.datasets import load_data_set
from iou_doctor.datasets.class_names import list_trained_classes
from iou_doctor.pictures.gallery import build_gallery
from iou_doctor.render.html import panels, samples
from iou_doctor.render.html.charts import build_heat_maps, build_histogram, split_points
from iou_doctor.render.html.classes_view import describe_confusion
from iou_doctor.render.html.page import render
from iou_doctor.render.html.paint import Painter, encode
from iou_doctor.render.html.palettes import ERRORS, LEFT_OUT, NO_CLASS, SAFE, choose_palette
from iou_doctor.render.html.samples import build_pictures
from iou_doctor.report.gallery import Maps, PixelError, thin

PALETTE = [(10, 20, 30), (200, 0, 0), (0, 200, 0)]


def decode(uri: str) -> np.ndarray:
    head, _, body = uri.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(b64decode(body))).convert("RGB"))


def draw(labels, palette, ignore):
    """Return the colours of labels pixel by pixel: slow, and plain."""
    picture = np.zeros((*labels.shape, 3), np.uint8)
    for place in np.ndindex(labels.shape):
        label = labels[place]
        if label == ignore:
            picture[place] = LEFT_OUT
        elif 0 <= label < len(palette):
            picture[place] = palette[label]
        else:
            picture[place] = NO_CLASS
    return picture


def test_a_decoded_picture_is_the_label_map_in_colours():
    labels = np.random.default_rng(0).integers(-2, 5, (13, 17))
    labels[0, :3] = [255, 1, 2]
    painted = Painter(PALETTE, 255).paint_labels(labels)
    assert np.array_equal(decode(encode(painted)), draw(labels, PALETTE, 255))


def test_codes_of_colours_have_their_colour_and_others_none():
    labels = np.array([[encode_colour(1, 2, 3), int(encode_no_class(np.array(0)))]])
    painted = Painter(PALETTE, None).paint_labels(labels)
    assert painted.tolist() == [[[1, 2, 3], list(NO_CLASS)]]


def test_a_map_whose_pixels_all_have_other_colours_is_painted_at_once():
    red, green, blue = np.random.default_rng(0).integers(0, 256, (3, 512, 512))
    started = perf_counter()
    painted = Painter(PALETTE, None).paint_labels(encode_colour(red, green, blue))
    assert perf_counter() - started < 8  # a look at the whole map for each colour takes 50 s
    assert np.array_equal(painted, np.stack([red, green, blue], axis=-1))


def test_a_photograph_has_more_colours_than_a_palette_holds():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert np.array_equal(decode(encode(pixels)), pixels)
    assert encode(pixels) == encode(pixels.copy())


@pytest.mark.parametrize("has_image", [False, True])
def test_a_decoded_error_map_is_grey_where_the_prediction_is_right(has_image):
    random = np.random.default_rng(1)
    truth = random.integers(0, 3, (9, 11))
    errors = random.integers(0, len(PixelError), truth.shape).astype(np.uint8)
    image = random.integers(0, 256, (*truth.shape, 3), dtype=np.uint8) if has_image else None
    painter = Painter(PALETTE, None)
    found = decode(encode(painter.paint_errors(Maps(truth, truth, errors), image)))
    below = draw(truth, PALETTE, None) if image is None else image
    for place in np.ndindex(truth.shape):
        red, green, blue = (int(one) for one in below[place])
        grey = round(34 + 0.28 * (0.299 * red + 0.587 * green + 0.114 * blue))
        right = errors[place] == PixelError.RIGHT
        wanted = (grey,) * 3 if right else ERRORS[PixelError(errors[place])][0]
        assert tuple(found[place]) == wanted
    assert painter.paint_errors(Maps(truth, truth[:4], None)) is None


@pytest.mark.parametrize("name", ["camvid", "cityscapes", "pascal_voc", "ade20k", "coco_stuff"])
def test_the_classes_of_a_known_data_set_have_its_colours(name):
    names = list_trained_classes(name)
    palette = choose_palette(names, has_background=False)
    known = {one.name: one.colour for one in reversed(load_data_set(name).labels) if one.colour}
    assert len(palette) == len(names)
    if known:
        assert all(palette[names.index(word)] == known[word] for word in names if word in known)


def test_other_classes_have_colours_that_differ():
    names = [f"class {number}" for number in range(60)]
    palette = choose_palette(names, has_background=False)
    assert palette[: len(SAFE)] == list(SAFE)
    assert len(set(palette)) == 60
    assert NO_CLASS not in palette


def test_pictures_shrink_until_they_fit(monkeypatch):
    masks = np.random.default_rng(0).integers(0, 3, (3, 200, 220)).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=noisy(masks, 1, share=0.4), num_classes=3)
    gallery = build_gallery(report, 3)
    whole = build_pictures(report, gallery)
    monkeypatch.setattr(panels, "BUDGET", 100_000)
    less = build_pictures(report, gallery)
    uris = [panel.uri for one in less.worst for row in one.rows for panel in row.panels]
    assert (whole.left_out, less.left_out) == ("", "")
    assert sum(map(len, uris)) <= 100_000 < panels.measure(whole.worst)
    truth = gallery.worst[0].picture.given.truth
    painter = samples.build_painter(report, repaired=False)
    height = decode(uris[0]).shape[0]
    small = thin(painter.paint_labels(truth), max(decode(uris[0]).shape))
    assert height == small.shape[0]
    assert np.array_equal(decode(uris[0]), small)


def test_samples_that_do_not_fit_are_counted_on_the_page(monkeypatch):
    masks = np.random.default_rng(0).integers(0, 3, (5, 64, 64)).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=noisy(masks, 1, share=0.4), num_classes=3)
    gallery = build_gallery(report, 5)
    size = panels.measure(build_pictures(report, gallery).worst[:3])
    monkeypatch.setattr(panels, "BUDGET", size)
    assert len(build_pictures(report, gallery).worst) == 3
    page = render(replace(report, gallery=gallery))
    assert "2 more samples are left out, because a page has at most 5 MB." in page
    assert page.count("<figure>") == 9
    monkeypatch.setattr(panels, "BUDGET", 10)
    assert "5 more samples are left out" in render(replace(report, gallery=gallery))


def test_the_bar_adds_up_to_1():
    masks = scene(1, samples=6, height=24, width=30, classes=5)
    for share in (0.02, 0.4, 0.9):
        report = diagnose(y_true=masks, y_pred=noisy(masks, 2, share=share, classes=5))
        parts = split_points(report.ledger, report.mean_iou, report.reading.class_names)
        assert sum(round(part.points, 4) for part in parts) == pytest.approx(1, abs=1e-9)
        assert sum(float(part.width) for part in parts) == pytest.approx(100, abs=0.01)
        assert parts[0].points == report.mean_iou


def read_cells(cells):
    """Return the numbers behind the cells of a heat map."""
    texts = [[cell.title.rpartition(": ")[2].removesuffix(" %") for cell in row] for row in cells]
    return np.array(texts, float)


@pytest.mark.parametrize("classes", [5, 35])
def test_the_heat_maps_hold_all_points_and_all_pixels(classes):
    masks = scene(1, samples=6, height=24, width=30, classes=classes)
    predictions = noisy(masks, 2, share=0.4, classes=classes)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=classes)
    gallery = build_gallery(report, 0)
    points, shares = build_heat_maps(
        gallery.pairs, gallery.score, report.ledger, report.reading.class_names
    )
    rows = min(classes, 30)
    assert (len(points.rows), points.left_out) == (rows, classes - rows)
    assert ("other" in points.heads) == (classes > rows)
    assert np.allclose(read_cells(shares.rows).sum(axis=1), 100, atol=0.3)
    if classes == rows:
        missing = read_cells(points.rows).sum()
        assert missing == pytest.approx(100 * report.ledger.missing, abs=0.2)
        recall = [entry.intersection / entry.truth_pixels for entry in gallery.score.per_class]
        assert np.allclose(np.diag(read_cells(shares.rows)), 100 * np.array(recall), atol=0.01)


@pytest.mark.parametrize(("classes", "is_dense"), [(12, False), (13, True)])
def test_cells_are_as_wide_as_their_numbers(classes, is_dense):
    masks = scene(1, samples=6, height=24, width=30, classes=classes)
    predictions = noisy(masks, 2, share=0.4, classes=classes)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=classes)
    view = describe_confusion(report, build_gallery(report, 0))
    for heat_map in (view.points, view.shares):
        assert heat_map.is_dense is is_dense
        texts = {cell.text for row in heat_map.rows for cell in row} - {""}
        assert all(("." in text) is not is_dense for text in texts)
    page = render(replace(report, gallery=build_gallery(report, 0)))
    assert ('class="heat dense"' in page) is is_dense


def test_the_histogram_counts_every_image():
    masks = scene(1, samples=40, height=12, width=18)
    report = diagnose(y_true=masks, y_pred=noisy(masks, 2, share=0.3), num_classes=3)
    images = build_gallery(report, 0).images
    bars = build_histogram(images, width=600, height=120)
    counts = [int(bar.title.rpartition(": ")[2]) for bar in bars]
    assert sum(counts) == 40
    assert max(bar.height for bar in bars) == 120
    assert images.mean_iou.mean() == pytest.approx(report.score.per_image_mean_iou)
    lowest = np.sort(images.mean_iou)[: len(images.lowest)]
    assert [score for _, _, score in images.lowest] == lowest.tolist()

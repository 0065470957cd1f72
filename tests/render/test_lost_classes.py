"""The class doctor says in one sentence what is the matter with a class whose IoU is near 0."""

from __future__ import annotations

import json

import numpy as np
import pytest
from build import scene
from jsonschema import Draft202012Validator
from run import run

import iou_doctor
from iou_doctor.render.shared.ledger_text import list_ledger_lines

VOID = 255


def make_pair():
    masks = scene(1, samples=40, height=64, width=96, classes=4)
    masks[:, :, :2] = 3  # so that no class is taken for an undeclared void label
    predictions = masks.copy()
    wrong = np.random.default_rng(2).random(masks.shape) < 0.02
    predictions[wrong] = np.random.default_rng(3).integers(0, 4, wrong.sum())
    return masks, predictions


def make_thin_lines(masks):
    thin = np.where(masks == 2, 0, masks)
    for number, image in enumerate(thin):
        image[5:60, 5 + number % 17 :: 17] = 2
    return thin


def explain(masks, predictions, **more):
    more |= {"num_classes": 4, "layout": "NHW,NHW"}
    report = iou_doctor.check(y_true=masks, y_pred=predictions, **more)
    return [text for cut, _, text in list_ledger_lines(report) if cut == "by class"]


def never_predict(masks, predictions):
    return masks, np.where(predictions == 2, 0, predictions)


def leave_out_of_masks(masks, predictions):
    return np.where(masks == 2, 0, masks), predictions


def put_under_void(masks, predictions):
    return np.where(masks == 2, VOID, masks), predictions


def keep_in_one_image(masks, predictions):
    masks = masks.copy()
    masks[1:][masks[1:] == 2] = 0
    return never_predict(masks, predictions)


def alarm_everywhere(masks, predictions):
    masks = np.where(masks == 2, 0, masks)
    masks[:, 10:12, 10:12] = 2
    predictions = np.where(masks == 2, 2, predictions)
    predictions[:, ::2, 2:][masks[:, ::2, 2:] == 0] = 2
    return masks, predictions


def enlarge(masks, _):
    thin = make_thin_lines(masks)
    return thin, thin[:, 4::8, 4::8].repeat(8, 1).repeat(8, 2)


def miss_in_several_ways(masks, predictions):
    dice = np.random.default_rng(5).random(masks.shape)
    other = np.select([dice < 0.4, dice < 0.7, dice < 0.95], [0, 1, 3], 2)
    return masks, np.where(masks == 2, other, np.where(predictions == 2, 0, predictions))


def alarm_in_several_classes(masks, predictions):
    masks, predictions = masks.copy(), masks.copy()
    masks[:, 30:, :34], masks[:, 30:, 34:66], masks[:, 30:, 66:] = 0, 1, 3
    masks[:, 31:33, 10:12] = 2
    predictions[:, 30:] = 2
    return masks, predictions


def shrink(masks, _):
    thin = make_thin_lines(masks)
    return thin, thin[:, 4::8, 4::8]


CASES = {
    never_predict: "class 2 is never predicted: 9?.? % of it is predicted as class 0",
    leave_out_of_masks: "class 2 is in no mask, but is predicted on ??,??? pixels and therefore"
    " counts as 0",
    put_under_void: "class 2 is in no mask, and 9?.? % of the ??,??? pixels predicted as it lie on"
    " void; for the others it counts as 0",
    keep_in_one_image: "class 2 is never predicted: 9?.? % of it is predicted as class 0; only 1 of"
    " 40 images has it",
    alarm_everywhere: "class 2 has an IoU of 0.00??: 9?.? % of the pixels predicted as it are class"
    " 0 in the masks",
    miss_in_several_ways: "class 2 has an IoU of 0.0???: 9?.? % of it is missed, most often as"
    " class 0 (??.? %)",
    alarm_in_several_classes: "class 2 has an IoU of 0.0???: 9?.? % of the pixels predicted as it"
    " are wrong, most often class 0 (3?.? %)",
    enlarge: "class 2 has an IoU of 0.0???: predictions consist of cells of 8 × 8 pixels, in which"
    " it can reach about 0.1? at best",
    shrink: "class 2 has an IoU of 0.0???: predictions consist of cells of 8 × 8 pixels, in which"
    " it can reach about 0.1? at best",
}


@pytest.mark.parametrize("change", CASES, ids=lambda change: change.__name__)
def test_the_sentence_names_what_the_class_is_lost_by(change):
    masks, predictions = change(*make_pair())
    void = VOID if VOID in masks else None
    (text,) = explain(masks, predictions, ignore_index=void)[:1]
    hidden = "".join(
        "?" if sign == "?" else own for own, sign in zip(text, CASES[change], strict=False)
    )
    assert hidden + text[len(hidden) :] == CASES[change]


def test_after_a_repair_it_is_of_the_repaired_arrays():
    masks, predictions = never_predict(*make_pair())
    texts = [explain(masks, one) for one in (predictions, predictions[:, ::-1])]
    assert texts[0] == texts[1] != []


def test_the_json_has_the_facts(tmp_path):
    for name, labels in zip(("masks", "preds"), put_under_void(*make_pair()), strict=True):
        np.save(tmp_path / f"{name}.npy", labels)
    words = ("check", "preds.npy", "masks.npy", "-n", "4", "--ignore-index", str(VOID))
    document = json.loads(run(*words, "--output-format", "json", cwd=tmp_path).stdout)
    Draft202012Validator(json.loads(run("schema").stdout)).validate(document)
    (lost,) = document["ledger"]["lost_classes"]
    assert (lost["id"], lost["truth_pixels"], lost["images"]) == (2, 0, 0)
    assert lost["missed_as"] is None
    assert lost["void_pixels"] > 5 * lost["predicted_pixels"] > 0
    assert lost["alarms_of"]["label"] == 0

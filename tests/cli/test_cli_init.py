"""The configuration file that `iou-doctor init` writes, and what later checks make of it."""

from __future__ import annotations

import json
import os
import tomllib

import jsonschema
import numpy as np
import pytest
from cli.projects import check, list_codes
from run import run

from iou_doctor.config.validate import build_json_schema


def test_init_writes_the_interpretation_and_never_over_a_file(project):
    done = run("init", "preds.npy", "masks.npy", cwd=project)
    assert done.returncode == 0
    text = (project / "iou-doctor.toml").read_text("utf-8")
    assert "num-classes = 3" in text
    assert 'masks-encoding = "labels"' in text
    assert list_codes(check(cwd=project)) == ["IOU606"]
    again = run("init", "preds.npy", "masks.npy", cwd=project)
    assert (again.returncode, again.stdout) == (2, "")
    assert "--overwrite" in again.stderr
    assert run("init", "preds.npy", "masks.npy", "--overwrite", cwd=project).returncode == 0
    shown = run("init", "preds.npy", "masks.npy", "--output", "-", cwd=project)
    assert shown.stdout == text


def test_init_keeps_a_link_and_leaves_nothing_of_a_file_that_toml_cannot_hold(project):
    (project / "real.toml").write_text("")
    (project / "link.toml").symlink_to("real.toml")
    words = ("masks.npy", "--overwrite", "--output", "link.toml")
    assert run("init", "preds.npy", *words, cwd=project).returncode == 0
    assert (project / "link.toml").is_symlink()
    text = (project / "real.toml").read_text("utf-8")
    assert "num-classes = 3" in text
    name = os.fsdecode(b"pr\xff.npy")
    (project / "preds.npy").rename(project / name)
    done = run("init", name, *words, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert "TOML cannot hold a path that is not UTF-8" in done.stderr
    assert (project / "real.toml").read_text("utf-8") == text
    assert not list(project.glob(".*"))


@pytest.mark.parametrize("name", ["masks.npy", "link", "folder/new.toml"])
def test_init_does_not_write_over_an_input(project, name):
    (project / "link").symlink_to("preds.npy")
    before = (project / "masks.npy").read_bytes(), (project / "preds.npy").read_bytes()
    predictions = "preds.npy"
    if "/" in name:
        (project / "folder").mkdir()
        predictions = "folder"
    done = run("init", predictions, "masks.npy", "--overwrite", "--output", name, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert "which is never changed; name another file" in done.stderr
    assert ((project / "masks.npy").read_bytes(), (project / "preds.npy").read_bytes()) == before


@pytest.mark.parametrize("name", ["a" * 300, "no/such/folder/a", "."])
def test_init_refuses_a_place_where_no_file_can_be(project, name):
    done = run("init", "preds.npy", "masks.npy", "--output", name, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_init_writes_a_name_as_long_as_names_can_be(project):
    name = "a" * 250 + ".toml"
    assert run("init", "preds.npy", "masks.npy", "--output", name, cwd=project).returncode == 0
    assert (project / name).exists()


def test_a_different_interpretation_is_found_beside_its_cause(project):
    run("init", "preds.npy", "masks.npy", cwd=project)
    labels = np.load(project / "preds.npy")
    np.save(project / "preds.npy", np.eye(3, dtype=np.float32)[labels] * 0.7 + 0.1)
    report = check(cwd=project)
    assert report["verdict"]["primary"] == "unargmaxed-probabilities"
    assert {"IOU109", "IOU201"} <= set(list_codes(report))
    (drift,) = [f for f in report["findings"] if f["code"] == "IOU109"]
    assert drift["facts"] == {
        "predictions.encoding": {"configuration": "labels", "now": "probabilities"}
    }


def test_another_number_of_classes_than_expected_is_found(project):
    run("init", "preds.npy", "masks.npy", cwd=project)
    assert "IOU109" in list_codes(check("-n", "5", cwd=project))


def test_init_proposes_the_void_label(project):
    masks = np.load(project / "masks.npy")
    masks[:, :3] = 255
    np.save(project / "masks.npy", masks)
    run("init", "preds.npy", "masks.npy", cwd=project)
    assert check(cwd=project)["reading"]["ignore_index"] == 255


def test_init_records_faulty_arrays_but_warns(project):
    masks = np.load(project / "masks.npy")
    np.save(project / "masks.npy", np.eye(3, dtype=np.uint8)[masks])
    done = run("init", "preds.npy", "masks.npy", cwd=project)
    assert done.returncode == 0
    assert "these arrays have a fault (IOU302 one-hot-masks)" in done.stderr
    text = (project / "iou-doctor.toml").read_text("utf-8")
    assert 'masks-encoding = "one-hot"\nmasks-class-axis = -1\n' in text


def test_what_init_writes_fits_the_published_schema(project):
    done = run("schema", "config")
    schema = json.loads(done.stdout)
    assert schema == build_json_schema()
    run("init", "preds.npy", "masks.npy", cwd=project)
    text = (project / "iou-doctor.toml").read_text("utf-8")
    jsonschema.validate(tomllib.loads(text), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"num-clases": 3}, schema)
    entries = schema["$defs"]["NamedCheck"]
    assert {"name", "predictions", "masks"} == set(entries["required"])
    assert all(entry["description"] for entry in entries["properties"].values())

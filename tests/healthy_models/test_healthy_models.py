"""A slice of the healthy models; `python -m healthy_models` saves and examines all kinds."""

from __future__ import annotations

import re

import pytest
from run import ROOT

pytest.importorskip("tensorflow")
from healthy_models.kinds import KINDS, examine

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras and its converters warn as they save
SLICE = {
    *("tf.cond", "tf.while_loop", "tf.map_fn", "custom gradient", "fake quantisation", "strings"),
    *("tf.image.resize", "tf.data", "decoded images", "variables", "vocabulary in a file"),
    *("several signatures", "TensorFlow 1 with a training", "TensorFlow 1 with several shards"),
}
"""Kinds that are saved in less than a second each."""
NETWORKS = {"U-Net, transposed convolution", "vision transformer", "keras.ops", "nested models"}
"""Kinds that take several seconds, because they are saved in five ways."""


@pytest.mark.parametrize("kind", sorted(SLICE))
def test_a_healthy_model_is_not_refused(tmp_path, kind):
    assert [(file, why) for file, why in examine(kind, tmp_path) if why] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(NETWORKS))
def test_a_healthy_network_is_not_refused(tmp_path, kind):
    assert [(file, why) for file, why in examine(kind, tmp_path) if why] == []


def test_the_documentation_lists_every_kind():
    page = (ROOT / "docs/model_safety.md").read_text(encoding="utf-8")
    section = page.split("## Models that are not refused")[1]
    listed = {line.removeprefix("- ") for line in section.splitlines() if line.startswith("- ")}
    assert len(KINDS) >= 60
    assert {name for entry in listed for name in re.split("; ", entry)} == set(KINDS)

"""Checks as the commands that run them."""

from __future__ import annotations

import shlex

import pytest
from run import ROOT, run

from iou_doctor.arrays.interpretation import Encoding, Options
from iou_doctor.cli.spelling import conceal_secrets, spell_request
from iou_doctor.diagnosis.request import CheckRequest


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("s3://key:secret@bucket/p.npy", "s3://bucket/p.npy"),
        ("https://me:secret@host/x.h5?signature=secret::/a", "https://host/x.h5::/a"),
        ("city@https://me:secret@host/c.csv?secret", "city@https://host/c.csv"),
        ("a::b.npy", "a::b.npy"),
    ],
)
def test_the_command_holds_no_secrets(word, shown):
    assert conceal_secrets(word) == shown


def test_the_command_of_a_request_says_what_was_said_and_no_secrets():
    options = Options(num_classes=3, ignore_index=-1, masks_as=Encoding.LABELS)
    request = CheckRequest(
        predictions="https://host/my p.npy?signature=secret", masks="m.npy", options=options
    )
    assert shlex.split(spell_request(request)) == [
        *("iou-doctor", "check", "https://host/my p.npy", "m.npy"),
        *("--num-classes", "3", "--ignore-index", "-1", "--masks-as", "labels"),
    ]


def test_the_command_of_a_request_runs():
    pair = [f"sample_data/healthy/{name}.npy" for name in ("preds", "masks")]
    options = Options(num_classes=3, ignore_index=-1)
    request = CheckRequest(predictions=pair[0], masks=pair[1], options=options)
    words = shlex.split(spell_request(request))[1:]
    assert run(*words, "--no-config", "-q", cwd=ROOT).returncode == 0

"""What is shown of an address holds no password and no signature."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iou_doctor.errors import SourceError
from iou_doctor.safety.safe_text import scrub
from iou_doctor.sources.files.remote.address import conceal, is_remote, reveal
from iou_doctor.sources.source_errors import translate_errors

WORDS = st.text("abcXYZ019-._~%", max_size=8)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("s3://bucket/a.npy", "s3://bucket/a.npy"),
        ("s3://bucket/what?.npy", "s3://bucket/what?.npy"),
        ("s3://KEY:SECRET@bucket/a.npy", "s3://bucket/a.npy'"),
        ("https://host/a.npy?sig=SECRET", "https://host/a.npy"),
        ("https://user:SECRET@host:8080/a.npy#SECRET", "https://host:8080/a.npy"),
        ("https://host?sig=SECRET", "https://host"),
        ("https://host?sig=a/SECRET", "https://host/"),
        ("abfs://container@account.dfs.core.windows.net/a.npy",) * 2,
    ],
)
def test_what_is_shown(given, shown):
    name = conceal(given)
    assert name.rstrip("'") == shown.rstrip("'")
    assert reveal(name) == given
    assert conceal(given) == name


@given(WORDS, WORDS, WORDS)
def test_what_follows_a_question_mark_is_scrubbed(host, path, query):
    text = f"403, url='https://user:pw-{host}@h{host}/{path}?sig=SECRET{query}' failed"
    assert "SECRET" not in scrub(text)
    assert "pw-" not in scrub(text)
    assert scrub(text).endswith("' failed")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://user:p@ss@host/a", "https://host/a"),
        ("https://TOKEN@host/a", "https://host/a"),
        ("s3://KEY:SECRET@bucket/a", "s3://bucket/a"),
        ("abfs://container@account/a", "abfs://container@account/a"),
    ],
)
def test_a_password_is_scrubbed(given, shown):
    assert scrub(f"cannot reach {given} now") == f"cannot reach {shown} now"


def test_the_error_of_a_library_about_an_address_is_scrubbed():
    path = "https://host/a.zarr"
    with (
        pytest.raises(SourceError) as caught,
        translate_errors(path, OSError, why="it is damaged"),
    ):
        raise OSError(f"404, url='{path}/0?sig=SECRET'")
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_addresses_that_differ_in_what_is_not_shown_have_two_names():
    one, other = (conceal(f"https://host/get?file={name}.npy") for name in "ab")
    assert one != other
    assert [reveal(one), reveal(other)] == [f"https://host/get?file={name}.npy" for name in "ab"]


@pytest.mark.parametrize(
    ("path", "is_address"),
    [("s3://b/k", True), ("S3://b/k", True), ("C:\\a", False), ("a://b", False), ("s3:/b", False)],
)
def test_what_is_an_address(path, is_address):
    assert is_remote(path) is is_address

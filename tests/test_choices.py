from __future__ import annotations

from iou_doctor.choices import split_slices


def test_the_path_of_a_table_may_have_commas():
    words = ["folder, day@a,b.csv,size", "size", "x@1.csv,y@2,3,.csv", ","]
    assert split_slices(words) == ["folder", "day@a,b.csv", "size", "size", "x@1.csv", "y@2,3,.csv"]

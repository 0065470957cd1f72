from __future__ import annotations

import shlex

import numpy as np
import pytest
from PIL import Image

from iou_doctor.errors import SourceError, UsageError
from iou_doctor.sources.opening import open_pair, open_source


def folder_of(path, *stems):
    """A folder whose images hold the number of their stem among `stems`."""
    path.mkdir()
    for value, stem in enumerate(stems):
        Image.new("L", (1, 1), value).save(path / f"{stem}.png")
    return str(path)


def pair_of(tmp_path, true, pred):
    return open_pair(
        y_true=folder_of(tmp_path / "true", *true), y_pred=folder_of(tmp_path / "pred", *pred)
    )


def names_of(pair):
    return list(zip(pair.y_true.names, pair.y_pred.names, strict=True))


def test_equal_names_pair_in_sorted_order(tmp_path):
    pair = pair_of(tmp_path, ["b", "a", "only_true"], ["z", "a", "b"])
    assert names_of(pair) == [("a", "a"), ("b", "b")]
    assert (pair.unpaired_true, pair.unpaired_pred) == (("only_true",), ("z",))
    assert pair.dropped_parts == ()
    assert pair.y_true.read(()).ravel().tolist() == [1, 0]
    assert pair.y_pred.read(()).ravel().tolist() == [1, 2]


@pytest.mark.parametrize(
    ("true", "pred", "dropped"),
    [
        ("x_mask", "x", ("_mask",)),
        ("x", "x_pred", ("_pred",)),
        ("x-gt", "x-pred", ("-gt", "-pred")),
        ("x_masks", "x_preds", ("_masks", "_preds")),
        ("x_label", "x_prediction", ("_label", "_prediction")),
        ("x_labels", "x_output", ("_labels", "_output")),
        ("x_target", "x_out", ("_out", "_target")),
        ("x_GT", "x_Pred", ("_GT", "_Pred")),
        ("x_seg", "x_segmentation", ("_seg", "_segmentation")),
        ("x_labelIds", "x_labelTrainIds", ("_labelIds", "_labelTrainIds")),
        ("x_gtFine_labelIds", "x_leftImg8bit", ("_gtFine_labelIds", "_leftImg8bit")),
        ("x_gtFine_labelTrainIds", "x", ("_gtFine_labelTrainIds",)),
        ("x_gtFine", "x_leftImg8bit_pred", ("_gtFine", "_leftImg8bit", "_pred")),
        ("x_mask", "x_mask_pred", ("_pred",)),
    ],
)
def test_a_usual_ending_is_dropped_and_listed(tmp_path, true, pred, dropped):
    pair = pair_of(tmp_path, [true, "y"], [pred, "y"])
    assert set(names_of(pair)) == {(true, pred), ("y", "y")}
    assert pair.dropped_parts == dropped
    assert (pair.unpaired_true, pair.unpaired_pred) == ((), ())


def test_pairs_are_sorted_by_the_names_of_the_masks(tmp_path):
    pair = pair_of(tmp_path, ["a_mask", "b", "c_mask"], ["c", "b_out", "a_pred"])
    assert names_of(pair) == [("a_mask", "a_pred"), ("b", "b_out"), ("c_mask", "c")]
    assert pair.y_pred.read(()).ravel().tolist() == [2, 1, 0]


def test_names_that_differ_in_capital_letters_pair(tmp_path):
    pair = pair_of(tmp_path, ["ab_Mask", "cd_Mask", "E"], ["AB", "Cd", "e"])
    assert names_of(pair) == [("E", "e"), ("ab_Mask", "AB"), ("cd_Mask", "Cd")]
    assert pair.dropped_parts == ("_mask", "capital letters")


def test_an_ending_that_leaves_two_partners_is_kept(tmp_path):
    pair = pair_of(tmp_path, ["x_mask", "x_gt", "y"], ["x", "y"])
    assert names_of(pair) == [("y", "y")]
    assert (pair.unpaired_true, pair.unpaired_pred) == (("x_gt", "x_mask"), ("x",))


def test_as_few_endings_as_possible_are_dropped(tmp_path):
    pair = pair_of(tmp_path, ["x_mask", "x_gt"], ["x_mask_pred", "x_gt_pred"])
    assert names_of(pair) == [("x_gt", "x_gt_pred"), ("x_mask", "x_mask_pred")]
    assert pair.dropped_parts == ("_pred",)


def test_a_name_that_is_all_ending_is_kept(tmp_path):
    pair = pair_of(tmp_path, ["_mask", "a"], ["_pred", "a"])
    assert names_of(pair) == [("a", "a")]


def test_the_sizes_of_unpaired_images_do_not_count(tmp_path):
    true = folder_of(tmp_path / "true", "a", "b")
    Image.new("L", (5, 5)).save(tmp_path / "true" / "c.png")
    pair = open_pair(y_true=true, y_pred=folder_of(tmp_path / "pred", "a", "b"))
    assert pair.y_true.shape == (2, 1, 1)


def test_no_partner_at_all_is_refused_with_examples(tmp_path):
    with pytest.raises(SourceError) as caught:
        pair_of(tmp_path, ["a1", "a2", "a3", "a4"], ["b7"])
    assert str(caught.value) == (
        f"cannot read `{tmp_path / 'pred'}`: none of its names (`b7`) pairs with one of "
        f"`{tmp_path / 'true'}` (`a1`, `a2`, `a3`, …); give partners the same names"
    )


def test_two_single_images_pair_whatever_their_names_are(tmp_path):
    folder_of(tmp_path / "x", "truth", "guess")
    pair = open_pair(y_true=f"{tmp_path}/x/truth.png", y_pred=f"{tmp_path}/x/guess.png")
    assert names_of(pair) == [("truth", "guess")]


def test_a_single_image_beside_a_folder_pairs_by_name(tmp_path):
    folder = folder_of(tmp_path / "x", "a", "b")
    pair = open_pair(y_true=folder, y_pred=f"{folder}/b.png")
    assert names_of(pair) == [("b", "b")]
    assert pair.unpaired_true == ("a",)


def test_a_folder_beside_an_array_pairs_by_order(tmp_path):
    np.save(tmp_path / "p.npy", np.zeros((2, 1, 1)))
    pair = open_pair(y_true=folder_of(tmp_path / "x", "a", "b"), y_pred=f"{tmp_path}/p.npy")
    assert (pair.y_true.names, pair.y_pred.names) == (("a", "b"), None)
    assert (pair.unpaired_true, pair.unpaired_pred, pair.dropped_parts) == ((), (), ())


def test_two_arrays_pair_as_they_are(tmp_path):
    np.save(tmp_path / "t.npy", np.zeros(3))
    np.savez(tmp_path / "p.npz", np.zeros(3))
    pair = open_pair(y_true=f"{tmp_path}/t.npy", y_pred=f"{tmp_path}/p.npz")
    assert (pair.y_true.format, pair.y_pred.format) == ("npy", "npz")


def test_files_of_other_formats_are_left_out_and_listed(tmp_path):
    true = folder_of(tmp_path / "true", "a", "b")
    np.save(tmp_path / "true" / "scores.npy", np.zeros(3))
    pair = open_pair(y_true=true, y_pred=folder_of(tmp_path / "pred", "a", "b"))
    (note,) = pair.assumed
    assert (note.field, note.value) == ("masks.files", ".png")
    assert note.why == "most files of the folder; not read: .npy"


@pytest.mark.parametrize("word", ["x'; touch it; '", "$(touch it)", "[1]"])
def test_a_pattern_to_paste_is_one_word_and_matches_only_its_files(tmp_path, word):
    stems = [f"{number}_{ending}" for number in range(3) for ending in (f"b{word}", "gt")]
    folder = folder_of(tmp_path / f"a{word}", *stems)
    with pytest.raises(UsageError) as error:
        open_pair(y_true=folder, y_pred=folder)
    words = shlex.split(str(error.value).partition("patterns: ")[2])
    assert words.pop(1) == "and"
    assert [len(open_source(pattern).names) for pattern in words] == [3, 3]

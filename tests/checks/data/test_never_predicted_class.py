from build import diagnose, errors, found, names

from iou_doctor.arrays.model import ModelFacts


def test_a_class_of_the_masks_without_predictions():
    report = diagnose(y_true=[[[0, 1, 2, 0]]], y_pred=[[[0, 1, 1, 0]]], num_classes=3)
    finding = found(report, "never-predicted-class")
    assert finding.facts == {"classes": [2], "pixels": 1}
    assert "class 2 (25 % of the pixels)" in finding.message
    assert errors(report) == []


def test_class_names_are_used():
    report = diagnose(
        y_true=[[[0, 1]]], y_pred=[[[0, 0]]], num_classes=2, class_names=("road", "car")
    )
    assert "class car" in found(report, "never-predicted-class").message


def test_a_class_that_is_absent_from_the_masks_too_passes():
    report = diagnose(y_true=[[[0, 1, 1, 0]]], y_pred=[[[0, 1, 1, 0]]], num_classes=3)
    assert names(report) == ["absent-class"]


def test_several_classes_are_named_together():
    report = diagnose(y_true=[[[0, 1, 2, 0]]], y_pred=[[[0, 0, 0, 0]]], num_classes=3)
    assert found(report, "never-predicted-class").message == (
        "classes 1 and 2 (50 % of the pixels) are never predicted:"
        " the IoU is 0 for 2 of the 3 classes in the mean"
    )


def test_images_that_may_be_scaled_twice_are_named():
    arrays = {"y_true": [[[0, 1]]], "y_pred": [[[0, 0]]], "num_classes": 2}
    twice = ModelFacts("Keras model", "head", is_scaled=True, scaling_layer="rescaling")
    helps = found(diagnose(**arrays, model=twice), "never-predicted-class").help
    assert helps.startswith("leave out --input-scale: the model scales its images itself")
    unknown = ModelFacts("SavedModel", "head", is_scaled=True)
    helps = found(diagnose(**arrays, model=unknown), "never-predicted-class").help
    assert helps.startswith("try it without --input-scale")
    plain = ModelFacts("Keras model", "head", scaling_layer="rescaling")
    helps = found(diagnose(**arrays, model=plain), "never-predicted-class").help
    assert "--input-scale" not in helps


def test_the_help_says_what_is_predicted_instead():
    report = diagnose(y_true=[[[0, 1, 2, 2]]], y_pred=[[[0, 1, 1, 1]]], num_classes=3)
    helps = found(report, "never-predicted-class").help
    assert helps.startswith("class 2 is mostly predicted as 1; the arrays do not show why: ")

"""A call in any surrounding: what stands around it, what names stand for, and what is refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from build import diagnose
from hypothesis import example, given
from hypothesis import strategies as st

from iou_doctor.errors import UsageError
from iou_doctor.metrics.calls.parse_call import parse_call
from iou_doctor.metrics.registry import list_signatures

SIGNATURES = list_signatures()
KERAS = "keras.metrics.MeanIoU"
JACCARD = "torchmetrics.classification.JaccardIndex"
SCRIPT = """\
import tensorflow as tf
import segmentation_models_pytorch as smp
from tensorflow.keras import metrics
from torchmetrics import JaccardIndex as JI
NUM_CLASSES = 3
CLASSES = ["sky", "road", "tree"]
class CFG:
    classes = 4
    ignore = 255
class MyIoU(tf.keras.metrics.MeanIoU):
    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(y_true, tf.argmax(y_pred, -1))
def build(model):
    model.compile(
        optimizer="adam",
        metrics=["accuracy", metrics.MeanIoU(num_classes=NUM_CLASSES + 1)],
    )
iou = JI(task="multiclass", num_classes=len(CLASSES), ignore_index=CFG.ignore)
own = MyIoU(num_classes=CFG.classes)
tp, fp, fn, tn = smp.metrics.get_stats(o, m, mode="multiclass", num_classes=7)
score = smp.metrics.iou_score(tp, fp, fn, tn, reduction="micro")
"""


def parse(text, **options):
    return parse_call(text, SIGNATURES, options)


def refusal(text, **options):
    with pytest.raises(UsageError) as caught:
        parse(text, **options)
    message = str(caught.value)
    assert len(message) <= 300
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("text", "name", "call"),
    [
        ("metrics=[tf.keras.metrics.MeanIoU(3)]", KERAS, "tf.keras.metrics.MeanIoU(3)"),
        ("metrics=['accuracy', MeanIoU(3)],", KERAS, "MeanIoU(3)"),
        ("loss='mse', metrics=[MeanIoU(3)]", KERAS, "MeanIoU(3)"),
        ("'miou': MeanIoU(3),", KERAS, "MeanIoU(3)"),
        ("metrics={'a': MeanIoU(3)}", KERAS, "MeanIoU(3)"),
        ("self.miou = MeanIoU(3)", KERAS, "MeanIoU(3)"),
        ("miou: Metric = MeanIoU(3)", KERAS, "MeanIoU(3)"),
        ("return MeanIoU(3)", KERAS, "MeanIoU(3)"),
        (">>> m = MeanIoU(3)", KERAS, "MeanIoU(3)"),
        ("m = MeanIoU(\n    3,  # classes\n)", KERAS, "MeanIoU(3)"),
        ("m = MeanIoU(3)\nm.update_state(y, p)\nprint(m.result().numpy())", KERAS, "MeanIoU(3)"),
        ("MeanIoU(3).update_state(y, p)", KERAS, "MeanIoU(3).update_state(y, p)"),
        ("MeanIoU(3)(y, p)", KERAS, "MeanIoU(3)(y, p)"),
        ("model.compile(metrics=[MeanIoU(3)],", KERAS, "MeanIoU(3)"),
        ("    metrics=[MeanIoU(3)])", KERAS, "MeanIoU(3)"),
        ("lambda: MeanIoU(3)", KERAS, "MeanIoU(3)"),
        ("for m in (MeanIoU(3),): m.reset_state()", KERAS, "MeanIoU(3)"),
        (
            "MetricCollection({'iou': JaccardIndex('binary')}).to(device)",
            JACCARD,
            "JaccardIndex('binary')",
        ),
        ("torchmetrics.JaccardIndex(task='binary').to(dev)(p, t)", JACCARD, None),
        ("dict(type='mmseg.IoUMetric')", "mmseg.evaluation.IoUMetric", None),
        ("val_evaluator = {'type': 'IoUMetric'}", "mmseg.evaluation.IoUMetric",
         "{'type': 'IoUMetric'}"),
        ("evaluation = dict(interval=1, metric=['mIoU', 'mDice'])", "mmseg.evaluation.IoUMetric",
         "dict(interval=1, metric=['mIoU', 'mDice'])"),
        ("evaluate.load('mean_iou')", "evaluate.mean_iou", None),
        ("m = load_metric('mean_iou')\nm.compute(num_labels=3)", "evaluate.mean_iou",
         "m.compute(num_labels=3)"),
        ("iou, op = tf.metrics.mean_iou(y, p, 3)", "tensorflow.compat.v1.metrics.mean_iou",
         "tf.metrics.mean_iou(y, p, 3)"),
        ("metrics=partial(foreground_acc, bkg_idx=1)", "fastai.metrics.foreground_acc",
         "partial(foreground_acc, bkg_idx=1)"),
        ("    from keras.metrics import MeanIoU\n    m = MeanIoU(3)", KERAS, "MeanIoU(3)"),
        ("m = MeanIoU(3)\n    m.update_state(y, p)", KERAS, "MeanIoU(3)"),
        ("print(f'{MeanIoU(3)(y, p):.4f}')", KERAS, "MeanIoU(3)(y, p)"),
        ("{'_target_': 'torchmetrics.JaccardIndex', 'task': 'binary'}", JACCARD, None),
        ("- _target_: torchmetrics.JaccardIndex\n  task: binary  # 2\n- _target_: my.Loss", JACCARD,
         "torchmetrics.JaccardIndex(task='binary')"),
        ("iou: {_target_: torchmetrics.JaccardIndex, task: binary}", JACCARD, None),
        ("import torchmetrics as tm\niou = tm.JaccardIndex(task='binary')", JACCARD,
         "tm.JaccardIndex(task='binary')"),
        ("e = Evaluator(3)\ne.add_batch(t, p)\nmiou = e.Mean_Intersection_over_Union()",
         "scripts.Evaluator", "e.Mean_Intersection_over_Union()"),
        ("self.m = SegmentationMetric(3)\nacc, miou = self.m.get()",
         "scripts.SegmentationMetric", "self.m.get()"),
        ("from metrics import StreamSegMetrics\nm = StreamSegMetrics(3)",
         "scripts.StreamSegMetrics", "StreamSegMetrics(3)"),
        ("F1Score(num_classes=3, task='multiclass')", "torchmetrics.classification.F1Score", None),
        ("skm.jaccard_score(t, p, average='micro')", "sklearn.metrics.jaccard_score", None),
        ("compute_dice(p, t, include_background=False)", "monai.metrics.compute_dice", None),
        ("from monai.metrics import compute_iou\ncompute_iou(p, t)", "monai.metrics.compute_iou",
         "compute_iou(p, t)"),
        ("intersectionAndUnionGPU(o, t, args.classes)", "scripts.intersectionAndUnionGPU", None),
        ("$ nnUNetv2_evaluate_simple a b -l 1 2 -il 9",
         "nnunetv2.evaluation.evaluate_predictions.compute_metrics_on_folder_simple", None),
    ],
)  # fmt: skip
def test_a_call_is_found(text, name, call):
    found = parse(text)
    assert found.signature.name == name
    assert found.text == (call or text)


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("N = 5\nm = MeanIoU(N)", 5),
        ("MeanIoU(num_classes=2 + 1)", 3),
        ("names = ['a', 'b']\nMeanIoU(num_classes=len(names) + 1)", 3),
        ("A = B = 4\nMeanIoU(A)", 4),
        ("N, M = 3, 4\nMeanIoU(M)", 4),
        ("MeanIoU(num_classes=NUM_CLASSES)", 7),  # as the option says
        ("MeanIoU(num_classes=cfg.data.classes)", 7),
        ("N = 3\nN = 4\nMeanIoU(N)", 7),  # which of the two is not known
        ("N = N\nMeanIoU(N)", 7),
    ],
)
def test_names_stand_for_what_the_code_or_an_option_says(text, classes):
    assert parse(text, num_classes=7).arguments["num_classes"] == classes


@pytest.mark.parametrize(
    "text",
    [
        "options = dict(num_classes=3, ignore_class=255)\nMeanIoU(**options)",
        "options = {'ignore_class': 255}\nMeanIoU(num_classes=3, **options)",
        "MeanIoU(**{'num_classes': 3, 'ignore_class': 255})",
        "_target_: keras.metrics.MeanIoU\nnum_classes: 3\nignore_class: 255",
        "- num_classes: 3\n  _target_: keras.metrics.MeanIoU\n\n  # a\n  ignore_class: 255\n- a: 4",
    ],
)
def test_options_that_the_code_explains_are_filled_in(text):
    arguments = parse(text).arguments
    assert (arguments["num_classes"], arguments["ignore_class"]) == (3, 255)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("target_class_ids: [0, 1]", {"target_class_ids": [0, 1]}),
        ("target_class_ids:\n  - 0\n  - 1", {"target_class_ids": [0, 1]}),
        ("target_class_ids: [0]\nignore_class: -1", {"ignore_class": -1}),
        ("target_class_ids:\n  - 0\nsparse_y_pred: false", {"sparse_y_pred": False}),
    ],
)
def test_values_of_a_configuration_are_read(entries, expected):
    lines = f"num_classes: 3\n{entries}\n_target_: keras.metrics.IoU".splitlines()
    arguments = parse("\n".join(f"  {line}" for line in lines)).arguments
    assert {key: arguments[key] for key in expected} == expected


def test_words_of_a_configuration_in_one_line_are_read():
    text = "{_target_: monai.metrics.DiceMetric, _partial_: true, include_background: false}"
    assert parse(text).arguments["include_background"] is False


def test_aliases_in_a_configuration_are_not_followed():
    text = "a: &a {_target_: keras.metrics.MeanIoU, num_classes: 3}\nb: [*a, *a]"
    with pytest.raises(UsageError):
        parse(text)


def test_a_configuration_without_pyyaml_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(UsageError, match=r"iou-doctor\[yaml\]"):
        parse("_target_: keras.metrics.MeanIoU\nnum_classes: 3")


def test_a_mapping_nested_in_the_arguments_of_a_configuration_is_no_list():
    text = "_target_: keras.metrics.IoU\nnum_classes: 3\ntarget_class_ids:\n  of: 3"
    assert parse(text).arguments["target_class_ids"] == "{'of': 3}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("class MeanIoU(tf.keras.metrics.MeanIoU): ...\nMeanIoU(3)",
         "a class of your own, derived from keras.metrics.MeanIoU: name the base"),
        ("class MeanIoU(tf.keras.metrics.Metric): ...\nMeanIoU(3)",
         "is a class of your own, which iou-doctor does not run"),
        ("def jaccard_score(a, b): ...\njaccard_score(t, p)", "is a function of your own"),
        ("from .metrics import MeanIoU\nMeanIoU(3)", "metrics.MeanIoU is not known; did you mean"),
        ("from metrics import MeanIoU\nMeanIoU(3)", "metrics.MeanIoU is not known; did you mean"),
        ("from my.losses import JaccardIndex\nJaccardIndex(task='binary')", "is not known"),
        ("compute_iou(p, t)", "compute_iou is ambiguous; write one of: plain.mean_iou"),
        ("compute_dice(p, t, num_classes=3)", "compute_dice is ambiguous"),
    ],
)  # fmt: skip
def test_code_of_the_users_own_is_never_read_as_that_of_a_library(text, words):
    assert words in refusal(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("metrics=['accuracy', MaskMeanIoU(name='iou')]", "MaskMeanIoU is not known"),
        ("metrics=[keras.metrics.BinaryAccuracy(), MyIoU(3)]", "MyIoU is not known"),
        ("loss=DiceLoss(), metrics=['accuracy']", "accuracy is ambiguous"),
        ("GeneralizedDiceScore(reduction='mean')", "weights depend on all classes"),
    ],
)
def test_the_refusal_is_about_the_metric_that_counts_overlap(text, words):
    assert words in refusal(text)


def test_a_number_of_classes_without_a_value_is_left_to_the_arrays():
    masks = np.array([[[0, 1, 2, 2]]])
    report = diagnose(y_true=masks, y_pred=masks, metric="keras.metrics.MeanIoU(NUM_CLASSES)")
    assert report.reading.num_classes == 3
    (guess,) = [guess for guess in report.reading.assumed if guess.field == "metric"]
    assert guess.why == "num_classes=NUM_CLASSES is not known here, so the arrays tell the number"


@pytest.mark.parametrize(
    ("line", "name", "classes"),
    [
        (14, KERAS, 4),
        (16, KERAS, 4),
        (18, JACCARD, 3),
        (21, "segmentation_models_pytorch.metrics.iou_score", None),
    ],
)
def test_a_line_of_a_file_is_read(tmp_path, line, name, classes):
    file = tmp_path / "train.py"
    file.write_text(SCRIPT)
    found = parse(f"@{file}:{line}")
    assert found.signature.name == name
    assert found.arguments.get("num_classes") == classes


def test_scores_of_counts_take_the_settings_of_the_counts(tmp_path):
    file = tmp_path / "train.py"
    file.write_text(SCRIPT)
    truth = np.array([[[0, 1, 2, 2]]])
    report = diagnose(y_true=truth, y_pred=truth, metric=f"@{file}:21")
    assert report.reading.num_classes == 7


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("", "holds 3 metrics: give the line, @FILE:16 for instance (line 16 MeanIoU, line 18"),
        (":19", "MyIoU is a class of your own, derived from keras.metrics.MeanIoU: name the base"),
        (":20", "it returns counts; name the score of them"),
        (":5", "FILE:5 does not name a metric"),
        (":99", "FILE:99: the file has 22 lines"),
    ],
)
def test_what_is_no_one_metric_of_a_file(tmp_path, monkeypatch, place, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_text(SCRIPT)
    assert message in refusal(f"@FILE{place}")


def test_a_file_that_cannot_be_read_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "@none.py: No such file" in refusal("@none.py")
    (tmp_path / "notes.txt").write_text("my metric is MeanIoU of 3 classes")
    assert "@notes.txt is not Python code; give a .py file" in refusal("@notes.txt")
    (tmp_path / "latin.py").write_bytes(b"# \xe9")
    assert "@latin.py: it is not UTF-8" in refusal("@latin.py")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dice", ["plain.mean_dice", "plain.dice[foreground]", "monai.metrics.DiceMetric()"]),
        ("utils.dice(a, b)", ["torchmetrics.segmentation.DiceScore(num_classes=N)"]),
        ("mIoU", ["keras.metrics.MeanIoU(num_classes=N)", "mmseg.IoUMetric"]),
        ("metrics=['accuracy']", ["accuracy is ambiguous", "plain.pixel_accuracy"]),
        ("iou(a, b)", ["plain.iou[foreground]"]),
        (
            "metrics.mean_iou(a, b, 3)",
            ["tf.compat.v1.metrics.mean_iou(y, p, N)", "kornia.mean_iou"],
        ),
        ("mean_iou(pred, target, num_classes=3)", ["evaluate.mean_iou"]),
        ("IoU(num_classes=3)", ["keras.metrics.IoU(target_class_ids)", "torchmetrics.IoU(num_cl"]),
        ("Dice()", ["torchmetrics.Dice", "fastai.metrics.Dice"]),
        ("F1Score(num_classes=3)", ["torchmetrics.classification.F1Score(task)"]),
        ("ConfusionMatrix(3)", ["torchvision.references.segmentation.utils.ConfusionMatrix"]),
        ("dice_coef", ["dice_coef(y_true, y_pred, smooth=1) with your smooth"]),
        ("keras_cv.metrics.MeanIoU(3)", ["did you mean keras.metrics.MeanIoU"]),
        ("mylib.MeanIoU(3)", ["did you mean keras.metrics.MeanIoU"]),
        ("UpdatedMeanIoU(3)", ["class of your own", "keras.metrics.MeanIoU(3)", "sparse_y_pred"]),
        ("MeanIoU(3, ignore_class=VOID)", ["ignore_class=`VOID`", "give --ignore-index"]),
        ("tf.metrics.mean_iou(y, p, 3, weights=w)", ["leave it out, and give --ignore-index"]),
        ("metric._compute(num_labels=3, reduce_labels=True)", ["in which 0 is 255"]),
        ("tfa.metrics.F1Score(3)", ["plain.mean_dice"]),
        ("mask_iou(a, b)", ["plain.iou[foreground]"]),
        ("(a * b).sum()", ["does not name a metric"]),
        ("x" * 5000, ["is not known"]),
        (f"MeanIoU('{'y' * 5000}')", ["must be an integer"]),
        ("SegmentationMetric(3)", [".get(), .meanIntersectionOverUnion()"]),
    ],
)
def test_a_refusal_says_what_to_write(text, words):
    with pytest.raises(UsageError) as caught:
        diagnose(y_true=[[0, 1]], y_pred=[[0, 1]], metric=text)
    message = str(caught.value)
    assert len(message) <= 300
    assert "\n" not in message
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("(t * p).sum() / (t + p - t * p).sum()", "iou"),
        ("np.logical_and(t, p).sum() / np.logical_or(t, p).sum()", "iou"),
        ("iou = (p & t).sum() / ((p | t).sum() + 1e-7)", "iou"),
        ("iou = lambda t, p: np.logical_and(t, p).sum() / np.logical_or(t, p).sum()", "iou"),
        ("2 * np.sum(gt * pred) / (np.sum(gt) + np.sum(pred))", "dice"),
        ("(2. * (p & t).float().sum() + 1) / (p.sum() + t.sum() + 1)", "dice"),
        ("(y_true * y_pred).sum() / y_true.sum()", "recall"),
        ("(y_true * y_pred).sum() / y_pred.sum()", "precision"),
        ("(pred == mask).mean()", "pixel_accuracy"),
        ("np.sum(pred == mask) / np.sum(mask == mask)", "pixel_accuracy"),
    ],
)
def test_a_formula_is_recognised(text, ratio):
    truth, predicted = (np.array([[[0, 1, 1, 0, 1, 1]]]), np.array([[[0, 1, 0, 1, 1, 0]]]))
    metric = diagnose(y_true=truth, y_pred=predicted, metric=text).metric
    both, areas, size = 2, 4 + 3, 6
    smooth = 1 if "+ 1)" in text else 0
    expected = {
        "iou": both / (areas - both),
        "dice": (2 * both + smooth) / (areas + smooth),
        "recall": both / 4,
        "precision": both / 3,
        "pixel_accuracy": 3 / size,
    }
    assert metric.name.partition(".")[2] == ratio
    assert metric.value == pytest.approx(expected[ratio], abs=1e-6)


@given(st.text(max_size=60))
@example("0\x1b" + "\U0002ebe1" * 40)  # each takes ten characters when it is written out
def test_any_text_is_read_or_refused_in_one_short_line(text):
    message = ""
    try:
        parse(text)
    except UsageError as error:
        message = str(error)
    assert len(message) <= 300
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("MeanIoU(num_classes=3, ignore_class=1, **{'ignore_class': 2})", "ignore_class twice"),
        ("o = {'ignore_class': 255, **more}\nMeanIoU(num_classes=3, **o)", "in place of `**more`"),
    ],
)
def test_what_is_given_twice_or_hidden_is_refused(text, words):
    assert words in refusal(text)

"""A contract: what one implementation computes, as a record of named choices.

Two contracts can be compared choice by choice, which is how the doctor finds out why two libraries
report different numbers. The values of the enumerations are the words of the report.
"""

from __future__ import annotations

from enum import StrEnum

from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.metrics.input_spec import InputSpec
from iou_doctor.metrics.sharding import Sharding
from iou_doctor.record import record


class Floats(StrEnum):
    """What an implementation does with predictions that are scores."""

    TRUNCATED = "cast to integers, toward zero"
    READ = "argmaxed, or thresholded"
    THRESHOLDED = "thresholded"
    ALL_FOREGROUND = "argmaxed (over one channel: every pixel is foreground)"
    COMPARED = "compared with the labels unchanged"
    EXACT = "a class only where they equal its id"
    SOFT = "summed unchanged"
    SQUARED = "squared for the areas, unchanged for the intersection"
    ABOVE = "foreground above the threshold"
    NON_ZERO = "foreground where they are not 0"
    NOT_0 = "foreground unless they are exactly 0"
    REFUSED = "refused unless they are whole numbers; channels are argmaxed first"
    SCORES_REFUSED = "refused, also as channels"


class Sigmoid(StrEnum):
    """When scores outside [0, 1] are taken for logits."""

    NEVER = "never"
    BY_UPDATE = "by each update that holds a score outside [0, 1]"


class Stray(StrEnum):
    """What an implementation does with a pixel whose label is outside the classes."""

    DROPPED = "dropped"
    OTHER_SIDE = "counted for the class on the other side"
    RAISES = "refused with an error"
    WRAPS = "counted in a wrong cell"
    OWN_CLASS = "a class of its own"
    AS_NUMBER = "counted as a number"
    OBJECT = "foreground, as is every label but 0"
    NOT_1 = "background, if there are at most two labels and one of two is 1"


class Wrap(StrEnum):
    """How a script numbers the cells of its matrix; C is the number of classes."""

    TRUTH_MAJOR = "C * truth + prediction"
    PREDICTION_MAJOR = "C * prediction + truth"
    WITH_VOID = "(C + 1) * prediction + truth"


class Ignored(StrEnum):
    """What an implementation does with the ignore label."""

    NO_OPTION = "not supported"
    CLASS_STAYS = "its pixels are left out, its class stays in the mean"
    CLASS_LEAVES = "its pixels are left out, and its class leaves the mean"
    OUTSIDE_ONLY = "its pixels are left out (it must lie outside the classes)"
    BELOW_0_TOO = "its pixels are left out, and so are those below 0"
    IS_255 = "pixels labelled 255 are left out, whatever was declared"
    INSIDE_ONLY = "its pixels are left out (it must be a class)"
    CLASS_CLEARED = "its pixels stay, its class is cleared on both sides"
    MEAN_ONLY = "its pixels stay, its class leaves the mean"
    MEAN_ONLY_INSIDE = "its pixels stay, its class leaves the mean; it must be a class"


class Absent(StrEnum):
    """The ratio of a class that has no pixel."""

    SKIPPED = "left out where it is in neither array"
    SKIPPED_UNLABELLED = "left out where it is not in the masks"
    SKIPPED_MISSED = "left out where none of its pixels is correct"
    ZERO = "counts as 0"
    ONE = "counts as 1"
    NAN = "NaN, and so is the mean"


class Group(StrEnum):
    """The pixels from which one ratio is computed."""

    DATA_SET = "the data set"
    IMAGE = "each image"
    BATCH = "each batch"


class Average(StrEnum):
    """How ratios become one number."""

    CLASSES = "the mean over classes"
    PAIRS = "the mean over all pairs of image and class"
    CLASS_MEANS = "the mean over classes of each class's mean over images"
    LABELLED = "an absent class: left out where it is not in the masks"
    POOLED = "classes pooled before the division"
    WEIGHTED = "classes weighted by their true pixels"
    FOREGROUND = "class 1 alone"
    PER_CLASS = "one number for each class"
    ACCURACY = "correct pixels over all pixels"


class Counting(StrEnum):
    """The type of number in which pixels are counted."""

    EXACT = "int64"
    STOPS = "float32"
    """A cell that is incremented by one stops at 2**24, in each update; likewise the next two."""
    HALF = "float16"
    BRAIN = "bfloat16"
    WRAPS = "int32"


COUNTER_LIMITS = {Counting.STOPS: 2**24, Counting.HALF: 2**11, Counting.BRAIN: 2**8}
"""The number at which a cell of floats stops, within one update."""


class Ratio(StrEnum):
    """The fraction that is computed from the areas."""

    IOU = "intersection over union"
    DICE = "twice the intersection over both areas"
    RECALL = "correct pixels over true pixels"
    PRECISION = "correct pixels over predicted pixels"
    GENERALISED_DICE = "Dice with classes weighted by one over their squared area"


@record(kw_only=True)
class Choices:
    """The decisions in which implementations differ."""

    floats: Floats
    sigmoid: Sigmoid = Sigmoid.NEVER
    threshold_is_foreground: bool = True
    """Whether a score equal to the threshold is foreground."""
    needs_integers: bool = False
    """Whether label maps must have an integer dtype."""
    takes_short_types: bool = True
    """Whether it takes label maps of float16 and int8."""
    takes_fractional_masks: bool = True
    """Whether it takes masks that hold fractions."""
    checks_ignored_predictions: bool = False
    """Whether it also refuses a prediction outside the classes where the pixel is ignored."""
    ignores_in_mask_dtype: bool = False
    """Whether the ignore label is cast to the masks' dtype: 255 is -1 in int8, as in torch."""
    stray_truth: Stray
    stray_prediction: Stray
    wrap: Wrap = Wrap.TRUTH_MAJOR
    byte_cells: bool = False
    """Whether cells are numbered in uint8 if both arrays are uint8."""
    byte_rows: bool = False
    """Whether the first cell of each true class is numbered in uint8 if the masks are uint8."""
    counts_distinct_labels: bool = False
    """Whether it raises if an integer array holds more distinct labels than there are classes."""
    ignored: Ignored
    absent: Absent
    group: Group = Group.DATA_SET
    average: Average = Average.CLASSES
    averages_batches: bool = False
    """Whether the value is the mean of the values of the batches."""
    ratio: Ratio = Ratio.IOU
    counting: Counting = Counting.EXACT
    background: bool = True
    """Whether class 0 is in the mean."""
    smooth: float = 0.0
    """Added to numerator and denominator."""
    epsilon: float = 0.0
    """Added to the denominator, and to the number of classes by which a mean is divided."""
    empty: float | None = None
    """The value where there is no ratio at all; `None` for NaN."""
    single_precision: bool = True
    """Whether it divides in float32, not float64."""
    target_class_ids: tuple[int, ...] | None = None
    """The classes in the mean; `None` for all."""
    sharding: Sharding | None = None
    """How samples are dealt to several processes; `None` for one process."""


@record(kw_only=True)
class Contract:
    """One implementation in one range of versions, called in one way."""

    name: str
    """For instance `torchmetrics.JaccardIndex[macro]`, with the arguments that are not defaults."""
    library: str
    versions: str
    pairing: Pairing | None = None
    """How it reads both arrays if it flattens them as they are stored; `None`: see `takes`."""
    num_classes: int | None = None
    """The number of classes if the implementation fixes it."""
    error: str = "ValueError: label {label} of the {side} is outside 0..{last}"
    """The error for a label that it does not accept."""
    error_below: str = ""
    """The error for a label below 0; the same as `error` if empty."""
    refusal: str = "ValueError: predictions of {dtype} are not class ids"
    """The error for scores if it takes class ids only."""
    sizes: str = "InvalidArgumentError: Incompatible shapes: [{true}] vs. [{pred}]"
    """The error for arrays that flatten to different lengths, if it flattens them."""
    instead: str = ""
    """What works instead if it raises, in words."""
    one_channel_call: str = ""
    """The call for one channel of scores, if it differs from `call`."""
    call: str
    """The call in a user's code, with the fields `{num_classes}` and `{ignore_index}`."""
    choices: Choices
    of_channels: Choices | None = None
    """What it decides for channels that overlap, each of which it then scores on its own; `None`
    if these choices are the same, or if it cannot score such channels."""
    takes: InputSpec = InputSpec()
    """The arrays that it accepts, unless `pairing` flattens them."""
    short: str = ""
    """The name that people use for it; `name` if empty."""
    binary: bool = False
    """Whether it is for two classes only."""
    only_binary: str = ""
    """Why it is not evaluated for more than two classes; empty if it is."""
    common: bool = False
    """Whether the short table shows it."""

"""A contract: what one implementation computes, as a record of named choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.record import record


class Floats(StrEnum):
    """What becomes of predictions that are no class ids."""

    TRUNCATED = "cast to integers, toward zero"
    READ = "argmaxed, or cut at the threshold"
    THRESHOLDED = "cut at the threshold"
    ALL_FOREGROUND = "argmaxed (one channel is foreground everywhere)"
    COMPARED = "compared with the label as they are"
    EXACT = "of a class only where they equal its id"
    SOFT = "summed as they are"
    SQUARED = "squared for the areas, as they are for the intersection"
    ABOVE = "foreground above the threshold"
    NON_ZERO = "foreground where they are not 0"
    REFUSED = "refused, but for whole numbers; of channels the argmax is given"
    SCORES_REFUSED = "refused, channels of scores too"


class Sigmoid(StrEnum):
    """Where scores outside [0, 1] are taken for logits."""

    NEVER = "never"
    BY_UPDATE = "by each update that holds a score outside [0, 1]"


class Stray(StrEnum):
    """What becomes of a pixel with a label outside the classes."""

    DROPPED = "dropped"
    OTHER_SIDE = "counted for the class on the other side"
    RAISES = "raises"
    WRAPS = "counted in a wrong cell"
    OWN_CLASS = "a class of its own"
    NOT_1 = "background, if there are no more than two labels and 1 is one of two"


class Wrap(StrEnum):
    """How a script numbers the cells of its matrix."""

    TRUTH_MAJOR = "C * truth + prediction"
    PREDICTION_MAJOR = "C * prediction + truth"
    WITH_VOID = "(C + 1) * prediction + truth"


class Ignored(StrEnum):
    """What becomes of the ignore label."""

    NO_OPTION = "there is no ignore label"
    CLASS_STAYS = "pixels of that truth leave, its class stays in the mean"
    CLASS_LEAVES = "pixels of that truth leave, and its class leaves the mean"
    OUTSIDE_ONLY = "pixels of that truth leave (it must lie outside the classes)"
    BELOW_0_TOO = "pixels of that truth leave, and so do those below 0"
    IS_255 = "pixels whose truth is 255 leave, whatever was declared"
    INSIDE_ONLY = "pixels of that truth leave (it must be a class)"
    CLASS_CLEARED = "its pixels stay, its class is cleared on both sides"
    MEAN_ONLY = "its pixels stay, its class leaves the mean"
    MEAN_ONLY_INSIDE = "its pixels stay, its class leaves the mean; it must be a class"


class Absent(StrEnum):
    """What the ratio of a class without a pixel is."""

    SKIPPED = "left out where it is in neither array"
    SKIPPED_UNLABELLED = "left out where it is not in the masks"
    SKIPPED_MISSED = "left out where no pixel of it is right"
    ZERO = "0"
    ONE = "1"
    NAN = "NaN, and so is the mean"


class Group(StrEnum):
    """Over which pixels one ratio is formed."""

    DATA_SET = "the data set"
    IMAGE = "each image"
    BATCH = "each batch"


class Average(StrEnum):
    """How ratios become one number."""

    CLASSES = "the mean over classes"
    PAIRS = "the mean over all pairs of image and class"
    CLASS_MEANS = "the mean over classes of each class's mean over images"
    LABELLED = "a class that is absent: left out where it is not in the masks"
    POOLED = "classes pooled before the division"
    WEIGHTED = "classes weighted by their true pixels"
    FOREGROUND = "class 1 alone"
    PER_CLASS = "one number for each class"
    ACCURACY = "right pixels over all pixels"


class Counting(StrEnum):
    """How pixels are counted."""

    EXACT = "int64"
    STOPS = "float32"
    """Ones added to a cell one by one stop at 2**24, in each update."""
    WRAPS = "int32"


class Ratio(StrEnum):
    """What is divided by what."""

    IOU = "intersection over union"
    DICE = "twice the intersection over both areas"
    RECALL = "right pixels over true ones"
    PRECISION = "right pixels over predicted ones"
    GENERALISED_DICE = "Dice with classes weighted by one over their squared area"


class PixelContent(StrEnum):
    """What an array must hold for a pixel."""

    IDS = "a class id"
    ONE_HOT = "0 or 1 for each class"
    SCORES = "a score for each class"
    EITHER = "a class id, or a score for each class"


class Mismatch(StrEnum):
    """How arrays differ from what an implementation takes."""

    MASK_CHANNELS = "masks with a class axis"
    PREDICTION_CHANNELS = "predictions with a class axis"
    MASK_IDS = "masks without a class axis"
    PREDICTION_IDS = "predictions without a class axis"
    AXIS = "classes on another axis"
    INTEGERS = "integers with a class axis"
    SHAPES = "arrays of different shapes"
    SIZES = "arrays of as many axes of different lengths"


class Flattens(StrEnum):
    """Whether an implementation counts value by value what it should not have been given."""

    NEVER = "never"
    ALIKE = "arrays of the same shape"
    ALWAYS = "arrays of the same length"


@record(kw_only=True)
class InputSpec:
    """The arrays that an implementation takes, and what it says to others."""

    masks: PixelContent = PixelContent.IDS
    predictions: PixelContent = PixelContent.IDS
    axis: int = 1
    """Where it looks for the classes, counted with a sample axis at 0."""
    any_axis: bool = False
    """Whether the classes may be on any axis."""
    floats: bool = False
    """Whether scores must be of a floating dtype."""
    one_channel: bool = False
    """Whether one channel on that axis, on both sides, stands for two classes."""
    strict: bool = False
    """Whether an axis of size 1 that one side lacks makes it raise."""
    dtype_first: bool = False
    """Whether it refuses scores before it compares shapes."""
    flattens: Flattens = Flattens.NEVER
    errors: Mapping[Mismatch, str] = field(default_factory=dict, hash=False)
    """`ExceptionType: message`; a misfit without one is taken in silence."""


@record(kw_only=True)
class Choices:
    """What an implementation decides where others decide otherwise."""

    floats: Floats
    sigmoid: Sigmoid = Sigmoid.NEVER
    at_threshold: bool = True
    """Whether a score equal to the threshold is foreground."""
    integers: bool = False
    """Whether label maps must have an integer dtype."""
    half: bool = True
    """Whether float16 is taken."""
    stray_truth: Stray
    stray_prediction: Stray
    wrap: Wrap = Wrap.TRUTH_MAJOR
    byte_cells: bool = False
    """Whether the number of a cell is worked out in uint8 where both arrays are uint8."""
    distinct: bool = False
    """Whether it raises where integer arrays hold more distinct values than there are classes."""
    ignored: Ignored
    absent: Absent
    group: Group = Group.DATA_SET
    average: Average = Average.CLASSES
    batches: bool = False
    """Whether the value is a mean of the values of batches."""
    ratio: Ratio = Ratio.IOU
    counting: Counting = Counting.EXACT
    background: bool = True
    """Whether class 0 is in the mean."""
    smooth: float = 0.0
    """Added to both sides of the fraction."""
    epsilon: float = 0.0
    """Added to the denominator, and to the number of classes where that divides."""
    empty: float | None = None
    """The value where nothing can be divided; `None` for NaN."""
    single: bool = True
    """Whether it divides in float32, not float64."""
    target_class_ids: tuple[int, ...] | None = None
    """The classes in the mean; `None` for all."""


@record(kw_only=True)
class Contract:
    """One implementation in one version range, called in one way."""

    name: str
    """`torchmetrics.JaccardIndex[macro]`: the library's, and what differs from its defaults."""
    library: str
    versions: str
    pairing: Pairing | None = None
    """How it reads both arrays, flattened as they are stored; `None`: see `MetricInputs`."""
    num_classes: int | None = None
    """The number of classes where the implementation fixes it."""
    error: str = "ValueError: label {label} of the {side} is outside 0..{last}"
    """What it says to a label that it does not take."""
    error_below: str = ""
    """The same for a label below 0, where that is another error."""
    refusal: str = "ValueError: predictions of {dtype} are no class ids"
    """What it says to scores where it wants class ids."""
    sizes: str = "InvalidArgumentError: Incompatible shapes: [{true}] vs. [{pred}]"
    """What it says to arrays that flatten to different lengths, where it flattens them."""
    instead: str = ""
    """What works where it raises, in words."""
    one_channel_call: str = ""
    """The call for one channel of scores, where it is another one."""
    call: str
    """As it stands in code; `{num_classes}` and `{ignore_index}` are filled in."""
    choices: Choices
    takes: InputSpec = InputSpec()
    """The arrays as it wants them, where it does not flatten them by `pairing`."""
    short: str = ""
    """What people call it; the name where empty."""
    binary: bool = False
    """Whether it is about two classes only."""
    common: bool = False
    """Whether the short table shows it."""

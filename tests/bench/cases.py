"""The rows of the benchmark."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from bench import jobs
from bench.data import Form
from bench.jobs import KERNELS, Jobs, Sizes


class Measure(Enum):
    """What is compared between runs."""

    PROCESS = "seconds of the whole process"
    PIXEL = "marginal nanoseconds a pixel"
    MEMORY = "most MB of anonymous memory"


class Part(Enum):
    """A table of the documentation, with its heading."""

    START = "Start-up"
    WHOLE = "Whole processes"
    PIXELS = "The cost of a pixel, on one thread"
    AVX2 = "With the kernels for AVX2, on one thread"
    FALLBACK = "Without the compiled kernels, on one thread"
    THREADS = "Two threads"
    LEDGER = "The ledger, on one thread"
    MEMORY = "Memory"


@dataclass(frozen=True)
class Case:
    """A row of a table."""

    name: str
    title: str
    part: Part
    measure: Measure
    jobs: Jobs
    patience: int = 1
    """How many times as often as usual everything runs, to find small differences."""

    @property
    def always_wall(self) -> bool:
        """Whether to compare wall time in any case: processor time says nothing about threads."""
        return self.part in (Part.WHOLE, Part.THREADS)


LABELS = Form(images=512, side=512, classes=21, dtype="uint8")
"""512 images, the number that iou-doctor samples: more images would add no sampling cost."""
SCORES = Form(images=15, side=512, classes=21, dtype="float32", dense=True)
NINETEEN = replace(LABELS, classes=19, side=256)
"""Small images: the public implementation of the kinds takes 20 s for one of 512 x 512."""
WIDE = replace(LABELS, dtype="int64")
GZIP = replace(LABELS, ending="h5")
ZARR = replace(LABELS, ending="zarr")
TILES = replace(LABELS, ending="tif")
THREE = replace(SCORES, classes=3)
HALVES = replace(SCORES, dtype="float16")
FIRST = replace(SCORES, first=True)
TINY = Form(images=4, side=64, classes=3, dtype="uint8")

MEGAPIXELS = {10: 38, 40: 153, 400: 1526, 4000: 15_259}
"""Images of labels for each number of megapixels."""
GIBIBYTES = {0.1: 5, 0.3: 15, 1: 49, 4: 195}
"""Images of scores for each size of the file."""
ONE_GIBIBYTE = replace(SCORES, images=GIBIBYTES[1])
GROWING_SCORES = {
    f"{size} GiB": replace(SCORES, images=images) for size, images in GIBIBYTES.items()
}
GROWING_LABELS = {
    f"{size:g} GiB": replace(LABELS, side=1024, images=round(1024 * size))
    for size in (0.25, 1, 4, 16)
}
MORE_IMAGES = {
    f"{images} images": replace(LABELS, side=16, images=images)
    for images in (25_000, 100_000, 400_000)
}

OF_BYTES = Sizes(quick=(1526, 15_259), usual=(153, 1526), slow=(153, 512))
OF_LABELS = Sizes(quick=(512, 1536), usual=(512, 1536), slow=(64, 512))
OF_SCORES = Sizes(quick=(15, 195), usual=(15, 195), slow=(15, 195))
OF_HALVES = Sizes(quick=(28, 224), usual=(28, 224), slow=(28, 224))
OF_THREE = Sizes(quick=(96, 768), usual=(96, 768), slow=(96, 384))
OF_KINDS = Sizes(quick=(3, 320), usual=(1, 3), slow=(1, 3))
OF_FALLBACK = Sizes(quick=(512, 1526), usual=(512, 1526), slow=(512, 1526))

BESIDE_LABELS = (
    *("keras", "torchmetrics", "torchmetrics validated"),
    *("scikit-learn", "histc", "bincount", "read"),
)
BESIDE_SCORES = ("keras", "torchmetrics", "histc", "argmax + bincount", "read")
BESIDE_GZIP = ("keras", "plain read loop")
BESIDE_LIBRARY = ("plain read loop",)
BESIDE_FALLBACK = {False: ("bincount", KERNELS), True: ("argmax + bincount", KERNELS)}
"""For labels and for scores."""
BESIDE_AVX2 = {dense: ("keras", *names) for dense, names in BESIDE_FALLBACK.items()}


def _whole(form: Form, number: float, images: int) -> Case:
    name, title = f"labels-{number}", f"uint8 labels, {number:,} Mpx"
    if form.dense:
        name, title = f"scores-{number}", f"float32 softmax, {number} GiB"
    jobs_of = jobs.compare_script(replace(form, images=images))
    return Case(name, title, Part.WHOLE, Measure.PROCESS, jobs_of)


def _pixels(name: str, title: str, form: Form, sizes: Sizes, beside: tuple[str, ...] = ()) -> Case:
    beside = beside or (BESIDE_SCORES if form.dense else BESIDE_LABELS)
    jobs_of = jobs.compare_pixels(form, sizes, beside)
    return Case(name, title, Part.PIXELS, Measure.PIXEL, jobs_of)


def _fallback(name: str, title: str, form: Form, sizes: Sizes) -> Case:
    jobs_of = jobs.compare_pixels(form, sizes, BESIDE_FALLBACK[form.dense], jobs.FALLBACK)
    return Case(name, title, Part.FALLBACK, Measure.PIXEL, jobs_of)


def _avx2(name: str, title: str, form: Form, sizes: Sizes) -> Case:
    jobs_of = jobs.compare_variants(form, sizes, BESIDE_AVX2[form.dense], "avx2")
    return Case(name, title, Part.AVX2, Measure.PIXEL, jobs_of)


def _threads(name: str, title: str, form: Form, sizes: Sizes) -> Case:
    return Case(name, title, Part.THREADS, Measure.PIXEL, jobs.compare_threads(form, sizes))


def _start(name: str, title: str, jobs_of: Jobs) -> Case:
    return Case(name, title, Part.START, Measure.PROCESS, jobs_of)


def _shapes(name: str, title: str, images: int, side: int) -> Case:
    form = replace(LABELS, images=images, side=side)
    return Case(name, title, Part.WHOLE, Measure.PROCESS, jobs.compare_shapes(form))


def _memory(name: str, title: str, forms: dict[str, Form], *, holes: bool = False) -> Case:
    jobs_of = jobs.watch_memory(forms, holes=holes)
    return Case(name, title, Part.MEMORY, Measure.MEMORY, jobs_of)


START_ROWS = (_start("tiny", "4 images of 64 × 64, 3 classes", jobs.compare_start(TINY)),)
LABEL_ROWS = (
    *(_whole(LABELS, number, images) for number, images in MEGAPIXELS.items()),
    _pixels("uint8", "uint8 labels, 21 classes", LABELS, OF_BYTES),
    _avx2("avx2-uint8", "uint8 labels, 21 classes", LABELS, OF_BYTES),
    _fallback("numpy-uint8", "uint8 labels, 21 classes", LABELS, OF_FALLBACK),
    _threads("threads", "uint8 labels, 21 classes", LABELS, OF_BYTES),
)
SCORE_ROWS = (
    *(_whole(SCORES, number, images) for number, images in GIBIBYTES.items()),
    _start("first-run", "first run, 1 GiB of softmax", jobs.compare_first_run(ONE_GIBIBYTE)),
    _pixels("float32", "float32 softmax, 21 classes", SCORES, OF_SCORES),
    _avx2("avx2-float32", "float32 softmax, 21 classes", SCORES, OF_SCORES),
    _fallback("numpy-float32", "float32 softmax, 21 classes", SCORES, OF_SCORES),
    _threads("threads-scores", "float32 softmax, 21 classes", SCORES, OF_SCORES),
    _memory("memory-scores", "softmax of 0.1, 0.3, 1 and 4 GiB", GROWING_SCORES),
)
LEDGER_ROWS = (
    Case(
        "ledger",
        "uint8 labels, 21 classes: pairs, classes and images",
        Part.LEDGER,
        Measure.PIXEL,
        jobs.compare_ledgers(LABELS, OF_BYTES),
        patience=4,
    ),
    Case(
        "kinds",
        "uint8 labels, 19 classes: kinds of errors too (`--ledger full`)",
        Part.LEDGER,
        Measure.PIXEL,
        jobs.compare_kinds(NINETEEN, OF_KINDS),
    ),
)
WIDE_ROWS = (_pixels("int64", "int64 labels, 21 classes", WIDE, OF_LABELS),)
THREE_ROWS = (_pixels("float32-3", "float32 softmax, 3 classes", THREE, OF_THREE),)
HALF_ROWS = (
    _pixels("float16", "float16 softmax, 21 classes", HALVES, OF_HALVES),
    _avx2("avx2-float16", "float16 softmax, 21 classes", HALVES, OF_HALVES),
    _fallback("numpy-float16", "float16 softmax, 21 classes", HALVES, OF_HALVES),
)
FIRST_ROWS = (
    _pixels("channels-first", "float32 softmax, channels first, 21 classes", FIRST, OF_SCORES),
)
GZIP_ROWS = (_pixels("gzip", "uint8 labels in gzip HDF5", GZIP, OF_LABELS, BESIDE_GZIP),)
ZARR_ROWS = (_pixels("zarr", "uint8 labels in Zarr", ZARR, OF_LABELS, BESIDE_LIBRARY),)
TILE_ROWS = (
    _pixels("tiff", "uint8 labels in a tiled TIFF, deflated", TILES, OF_LABELS, BESIDE_LIBRARY),
)
SHAPE_ROWS = (
    _shapes("many", "100 000 images of 16 × 16", 100_000, 16),
    _shapes("huge", "one image of 20 000 × 20 000", 1, 20_000),
)
MEMORY_ROWS = (
    _memory("memory", "labels of 0.25, 1, 4 and 16 GiB", GROWING_LABELS, holes=True),
    _memory("memory-many", "25 000, 100 000 and 400 000 images of 16 × 16", MORE_IMAGES),
)
GROUPS = (
    *(
        START_ROWS,
        LABEL_ROWS,
        LEDGER_ROWS,
        WIDE_ROWS,
        SCORE_ROWS,
        THREE_ROWS,
        HALF_ROWS,
        FIRST_ROWS,
    ),
    *(GZIP_ROWS, ZARR_ROWS, TILE_ROWS, SHAPE_ROWS, MEMORY_ROWS),
)
"""The rows that share files. The files of a group are deleted before the next group runs."""
CASES = tuple(case for group in GROUPS for case in group)

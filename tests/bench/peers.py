"""Other ways to compute a mean IoU, each written as briefly as its users write it.

`python -m bench.peers NAME MASKS PREDICTIONS CLASSES CLASS_AXIS` prints the mean IoU. All of them
read mapped files in batches, which takes less memory than whole arrays and is not slower.
torchmetrics gets batches of eight images, as in a training.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Batches = Iterator[tuple[Array, Array]]
BATCH_PIXELS = 1 << 20
BATCH_IMAGES = 8
"""Images in a batch of torchmetrics."""


def keras(batches: Batches, classes: int, axis: int | None) -> float:
    """Keras 3 on TensorFlow."""
    import keras

    metric = keras.metrics.MeanIoU(num_classes=classes, sparse_y_pred=axis is None)
    for true, pred in batches:
        metric.update_state(true, pred if axis is None else np.moveaxis(pred, axis, -1))
    return float(metric.result())


def torchmetrics(
    batches: Batches, classes: int, axis: int | None, *, validate: bool = False
) -> float:
    """`MulticlassJaccardIndex` without validation of its arguments."""
    import torch
    from torchmetrics.classification import MulticlassJaccardIndex

    metric = MulticlassJaccardIndex(num_classes=classes, validate_args=validate)
    for true, pred in batches:
        scores = torch.from_numpy(pred if axis is None else np.moveaxis(pred, axis, 1))
        metric.update(scores, torch.from_numpy(true))
    return float(metric.compute())


def torchmetrics_validated(batches: Batches, classes: int, axis: int | None) -> float:
    """`MulticlassJaccardIndex` with its default arguments."""
    return torchmetrics(batches, classes, axis, validate=True)


def sklearn(batches: Batches, classes: int, axis: int | None) -> float:
    """`confusion_matrix` of each batch, added up."""
    from sklearn.metrics import confusion_matrix

    confusion = np.zeros((classes, classes), np.int64)
    for true, pred in batches:
        labels = pred if axis is None else pred.argmax(axis)
        confusion += confusion_matrix(true.ravel(), labels.ravel(), labels=np.arange(classes))
    return _mean_iou(confusion)


def bincount(batches: Batches, classes: int, axis: int | None) -> float:
    """The idiom of many repositories: `bincount(classes * true + pred)`."""
    confusion = np.zeros(classes**2, np.int64)
    for true, pred in batches:
        labels = pred if axis is None else pred.argmax(axis)
        index = classes * true.ravel().astype(np.int64) + labels.ravel()
        confusion += np.bincount(index, minlength=classes**2)
    return _mean_iou(confusion.reshape(classes, classes))


def histc(batches: Batches, classes: int, axis: int | None) -> float:
    """The idiom of mmsegmentation: three `torch.histc` of each batch."""
    import torch

    counts = torch.zeros((3, classes), dtype=torch.float64)
    for true, pred in batches:
        scores = torch.from_numpy(pred)
        label, labels = torch.from_numpy(true), scores if axis is None else scores.argmax(axis)
        for row, values in zip(counts, (labels[labels == label], labels, label), strict=True):
            row += torch.histc(values.float(), bins=classes, min=0, max=classes - 1)
    both, predicted, truth = counts
    return float((both / (predicted + truth - both)).mean())


def read(batches: Batches, classes: int, axis: int | None) -> float:
    """The floor: one pass that adds up the mapped bytes, eight at a time."""
    del classes, axis
    for arrays in batches:
        for array in arrays:
            stored = array.reshape(-1).view(np.uint8)
            stored[: len(stored) // 8 * 8].view(np.uint64).sum()
    return float("nan")


PEERS: dict[str, tuple[str | None, Callable[[Batches, int, int | None], float]]] = {
    "keras": ("keras", keras),
    "torchmetrics": ("torchmetrics", torchmetrics),
    "torchmetrics validated": ("torchmetrics", torchmetrics_validated),
    "scikit-learn": ("sklearn", sklearn),
    "bincount": (None, bincount),
    "argmax + bincount": (None, bincount),
    "histc": ("torch", histc),
    "read": (None, read),
    "plain read loop": ("h5py", read),
}


def installed() -> list[str]:
    """Return the names of the peers that can run here."""
    return [name for name, (module, _) in PEERS.items() if module is None or find_spec(module)]


def _mean_iou(confusion: NDArray[np.int64]) -> float:
    both = confusion.diagonal()
    return float((both / (confusion.sum(0) + confusion.sum(1) - both)).mean())


def _open(path: str) -> Any:
    if path.endswith(".h5"):
        import h5py

        return h5py.File(path)["labels"]
    if path.endswith(".zarr"):
        import zarr

        return zarr.open_array(path, mode="r")
    if path.endswith(".tif"):
        return _Pages(path)
    return np.load(path, mmap_mode="c")  # private pages, since torch wants them writable


class _Pages:
    """The pages of a TIFF as an array, of which tifffile unpacks those that are wanted."""

    def __init__(self, path: str) -> None:
        import tifffile

        self._file = tifffile.TiffFile(path)
        self.shape = self._file.series[0].shape

    def __getitem__(self, part: slice) -> Array:
        pages = range(*part.indices(self.shape[0]))
        return np.asarray(self._file.asarray(key=pages, maxworkers=1)).reshape(-1, *self.shape[1:])


def _batches(name: str, true: Any, pred: Any) -> Batches:
    step = max(1, BATCH_PIXELS // (true.shape[1] * true.shape[2]))
    if name.startswith("torchmetrics"):
        step = BATCH_IMAGES
    for start in range(0, true.shape[0], step):
        yield true[start : start + step], pred[start : start + step]


def main() -> None:
    """Print the mean IoU that one peer computes."""
    name, true, pred, classes, axis = sys.argv[1:]
    where = None if axis == "none" else int(axis)
    mean = PEERS[name][1](_batches(name, _open(true), _open(pred)), int(classes), where)
    sys.stdout.write(f"{mean}\n")


if __name__ == "__main__":
    main()

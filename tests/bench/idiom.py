"""The script that people write: `python idiom.py MASKS PREDICTIONS CLASSES` prints the mean IoU.

It imports NumPy alone and reads mapped files image by image. Predictions are labels, or scores with
the classes on the last axis.
"""

import sys

import numpy as np

masks, predictions = (np.load(path, mmap_mode="r") for path in sys.argv[1:3])
classes = int(sys.argv[3])
confusion = np.zeros(classes**2, np.int64)
for true, pred in zip(masks, predictions, strict=True):
    labels = pred.argmax(-1) if pred.ndim == 3 else pred
    index = classes * true.ravel().astype(np.int64) + labels.ravel()
    confusion += np.bincount(index, minlength=classes**2)
confusion = confusion.reshape(classes, classes)
both = confusion.diagonal()
print((both / (confusion.sum(0) + confusion.sum(1) - both)).mean())  # noqa: T201
